/* SPDX-License-Identifier: MIT */
/* Lattice types: a few bits choose a row of a grid, others its signs.  Eight codes are made
 * at a time, as the bytes of a 64-bit number. */
#include "base/endian.h"
#include "base/half.h"
#include "kernel/quant.h"
#include "kernel/quant_grid.h"

static inline float half_at(const uint8_t *p)
{
	return seqp_f16_f32(seqp_get16(p));
}

/* Seven signs are stored; the eighth makes their number even. */
static inline unsigned signs7(unsigned s)
{
	s &= 127;
	return s | (unsigned)__builtin_parity(s) << 7;
}

#define EACH 0x0101010101010101u /* 1 in every byte */

/* Two bits a byte from 16. */
static inline uint64_t twos(uint64_t x)
{
	x = (x | x << 24) & 0x000000ff000000ffu;
	x = (x | x << 12) & 0x000f000f000f000fu;
	return (x | x << 6) & 3 * EACH;
}

/* The three lower bits of each nibble of 32. */
static inline uint64_t threes(uint64_t x)
{
	x = (x | x << 16) & 0x0000ffff0000ffffu;
	x = (x | x << 8) & 0x00ff00ff00ff00ffu;
	return (x | x << 4) & 7 * EACH;
}

/* v, its bytes positive, with the signs that are set. */
static inline void put_signed(uint64_t v, unsigned signs, int8_t *c)
{
	uint64_t bit = (signs & 255) * EACH & 0x8040201008040201u, one = (bit + 127 * EACH) >> 7 & EACH;
	seqp_put64((uint8_t *)c, (v ^ one * 255) + one);
}

/* 8, 25 or 43. */
static inline void eight(uint16_t row, unsigned signs, int8_t *c)
{
	uint64_t x = twos(row);
	put_signed(8 * EACH + 17 * (x & EACH) + 35 * (x >> 1 & EACH), signs, c);
}

void seqk_unpack_iq2_xxs(const uint8_t *b, int8_t *c, float *d, float *m)
{
	float dd = half_at(b);
	(void)m;
	for (int g = 0; g < 8; g++) {
		const uint8_t *q = b + 2 + 8 * g;
		uint32_t s = seqp_get32(q + 4);
		d[g] = dd * ((float)(s >> 28) + 0.5f) * 0.25f;
		for (int j = 0; j < 4; j++)
			eight(seqk_grid_iq2xxs[q[j]], signs7(s >> (7 * j)), c + 32 * g + 8 * j);
	}
}

void seqk_unpack_iq2_xs(const uint8_t *b, int8_t *c, float *d, float *m)
{
	float dd = half_at(b);
	(void)m;
	for (int g = 0; g < 16; g++)
		d[g] = dd * ((float)(b[66 + g / 2] >> (4 * (g & 1)) & 15) + 0.5f) * 0.25f;
	for (int j = 0; j < 32; j++) {
		unsigned q = seqp_get16(b + 2 + 2 * j);
		eight(seqk_grid_iq2xs[q & 511], signs7(q >> 9), c + 8 * j);
	}
}

void seqk_unpack_iq2_s(const uint8_t *b, int8_t *c, float *d, float *m)
{
	float dd = half_at(b);
	(void)m;
	for (int g = 0; g < 16; g++)
		d[g] = dd * ((float)(b[74 + g / 2] >> (4 * (g & 1)) & 15) + 0.5f) * 0.25f;
	for (int j = 0; j < 32; j++) {
		unsigned q = b[2 + j] | (b[66 + j / 4] >> (2 * (j & 3)) & 3u) << 8;
		eight(seqk_grid_iq2s[q], b[34 + j], c + 8 * j);
	}
}

void seqk_unpack_iq3_xxs(const uint8_t *b, int8_t *c, float *d, float *m)
{
	float dd = half_at(b);
	(void)m;
	for (int g = 0; g < 8; g++) {
		uint32_t s = seqp_get32(b + 66 + 4 * g);
		d[g] = dd * ((float)(s >> 28) + 0.5f) * 0.5f;
		for (int j = 0; j < 4; j++) {
			const uint8_t *q = b + 2 + 8 * g + 2 * j;
			uint64_t x = threes(seqk_grid_iq3xxs[q[0]] | (uint32_t)seqk_grid_iq3xxs[q[1]] << 16);
			uint64_t v = 8 * x + 4 * EACH + 2 * (x & x >> 1 & x >> 2 & EACH); /* 4, 12 ... 52, 62 */
			put_signed(v, signs7(s >> (7 * j)), c + 32 * g + 8 * j);
		}
	}
}

void seqk_unpack_iq3_s(const uint8_t *b, int8_t *c, float *d, float *m)
{
	float dd = half_at(b);
	(void)m;
	for (int g = 0; g < 8; g++)
		d[g] = dd * (float)(1 + 2 * (b[106 + g / 2] >> (4 * (g & 1)) & 15));
	for (int j = 0; j < 32; j++) {
		unsigned h = b[66 + j / 4] >> (2 * (j & 3)), q0 = b[2 + 2 * j] | (h & 1) << 8, q1 = b[3 + 2 * j] | (h & 2) << 7;
		uint64_t x = threes(seqk_grid_iq3s[q0] | (uint32_t)seqk_grid_iq3s[q1] << 16);
		put_signed(2 * x + EACH, b[74 + j], c + 8 * j);
	}
}

/* grid in {-1, 0, 1}, plus or minus an eighth: 8 grid +- 1. */
static inline void ternary(uint16_t row, int delta, int8_t *c)
{
	uint64_t low = (uint64_t)(128 - 8 + delta) * EACH; /* biased by 128: bytes do not carry */
	seqp_put64((uint8_t *)c, (8 * twos(row) + low) ^ 128 * EACH);
}

void seqk_unpack_iq1_s(const uint8_t *b, int8_t *c, float *d, float *m)
{
	float dd = half_at(b);
	(void)m;
	for (int g = 0; g < 8; g++) {
		unsigned h = seqp_get16(b + 34 + 2 * g);
		d[g] = dd * (float)(2 * (h >> 12 & 7) + 1) * 0.125f;
		for (int j = 0; j < 4; j++) {
			unsigned q = b[2 + 4 * g + j] | (h >> (3 * j) & 7) << 8;
			ternary(seqk_grid_iq1[q], h & 0x8000 ? -1 : 1, c + 32 * g + 8 * j);
		}
	}
}

void seqk_unpack_iq1_m(const uint8_t *b, int8_t *c, float *d, float *m)
{
	const uint8_t *sc = b + 48;
	unsigned f = 0;
	(void)m;
	for (int i = 0; i < 4; i++)
		f |= (unsigned)(seqp_get16(sc + 2 * i) >> 12) << (4 * i);
	float dd = seqp_f16_f32((uint16_t)f);
	for (int g = 0; g < 16; g++)
		d[g] = dd * (float)(2 * (seqp_get16(sc + 2 * (g / 4)) >> (3 * (g & 3)) & 7) + 1) * 0.125f;
	for (int j = 0; j < 32; j++) {
		unsigned h = b[32 + j / 2] >> (4 * (j & 1)) & 15u;
		ternary(seqk_grid_iq1[b[j] | (h & 7) << 8], h & 8 ? -1 : 1, c + 8 * j);
	}
}
