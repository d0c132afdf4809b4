/* SPDX-License-Identifier: MIT */
/* F32, F16, BF16 weights, and any type dequantised, AVX2: 2 rows x 3 activations x
 * 16 lanes are twelve registers. */
#include "kernel/x86/levels.h"
#include "kernel/x86/wide_avx2.h"

enum { TROWS = 2, TACTS = 3, WORDS = 2 };

#include "kernel/x86/tile_f32.h"

SEQK_INLINE float f_tree(const vflt acc[WORDS])
{
	__m256 a = _mm256_add_ps(acc[0], acc[1]);
	__m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
	b = _mm_add_ps(b, _mm_movehl_ps(b, b));
	return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}

SEQK_INLINE vflt f_from_f16(const uint8_t *w)
{
	return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)w));
}

SEQK_INLINE vflt f_from_bf16(const uint8_t *w)
{
	__m256i v = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)w));
	return _mm256_castsi256_ps(_mm256_slli_epi32(v, 16));
}

void seqk_matmul_exact_avx2(seqk_matmul_table *t)
{
	fill_exact(t);
}
