/* SPDX-License-Identifier: MIT */
/* IEEE binary16 and bfloat16 <-> binary32, round to nearest even; NaN stays
 * NaN.  Plain integer arithmetic: the same bits on every machine. */
#ifndef BASE_HALF_H
#define BASE_HALF_H

#include <stdint.h>
#include <string.h>

static inline uint32_t seqp_f32_bits(float f)
{
	uint32_t u;
	memcpy(&u, &f, 4);
	return u;
}

static inline float seqp_bits_f32(uint32_t u)
{
	float f;
	memcpy(&f, &u, 4);
	return f;
}

static inline float seqp_f16_f32(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16;
	uint32_t exp = (h >> 10) & 31, man = h & 0x3ff;
	if (exp == 31)
		return seqp_bits_f32(sign | 0x7f800000u | (man ? 0x400000u : 0) | man << 13);
	if (exp)
		return seqp_bits_f32(sign | (exp + 112) << 23 | man << 13);
	float f = (float)man * 0x1p-24f;
	return sign ? -f : f;
}

static inline uint16_t seqp_f32_f16(float f)
{
	uint32_t u = seqp_f32_bits(f), sign = (u >> 16) & 0x8000;
	u &= 0x7fffffffu;
	if (u >= 0x7f800000u)
		return (uint16_t)(sign | 0x7c00 | (u > 0x7f800000u ? 0x200 | ((u >> 13) & 0x3ff) : 0));
	if (u >= 0x477ff000u) /* rounds to 65536 or more */
		return (uint16_t)(sign | 0x7c00);
	if (u < 0x38800000u) { /* subnormal or zero: let the adder round */
		float r = seqp_bits_f32(u) + 0.5f;
		return (uint16_t)(sign | (seqp_f32_bits(r) - 0x3f000000u));
	}
	u += 0xfffu + ((u >> 13) & 1);
	return (uint16_t)(sign | ((u - 0x38000000u) >> 13));
}

static inline float seqp_bf16_f32(uint16_t h)
{
	return seqp_bits_f32((uint32_t)h << 16);
}

static inline uint16_t seqp_f32_bf16(float f)
{
	uint32_t u = seqp_f32_bits(f);
	if ((u & 0x7fffffffu) > 0x7f800000u)
		return (uint16_t)(u >> 16 | 0x40);
	return (uint16_t)((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}

#endif
