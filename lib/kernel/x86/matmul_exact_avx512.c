/* SPDX-License-Identifier: MIT */
/* F32, F16, BF16 weights, and any type dequantised, AVX-512: the 16 lanes are one
 * register, 4 rows x 6 activations are twenty-four. */
#include "kernel/x86/levels.h"
#include "kernel/x86/wide_avx512.h"

enum { TROWS = 4, TACTS = 6, WORDS = 1 };

#include "kernel/x86/tile_f32.h"

SEQK_INLINE float f_tree(const vflt acc[WORDS])
{
	__m256 hi = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(acc[0]), 1));
	__m256 a = _mm256_add_ps(_mm512_castps512_ps256(acc[0]), hi);
	__m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
	b = _mm_add_ps(b, _mm_movehl_ps(b, b));
	return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}

SEQK_INLINE void f_trees(const vflt *acc, int n, float *out)
{
	UNROLL
	for (int o = 0; o < n; o++)
		out[o] = f_tree(acc + o);
}

SEQK_INLINE vflt f_from_f16(const uint8_t *w)
{
	return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)w));
}

SEQK_INLINE vflt f_from_bf16(const uint8_t *w)
{
	__m512i v = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)w));
	return _mm512_castsi512_ps(_mm512_slli_epi32(v, 16));
}

void seqk_matmul_fill_avx512(seqk_matmul_table *t)
{
	fill_exact(t);
}
