/* SPDX-License-Identifier: MIT */
/* F32, F16, BF16 weights, and any type dequantised, AVX-512: 32 rows x 12 activations
 * are twenty-four registers. */
#include "kernel/x86/levels.h"
#include "kernel/x86/wide_avx512.h"

#define F_ACTS 12
enum { TACTS = F_ACTS };

#include "kernel/x86/tile_f32.h"
#include "kernel/x86/turn16.h"

/* Widened when they are turned: to widen at the load would take slots from fma. */
SEQK_INLINE uint8_t *f_group(int as, uint8_t *panel, size_t g)
{
	(void)as;
	return panel + g * GROUP * PANEL * 4;
}

SEQK_INLINE vflt f_column(int as, const uint8_t *group, size_t c, int h)
{
	(void)as;
	return v_get((const float *)(const void *)group + c * PANEL + h * ROWS);
}

SEQK_INLINE void f_keep(int as, uint8_t *group, int c, int h, vflt v)
{
	(void)as;
	v_put((float *)(void *)group + c * PANEL + h * ROWS, v);
}

SEQK_INLINE vflt f_half(int as, __m256i a)
{
	if (as == AS_F16)
		return _mm512_cvtph_ps(a);
	return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(a), 16));
}

SEQK_INLINE void f_keep16(int as, uint8_t *group, int c, int h, vint v)
{
	f_keep(as, group, c, h, f_half(as, _mm512_castsi512_si256(v)));
	f_keep(as, group, c + 8, h, f_half(as, _mm512_extracti64x4_epi64(v, 1)));
}

/* Columns 0..7 of a row and of the eighth after it, then columns 8..15. */
SEQK_INLINE vint f_row16(const uint8_t *w, size_t stride)
{
	return v_fours(w, w + 8 * stride, w + 16, w + 8 * stride + 16);
}

void seqk_matmul_fill_avx512(seqk_matmul_table *t)
{
	fill_exact(t);
}
