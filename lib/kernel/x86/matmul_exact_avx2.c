/* SPDX-License-Identifier: MIT */
/* F32, F16, BF16 weights, and any type dequantised, AVX2: 16 rows x 6 activations
 * are twelve registers. */
#include "kernel/x86/levels.h"
#include "kernel/x86/wide_avx2.h"

#define F_ACTS 6
enum { TACTS = F_ACTS };

#include "kernel/x86/tile_f32.h"
#include "kernel/x86/turn16.h"

/* Halves stay halves, [column / 16][row / 8][column % 8][column / 8 % 2][row % 8]: widened
 * while they are loaded, by units that have nothing else to do. */
SEQK_INLINE uint8_t *f_group(int as, uint8_t *panel, size_t g)
{
	if (as == AS_F32)
		return panel + g * GROUP * PANEL * 4;
	return panel + g / 2 * (BLOCK * PANEL * 2) + g % 2 * 16;
}

SEQK_INLINE vflt f_column(int as, const uint8_t *group, size_t c, int h)
{
	if (as == AS_F32)
		return v_get((const float *)(const void *)group + c * PANEL + h * ROWS);
	__m128i a = _mm_load_si128((const __m128i *)(const void *)(group + h * 256 + c * 32));
	if (as == AS_F16)
		return _mm256_cvtph_ps(a);
	return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(a), 16));
}

SEQK_INLINE void f_keep(int as, uint8_t *group, int c, int h, vflt v)
{
	(void)as;
	v_put((float *)(void *)group + c * PANEL + h * ROWS, v);
}

SEQK_INLINE void f_keep16(int as, uint8_t *group, int c, int h, vint v)
{
	(void)as;
	_mm256_store_si256((__m256i *)(void *)(group + h * 256 + c * 32), v);
}

/* Columns 0..7 of a row, then 8..15. */
SEQK_INLINE vint f_row16(const uint8_t *w, size_t stride)
{
	(void)stride;
	return _mm256_loadu_si256((const __m256i *)(const void *)w);
}

void seqk_matmul_exact_avx2(seqk_matmul_table *t)
{
	fill_exact(t);
}
