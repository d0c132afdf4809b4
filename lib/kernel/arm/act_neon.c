/* SPDX-License-Identifier: MIT */
/* Activations to 8 bits, and the table of the NEON level. */
#include "kernel/arm/neon_levels.h"
#include "kernel/arm/neon.h"

/* The bits of max |x| of 32; a NaN is above all. */
SEQK_INLINE uint32_t block_top(const float32x4_t x[8])
{
	uint32x4_t mask = vdupq_n_u32(0x7fffffff), t = vandq_u32(vreinterpretq_u32_f32(x[0]), mask);
	UNROLL
	for (int i = 1; i < 8; i++)
		t = vmaxq_u32(t, vandq_u32(vreinterpretq_u32_f32(x[i]), mask));
	return vmaxvq_u32(t);
}

/* To the nearest even integer, |v| small, in the low half. */
SEQK_INLINE int16x4_t codes(float32x4_t v)
{
	float32x4_t magic = vdupq_n_f32(0x1.8p23f), top = vdupq_n_f32(127), low = vdupq_n_f32(-127);
	v = vmaxq_f32(vminq_f32(v, top), low);
	return vmovn_s32(vcvtq_s32_f32(vsubq_f32(vaddq_f32(v, magic), magic)));
}

SEQK_INLINE void act_block(const float *p, int8_t *q, float *scale, float *sum)
{
	float32x4_t x[8];
	int16x4_t c[8];
	UNROLL
	for (int i = 0; i < 8; i++)
		x[i] = vld1q_f32(p + 4 * i);
	uint32_t top = block_top(x);
	float s;
	__builtin_memcpy(&s, &top, sizeof s);
	s /= 127;
	float32x4_t by = vdupq_n_f32(s);
	uint32x4_t use = vdupq_n_u32(s > 0 && top < 0x7f800000u ? ~0u : 0);
	UNROLL
	for (int i = 0; i < 8; i++)
		c[i] = codes(vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(vdivq_f32(x[i], by)), use)));
	UNROLL
	for (int i = 0; i < 2; i++) {
		int16x8_t a = vcombine_s16(c[4 * i], c[4 * i + 1]), b = vcombine_s16(c[4 * i + 2], c[4 * i + 3]);
		vst1q_s8(q + 16 * i, vcombine_s8(vmovn_s16(a), vmovn_s16(b)));
		sum[i] = (float)vaddlvq_s16(vaddq_s16(a, b));
	}
	*scale = s;
}

#include "kernel/act_body.h"

void seqk_matmul_fill_neon(seqk_matmul_table *t)
{
	t->act_row = act_row;
	seqk_matmul_q8_neon(t);
	seqk_matmul_exact_neon(t);
}
