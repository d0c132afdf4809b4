/* SPDX-License-Identifier: MIT */
/* wide_avx2.h, 16 weight rows wide. */
#ifndef KERNEL_X86_WIDE_H
#define KERNEL_X86_WIDE_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/x86/simd.h"

enum { ROWS = 16 };
typedef __m512i vint; /* a dword a row */
typedef __m512 vflt;  /* a float a row */

SEQK_INLINE vint v_and(vint a, vint b) { return _mm512_and_si512(a, b); }
SEQK_INLINE vint v_or(vint a, vint b) { return _mm512_or_si512(a, b); }
SEQK_INLINE vint v_xor(vint a, vint b) { return _mm512_xor_si512(a, b); }
SEQK_INLINE vint v_set8(int b) { return _mm512_set1_epi8((char)b); }
SEQK_INLINE vint v_set32(int b) { return _mm512_set1_epi32(b); }
SEQK_INLINE vint v_add8(vint a, vint b) { return _mm512_add_epi8(a, b); }
SEQK_INLINE vint v_add32(vint a, vint b) { return _mm512_add_epi32(a, b); }
SEQK_INLINE vint v_sub32(vint a, vint b) { return _mm512_sub_epi32(a, b); }
SEQK_INLINE vint v_sub8(vint a, vint b) { return _mm512_sub_epi8(a, b); }
SEQK_INLINE vint v_left(vint a, int n) { return _mm512_slli_epi32(a, (unsigned)n); }
SEQK_INLINE vint v_right(vint a, int n) { return _mm512_srli_epi32(a, (unsigned)n); }
SEQK_INLINE vint v_right_signed(vint a, int n) { return _mm512_srai_epi32(a, (unsigned)n); }
SEQK_INLINE vint v_shuffle(vint a, vint by) { return _mm512_shuffle_epi8(a, by); }
SEQK_INLINE vflt v_float(vint a) { return _mm512_cvtepi32_ps(a); }
SEQK_INLINE vflt v_bits(vint a) { return _mm512_castsi512_ps(a); }
SEQK_INLINE vflt v_mul(vflt a, vflt b) { return _mm512_mul_ps(a, b); }
SEQK_INLINE vflt v_zero(void) { return _mm512_setzero_ps(); }
SEQK_INLINE vflt v_add(vflt a, vflt b) { return _mm512_add_ps(a, b); }
SEQK_INLINE vflt v_all(float x) { return _mm512_set1_ps(x); }
SEQK_INLINE vint v_low16(vint a, vint b) { return _mm512_unpacklo_epi16(a, b); }
SEQK_INLINE vint v_high16(vint a, vint b) { return _mm512_unpackhi_epi16(a, b); }
SEQK_INLINE vint v_low32(vint a, vint b) { return _mm512_unpacklo_epi32(a, b); }
SEQK_INLINE vint v_high32(vint a, vint b) { return _mm512_unpackhi_epi32(a, b); }
SEQK_INLINE vint v_low64(vint a, vint b) { return _mm512_unpacklo_epi64(a, b); }
SEQK_INLINE vint v_high64(vint a, vint b) { return _mm512_unpackhi_epi64(a, b); }
SEQK_INLINE vflt v_fma(vflt a, vflt b, vflt c) { return _mm512_fmadd_ps(a, b, c); }
SEQK_INLINE vflt v_nfma(vflt a, vflt b, vflt c) { return _mm512_fnmadd_ps(a, b, c); }
SEQK_INLINE vflt v_get(const float *p) { return _mm512_loadu_ps(p); }
SEQK_INLINE void v_put(float *p, vflt a) { _mm512_storeu_ps(p, a); }

/* Four dwords, and sixteen bytes, again and again. */
SEQK_INLINE vint v_four(int a, int b, int c, int d) { return _mm512_broadcast_i32x4(_mm_setr_epi32(a, b, c, d)); }
SEQK_INLINE vint v_table(const int8_t *p) { return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)p)); }

SEQK_INLINE vflt v_negate(vflt a)
{
	return _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(a), _mm512_set1_epi32((int)0x80000000)));
}

SEQK_INLINE vint v_test8(vint a, vint m, vint x)
{
	return _mm512_maskz_mov_epi8(_mm512_test_epi8_mask(a, m), x);
}

SEQK_INLINE vint v_least8(vint a, vint b)
{
	return _mm512_maskz_set1_epi8(_mm512_cmpge_epu8_mask(a, b), 1);
}

/* Eight numbers of 16 bits, their low and high bytes. */
SEQK_INLINE void v_zip8(uint16_t to[8], const uint8_t *low, uint64_t high)
{
	__m128i x = _mm_loadl_epi64((const __m128i *)(const void *)low), y = _mm_cvtsi64_si128((long long)high);
	_mm_storeu_si128((__m128i *)(void *)to, _mm_unpacklo_epi8(x, y));
}

SEQK_INLINE vflt v_half(vint a)
{
	return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(a));
}

SEQK_INLINE __m512i v_fours(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d)
{
	__m512i v = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(const void *)a));
	v = _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)(const void *)b), 1);
	v = _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)(const void *)c), 2);
	return _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)(const void *)d), 3);
}

/* Four vectors of 16 bytes a row (rows i, i + 4, i + 8, i + 12 in x[i]) to dword j of every row. */
SEQK_INLINE void v_turn(vint v[4], vint x0, vint x1, vint x2, vint x3)
{
	vint a = _mm512_unpacklo_epi32(x0, x1), b = _mm512_unpackhi_epi32(x0, x1);
	vint c = _mm512_unpacklo_epi32(x2, x3), d = _mm512_unpackhi_epi32(x2, x3);
	v[0] = _mm512_unpacklo_epi64(a, c);
	v[1] = _mm512_unpackhi_epi64(a, c);
	v[2] = _mm512_unpacklo_epi64(b, d);
	v[3] = _mm512_unpackhi_epi64(b, d);
}

SEQK_INLINE void v_load16(vint v[4], const uint8_t *const p[ROWS], size_t at)
{
	v_turn(v, v_fours(p[0] + at, p[4] + at, p[8] + at, p[12] + at),
	       v_fours(p[1] + at, p[5] + at, p[9] + at, p[13] + at),
	       v_fours(p[2] + at, p[6] + at, p[10] + at, p[14] + at),
	       v_fours(p[3] + at, p[7] + at, p[11] + at, p[15] + at));
}

SEQK_INLINE void v_load14(vint v[4], const uint8_t *const p[ROWS], size_t at)
{
	vint x[4];
	for (int i = 0; i < 4; i++)
		x[i] = _mm512_bsrli_epi128(v_fours(p[i] + at, p[i + 4] + at, p[i + 8] + at, p[i + 12] + at), 2);
	v_turn(v, x[0], x[1], x[2], x[3]);
}

SEQK_INLINE vint v_load32(const uint8_t *const p[ROWS], size_t at)
{
	int v[ROWS];
	for (int r = 0; r < ROWS; r++)
		__builtin_memcpy(v + r, p[r] + at, 4);
	return _mm512_loadu_si512(v);
}

SEQK_INLINE vflt v_load_half(const uint8_t *const p[ROWS], size_t at)
{
	uint16_t v[ROWS];
	for (int r = 0; r < ROWS; r++)
		__builtin_memcpy(v + r, p[r] + at, 2);
	return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)v));
}

/* Held in a register: else the compiler reads memory again for every use. */
SEQK_INLINE vflt v_keep(vflt a)
{
#ifndef SEQK_SIMDE
	__asm__("" : "+v"(a));
#endif
	return a;
}

/* The same; and a sum that is held is formed in the order written, not as a tree that
 * waits for registers. */
SEQK_INLINE vint v_held(vint a)
{
#ifndef SEQK_SIMDE
	__asm__("" : "+v"(a));
#endif
	return a;
}

/* Four columns of an activation, for every row. */
SEQK_INLINE vint v_columns(const int8_t *q)
{
	int x;
	__builtin_memcpy(&x, q, 4);
	return v_held(_mm512_set1_epi32(x));
}

#endif
