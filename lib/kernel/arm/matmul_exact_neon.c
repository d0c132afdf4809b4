/* SPDX-License-Identifier: MIT */
/* F32, F16, BF16 weights, and any type dequantised, NEON: 2 rows x 3 activations x
 * 16 lanes are twenty-four registers. */
#include "kernel/arm/neon_levels.h"
#include "kernel/arm/wide_neon.h"

enum { TROWS = 2, TACTS = 3, WORDS = 4 };

#include "kernel/x86/tile_f32.h"

/* Lanes (i, i + 8), then (i, i + 4). */
SEQK_INLINE vflt f_fold(const vflt a[4])
{
	return vaddq_f32(vaddq_f32(a[0], a[2]), vaddq_f32(a[1], a[3]));
}

SEQK_INLINE float f_tree(const vflt acc[WORDS])
{
	vflt a = f_fold(acc);
	float32x2_t h = vadd_f32(vget_low_f32(a), vget_high_f32(a));
	return vget_lane_f32(h, 0) + vget_lane_f32(h, 1);
}

SEQK_INLINE void f_trees(const vflt *acc, int n, float *out)
{
	UNROLL
	for (int o = 0; o < n; o++)
		out[o] = f_tree(acc + 4 * o);
}

SEQK_INLINE vflt f_from_f16(const uint8_t *w)
{
	return vcvt_f32_f16(vreinterpret_f16_u16(vreinterpret_u16_u8(vld1_u8(w))));
}

SEQK_INLINE vflt f_from_bf16(const uint8_t *w)
{
	return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(vld1_u8(w)), 16));
}

void seqk_matmul_exact_neon(seqk_matmul_table *t)
{
	fill_exact(t);
}
