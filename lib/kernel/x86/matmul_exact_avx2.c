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

/* Lanes (i, i + 8), then (i, i + 4) of two outputs: four lanes of a, four of b. */
SEQK_INLINE __m256 f_fold(const vflt a[2], const vflt b[2])
{
	__m256 x = _mm256_add_ps(a[0], a[1]), y = _mm256_add_ps(b[0], b[1]);
	return _mm256_add_ps(_mm256_permute2f128_ps(x, y, 0x20), _mm256_permute2f128_ps(x, y, 0x31));
}

SEQK_INLINE void f_trees(const vflt *acc, int n, float *out)
{
	int o = 0;
	UNROLL
	for (; o + 4 <= n; o += 4) {
		__m256 a = f_fold(acc + 2 * o, acc + 2 * o + 2), b = f_fold(acc + 2 * o + 4, acc + 2 * o + 6);
		/* lanes (i, i + 2), then (0, 1): outputs 0 and 2 in the low half, 1 and 3 in the high */
		a = _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x44), _mm256_shuffle_ps(a, b, 0xee));
		a = _mm256_add_ps(a, _mm256_movehdup_ps(a));
		__m128 lo = _mm256_castps256_ps128(a), hi = _mm256_extractf128_ps(a, 1);
		lo = _mm_shuffle_ps(lo, hi, 0x88);
		_mm_storeu_ps(out + o, _mm_shuffle_ps(lo, lo, 0xd8));
	}
	UNROLL
	for (; o < n; o++)
		out[o] = f_tree(acc + 2 * o);
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
