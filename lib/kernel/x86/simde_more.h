/* SPDX-License-Identifier: MIT */
/* AVX-512 intrinsics that SIMDe 0.7 lacks, and fma with one rounding (SIMDe's has two
 * where the compiler has none), by lanes.  Tests only. */
#ifndef KERNEL_X86_SIMDE_MORE_H
#define KERNEL_X86_SIMDE_MORE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#undef _mm512_srai_epi32
#undef _mm512_cvtepi32_ps
#undef _mm512_cvtepi32_epi16
#undef _mm512_cvtepu16_epi32
#undef _mm512_cvtph_ps
#undef _mm512_bsrli_epi128
#define _mm512_srai_epi32 more_srai_epi32
#define _mm512_cvtepi32_ps more_cvtepi32_ps
#define _mm512_cvtepi32_epi16 more_cvtepi32_epi16
#define _mm512_cvtepu16_epi32 more_cvtepu16_epi32
#define _mm512_cvtph_ps more_cvtph_ps
#define _mm512_bsrli_epi128 more_bsrli_epi128
#undef _mm256_fmadd_ps
#undef _mm256_fnmadd_ps
#undef _mm512_fmadd_ps
#undef _mm512_fnmadd_ps
#define _mm256_fmadd_ps(a, b, c) more_fma256(a, b, c, 1)
#define _mm256_fnmadd_ps(a, b, c) more_fma256(a, b, c, -1)
#define _mm512_fmadd_ps(a, b, c) more_fma512(a, b, c, 1)
#define _mm512_fnmadd_ps(a, b, c) more_fma512(a, b, c, -1)

static inline void more_fma(float *a, const float *b, const float *c, float sign, int n)
{
	for (int i = 0; i < n; i++)
		a[i] = fmaf(sign * a[i], b[i], c[i]);
}

static inline __attribute__((unused)) __m256 more_fma256(__m256 a, __m256 b, __m256 c, float sign)
{
	float v[3][8];
	memcpy(v[0], &a, sizeof a);
	memcpy(v[1], &b, sizeof b);
	memcpy(v[2], &c, sizeof c);
	more_fma(v[0], v[1], v[2], sign, 8);
	memcpy(&a, v[0], sizeof a);
	return a;
}

static inline __attribute__((unused)) __m512 more_fma512(__m512 a, __m512 b, __m512 c, float sign)
{
	float v[3][16];
	memcpy(v[0], &a, sizeof a);
	memcpy(v[1], &b, sizeof b);
	memcpy(v[2], &c, sizeof c);
	more_fma(v[0], v[1], v[2], sign, 16);
	memcpy(&a, v[0], sizeof a);
	return a;
}

static inline __attribute__((unused)) __m512i more_srai_epi32(__m512i a, unsigned n)
{
	int32_t v[16];
	memcpy(v, &a, sizeof v);
	for (int i = 0; i < 16; i++)
		v[i] >>= n;
	memcpy(&a, v, sizeof v);
	return a;
}

static inline __attribute__((unused)) __m512 more_cvtepi32_ps(__m512i a)
{
	int32_t v[16];
	float f[16];
	__m512 r;
	memcpy(v, &a, sizeof v);
	for (int i = 0; i < 16; i++)
		f[i] = (float)v[i];
	memcpy(&r, f, sizeof f);
	return r;
}

static inline __attribute__((unused)) __m256i more_cvtepi32_epi16(__m512i a)
{
	int32_t v[16];
	int16_t h[16];
	__m256i r;
	memcpy(v, &a, sizeof v);
	for (int i = 0; i < 16; i++)
		h[i] = (int16_t)v[i];
	memcpy(&r, h, sizeof h);
	return r;
}

static inline __attribute__((unused)) __m512i more_cvtepu16_epi32(__m256i a)
{
	uint16_t h[16];
	uint32_t v[16];
	__m512i r;
	memcpy(h, &a, sizeof h);
	for (int i = 0; i < 16; i++)
		v[i] = h[i];
	memcpy(&r, v, sizeof v);
	return r;
}

static inline __attribute__((unused)) __m512 more_cvtph_ps(__m256i a)
{
	__m128i h[2];
	__m256 f[2];
	__m512 r;
	memcpy(h, &a, sizeof h);
	f[0] = _mm256_cvtph_ps(h[0]);
	f[1] = _mm256_cvtph_ps(h[1]);
	memcpy(&r, f, sizeof f);
	return r;
}

static inline __attribute__((unused)) __m512i more_bsrli_epi128(__m512i a, int n)
{
	uint8_t v[64], w[64];
	memcpy(v, &a, sizeof v);
	for (int i = 0; i < 64; i++)
		w[i] = i % 16 + n < 16 ? v[i + n] : 0;
	memcpy(&a, w, sizeof w);
	return a;
}

#endif
