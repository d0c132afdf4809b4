/* SPDX-License-Identifier: MIT */
/* The x86 intrinsics over SIMDe, with what version 0.7.4 lacks.  Its fma is not fused where the
 * machine has none, so that one is ours too: one rounding everywhere. */
#ifndef TESTS_KERN_SIMDE_H
#define TESTS_KERN_SIMDE_H

#define SEQK_SIMDE
#ifndef __clang__
#pragma GCC optimize("O0") /* compile time counts here, not speed */
#endif
#define SIMDE_ENABLE_NATIVE_ALIASES
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wpsabi"
#include <math.h>
#include <simde/x86/avx512.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>
#include <string.h>

#ifndef __AVX512F__
#define __mmask16 simde__mmask16
#endif

#define FUSED(name, type, n, sign) \
	static inline type name(type x, type y, type z) \
	{ \
		float a[n], b[n], c[n]; \
		memcpy(a, &x, sizeof a), memcpy(b, &y, sizeof b), memcpy(c, &z, sizeof c); \
		for (int i = 0; i < n; i++) \
			a[i] = fmaf(sign a[i], b[i], c[i]); \
		memcpy(&x, a, sizeof a); \
		return x; \
	}
FUSED(more_mm256_fmadd_ps, simde__m256, 8, +)
FUSED(more_mm256_fnmadd_ps, simde__m256, 8, -)
FUSED(more_mm512_fmadd_ps, simde__m512, 16, +)
FUSED(more_mm512_fnmadd_ps, simde__m512, 16, -)
#undef _mm256_fmadd_ps
#undef _mm256_fnmadd_ps
#undef _mm512_fmadd_ps
#undef _mm512_fnmadd_ps
#define _mm256_fmadd_ps more_mm256_fmadd_ps
#define _mm256_fnmadd_ps more_mm256_fnmadd_ps
#define _mm512_fmadd_ps more_mm512_fmadd_ps
#define _mm512_fnmadd_ps more_mm512_fnmadd_ps

static inline simde__m512 more_maskz_load(simde__mmask16 m, const float *p)
{
	float t[16] = { 0 };
	for (int i = 0; i < 16; i++)
		if (m >> i & 1)
			t[i] = p[i];
	return simde_mm512_loadu_ps(t);
}
#undef _mm512_maskz_loadu_ps
#define _mm512_maskz_loadu_ps(m, p) more_maskz_load(m, p)

static inline void more_mask_store(float *p, simde__mmask16 m, simde__m512 x)
{
	float t[16];
	simde_mm512_storeu_ps(t, x);
	for (int i = 0; i < 16; i++)
		if (m >> i & 1)
			p[i] = t[i];
}
#undef _mm512_mask_storeu_ps
#define _mm512_mask_storeu_ps(p, m, x) more_mask_store(p, m, x)

/* both halves of 512 bits by an operation on 256 */
#define HALVES(op512, from, low, high) \
	static inline simde__m512i op512(from x) \
	{ \
		simde__m256i h[2] = { low, high }; \
		simde__m512i r; \
		memcpy(&r, h, sizeof r); \
		return r; \
	}
HALVES(more_cvtepi8_epi32, simde__m128i, simde_mm256_cvtepi8_epi32(x),
       simde_mm256_cvtepi8_epi32(simde_mm_srli_si128(x, 8)))
HALVES(more_cvtepu16_epi32, simde__m256i, simde_mm256_cvtepu16_epi32(simde_mm256_castsi256_si128(x)),
       simde_mm256_cvtepu16_epi32(simde_mm256_extracti128_si256(x, 1)))
#undef _mm512_cvtepi8_epi32
#undef _mm512_cvtepu16_epi32
#define _mm512_cvtepi8_epi32 more_cvtepi8_epi32
#define _mm512_cvtepu16_epi32 more_cvtepu16_epi32

static inline simde__m512 more_cvtph(simde__m256i x)
{
	simde__m256 h[2] = { simde_mm256_cvtph_ps(simde_mm256_castsi256_si128(x)),
		             simde_mm256_cvtph_ps(simde_mm256_extracti128_si256(x, 1)) };
	simde__m512 r;
	memcpy(&r, h, sizeof r);
	return r;
}
#undef _mm512_cvtph_ps
#define _mm512_cvtph_ps more_cvtph

static inline simde__m512 more_cvtepi32_ps(simde__m512i x)
{
	int32_t t[16];
	float f[16];
	memcpy(t, &x, sizeof t);
	for (int i = 0; i < 16; i++)
		f[i] = (float)t[i];
	return simde_mm512_loadu_ps(f);
}
#undef _mm512_cvtepi32_ps
#define _mm512_cvtepi32_ps more_cvtepi32_ps

static inline simde__m512i more_slli(simde__m512i x, unsigned n)
{
	uint32_t t[16];
	memcpy(t, &x, sizeof t);
	for (int i = 0; i < 16; i++)
		t[i] <<= n;
	memcpy(&x, t, sizeof t);
	return x;
}
#undef _mm512_slli_epi32
#define _mm512_slli_epi32 more_slli

static inline simde__m512i more_shuffle(simde__m512i x, int how)
{
	uint32_t t[16], r[16];
	memcpy(t, &x, sizeof t);
	for (int i = 0; i < 16; i++)
		r[i] = t[(i & ~3) | (how >> 2 * (i & 3) & 3)];
	memcpy(&x, r, sizeof r);
	return x;
}
#undef _mm512_shuffle_epi32
#define _mm512_shuffle_epi32 more_shuffle

#endif
