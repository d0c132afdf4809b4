/* SPDX-License-Identifier: MIT */
/* NEON operations that SIMDe 0.7 lacks or rounds twice (its fma, where the compiler has
 * none), by lanes.  Tests only. */
#ifndef KERNEL_ARM_NEON_SIMDE_H
#define KERNEL_ARM_NEON_SIMDE_H

#include <math.h>
#include <string.h>

#include "base/half.h"

#undef vfmaq_f32
#undef vfmsq_f32
#undef vcvt_f32_f16
#undef vreinterpret_f16_u16
#define vfmaq_f32(c, a, b) more_fma(c, a, b, 1)
#define vfmsq_f32(c, a, b) more_fma(c, a, b, -1)
#define float16x4_t uint16x4_t
#define vreinterpret_f16_u16(a) (a)
#define vcvt_f32_f16 more_cvt_f32_f16
#define vdivq_f32(a, b) ((a) / (b))

static inline __attribute__((unused)) float32x4_t more_fma(float32x4_t c, float32x4_t a, float32x4_t b, float sign)
{
	float v[3][4];
	memcpy(v[0], &c, sizeof c);
	memcpy(v[1], &a, sizeof a);
	memcpy(v[2], &b, sizeof b);
	for (int i = 0; i < 4; i++)
		v[0][i] = fmaf(sign * v[1][i], v[2][i], v[0][i]);
	memcpy(&c, v[0], sizeof c);
	return c;
}

static inline __attribute__((unused)) float32x4_t more_cvt_f32_f16(uint16x4_t a)
{
	uint16_t h[4];
	float f[4];
	float32x4_t r;
	memcpy(h, &a, sizeof h);
	for (int i = 0; i < 4; i++)
		f[i] = seqp_f16_f32(h[i]);
	memcpy(&r, f, sizeof r);
	return r;
}

#endif
