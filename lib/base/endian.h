/* SPDX-License-Identifier: MIT */
/* Little-endian loads and stores at any address. */
#ifndef BASE_ENDIAN_H
#define BASE_ENDIAN_H

#include <stdint.h>

static inline uint16_t seqp_get16(const void *p)
{
	const uint8_t *b = p;
	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t seqp_get32(const void *p)
{
	const uint8_t *b = p;
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t seqp_get64(const void *p)
{
	const uint8_t *b = p;
	return seqp_get32(b) | (uint64_t)seqp_get32(b + 4) << 32;
}

static inline void seqp_put16(void *p, uint16_t v)
{
	uint8_t *b = p;
	b[0] = (uint8_t)v;
	b[1] = (uint8_t)(v >> 8);
}

static inline void seqp_put32(void *p, uint32_t v)
{
	uint8_t *b = p;
	seqp_put16(b, (uint16_t)v);
	seqp_put16(b + 2, (uint16_t)(v >> 16));
}

static inline void seqp_put64(void *p, uint64_t v)
{
	uint8_t *b = p;
	seqp_put32(b, (uint32_t)v);
	seqp_put32(b + 4, (uint32_t)(v >> 32));
}

#endif
