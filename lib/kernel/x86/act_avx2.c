/* SPDX-License-Identifier: MIT */
/* Activations to 8 bits, and the table of the AVX2 level. */
#include "kernel/x86/levels.h"
#include "kernel/x86/simd.h"

SEQK_INLINE __m256 block_top(const __m256 x[4])
{
	__m256i mask = _mm256_set1_epi32(0x7fffffff), t = _mm256_and_si256(_mm256_castps_si256(x[0]), mask);
	for (int i = 1; i < 4; i++)
		t = _mm256_max_epu32(t, _mm256_and_si256(_mm256_castps_si256(x[i]), mask));
	t = _mm256_max_epu32(t, _mm256_permute2x128_si256(t, t, 1));
	t = _mm256_max_epu32(t, _mm256_shuffle_epi32(t, 0x4e));
	t = _mm256_max_epu32(t, _mm256_shuffle_epi32(t, 0xb1));
	return _mm256_castsi256_ps(t);
}

SEQK_INLINE void act_block(const float *p, int8_t *q, float *scale, float *sum)
{
	__m256 x[4], high = _mm256_set1_ps(127), low = _mm256_set1_ps(-127);
	__m256i c[4];
	UNROLL
	for (int i = 0; i < 4; i++)
		x[i] = _mm256_loadu_ps(p + 8 * i);
	__m256 top = block_top(x), s = _mm256_div_ps(top, high);
	__m256 use = _mm256_and_ps(_mm256_cmp_ps(s, _mm256_setzero_ps(), _CMP_GT_OQ),
	                           _mm256_cmp_ps(top, _mm256_set1_ps(__builtin_inff()), _CMP_LT_OQ));
	UNROLL
	for (int i = 0; i < 4; i++) {
		__m256 v = _mm256_and_ps(_mm256_div_ps(x[i], s), use);
		c[i] = _mm256_cvtps_epi32(_mm256_max_ps(_mm256_min_ps(v, high), low));
	}
	__m256i a = _mm256_packs_epi32(c[0], c[1]), b = _mm256_packs_epi32(c[2], c[3]);
	__m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
	__m256i out = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(a, b), order);
	_mm256_storeu_si256((__m256i *)(void *)q, out);
	/* sums of 16: bytes made unsigned by 128 each, taken off again */
	__m256i sad = _mm256_sad_epu8(_mm256_xor_si256(out, _mm256_set1_epi8((char)0x80)), _mm256_setzero_si256());
	__m256i two = _mm256_add_epi64(sad, _mm256_shuffle_epi32(sad, 0x4e));
	sum[0] = (float)(_mm256_extract_epi32(two, 0) - 2048);
	sum[1] = (float)(_mm256_extract_epi32(two, 4) - 2048);
	*scale = _mm_cvtss_f32(_mm256_castps256_ps128(s));
}

#include "kernel/act_body.h"

void seqk_matmul_fill_avx2(seqk_matmul_table *t)
{
	t->act_row = act_row;
	seqk_matmul_q8_avx2(t);
	seqk_matmul_exact_avx2(t);
}
