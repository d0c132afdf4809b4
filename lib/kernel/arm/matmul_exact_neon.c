/* SPDX-License-Identifier: MIT */
/* F32, F16, BF16 weights, and any type dequantised, NEON: 8 rows x 12 activations are
 * twenty-four registers. */
#include "kernel/arm/neon_levels.h"
#include "kernel/arm/wide_neon.h"

#define F_ACTS 12
enum { TACTS = F_ACTS };

#include "kernel/x86/tile_f32.h"

SEQK_INLINE uint8_t *f_group(int as, uint8_t *panel, size_t g)
{
	(void)as;
	return panel + g * GROUP * PANEL * 4;
}

SEQK_INLINE vflt f_column(int as, const uint8_t *group, size_t c, int h)
{
	(void)as;
	return v_get((const float *)(const void *)group + c * PANEL + (size_t)(h * ROWS));
}

SEQK_INLINE void f_keep(int as, uint8_t *group, int c, int h, vflt v)
{
	(void)as;
	v_put((float *)(void *)group + c * PANEL + h * ROWS, v);
}

/* Four columns of a row, widened. */
SEQK_INLINE vint f_four(int as, const uint8_t *w)
{
	uint16x4_t a = vreinterpret_u16_u8(vld1_u8(w));
	if (as == AS_BF16)
		return vshlq_n_u32(vmovl_u16(a), 16);
	return vreinterpretq_u32_f32(vcvt_f32_f16(vreinterpret_f16_u16(a)));
}

SEQK_INLINE void f_turn16(int as, const uint8_t *w, size_t stride, uint8_t *group, int h)
{
	UNROLL
	for (int c = 0; c < BLOCK; c += 4, w += 8) {
		vint v[4];
		v_turn(v, f_four(as, w), f_four(as, w + stride), f_four(as, w + 2 * stride), f_four(as, w + 3 * stride));
		UNROLL
		for (int i = 0; i < 4; i++)
			f_keep(as, group, c + i, h, v_bits(v[i]));
	}
}

void seqk_matmul_exact_neon(seqk_matmul_table *t)
{
	fill_exact(t);
}
