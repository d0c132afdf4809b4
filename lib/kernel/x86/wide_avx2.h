/* SPDX-License-Identifier: MIT */
/* The few operations that loaders and tiles are written in, 8 weight rows wide.
 * wide_avx512.h has the same names 16 rows wide. */
#ifndef KERNEL_X86_WIDE_H
#define KERNEL_X86_WIDE_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/x86/simd.h"

enum { ROWS = 8 };
typedef __m256i vint; /* a dword a row */
typedef __m256 vflt;  /* a float a row */

SEQK_INLINE vint v_and(vint a, vint b) { return _mm256_and_si256(a, b); }
SEQK_INLINE vint v_or(vint a, vint b) { return _mm256_or_si256(a, b); }
SEQK_INLINE vint v_xor(vint a, vint b) { return _mm256_xor_si256(a, b); }
SEQK_INLINE vint v_set8(int b) { return _mm256_set1_epi8((char)b); }
SEQK_INLINE vint v_set32(int b) { return _mm256_set1_epi32(b); }
SEQK_INLINE vint v_add8(vint a, vint b) { return _mm256_add_epi8(a, b); }
SEQK_INLINE vint v_add32(vint a, vint b) { return _mm256_add_epi32(a, b); }
SEQK_INLINE vint v_sub32(vint a, vint b) { return _mm256_sub_epi32(a, b); }
SEQK_INLINE vint v_sub8(vint a, vint b) { return _mm256_sub_epi8(a, b); }
SEQK_INLINE vint v_left(vint a, int n) { return _mm256_slli_epi32(a, n); }
SEQK_INLINE vint v_right(vint a, int n) { return _mm256_srli_epi32(a, n); }
SEQK_INLINE vint v_right_signed(vint a, int n) { return _mm256_srai_epi32(a, n); }
SEQK_INLINE vint v_shuffle(vint a, vint by) { return _mm256_shuffle_epi8(a, by); }
SEQK_INLINE vflt v_float(vint a) { return _mm256_cvtepi32_ps(a); }
SEQK_INLINE vflt v_bits(vint a) { return _mm256_castsi256_ps(a); }
SEQK_INLINE vflt v_mul(vflt a, vflt b) { return _mm256_mul_ps(a, b); }
SEQK_INLINE vflt v_negate(vflt a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }

/* Four dwords, and sixteen bytes, again and again. */
SEQK_INLINE vint v_four(int a, int b, int c, int d) { return _mm256_broadcastsi128_si256(_mm_setr_epi32(a, b, c, d)); }
SEQK_INLINE vint v_table(const int8_t *p) { return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)p)); }

/* where bits of m are all set in the byte of a: x; else 0 */
SEQK_INLINE vint v_test8(vint a, vint m, vint x)
{
	return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(a, m), m), x);
}

/* 1 in the bytes where a is at least b, without signs */
SEQK_INLINE vint v_least8(vint a, vint b)
{
	return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_max_epu8(a, b), a), _mm256_set1_epi8(1));
}

/* Eight numbers of 16 bits, their low and high bytes. */
SEQK_INLINE void v_zip8(uint16_t to[8], const uint8_t *low, uint64_t high)
{
	__m128i x = _mm_loadl_epi64((const __m128i *)(const void *)low), y = _mm_cvtsi64_si128((long long)high);
	_mm_storeu_si128((__m128i *)(void *)to, _mm_unpacklo_epi8(x, y));
}

/* The low halves of the dwords, as f16. */
SEQK_INLINE vflt v_half(vint a)
{
	__m256i p = _mm256_and_si256(a, _mm256_set1_epi32(0xffff));
	p = _mm256_permute4x64_epi64(_mm256_packus_epi32(p, p), 0x08);
	return _mm256_cvtph_ps(_mm256_castsi256_si128(p));
}

SEQK_INLINE __m256i v_pair(const uint8_t *lo, const uint8_t *hi)
{
	__m256i a = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)lo));
	return _mm256_inserti128_si256(a, _mm_loadu_si128((const __m128i *)(const void *)hi), 1);
}

/* Four vectors of 16 bytes a row (rows 0..3 and 4..7 in x[0..3]) to dword j of every row. */
SEQK_INLINE void v_turn(vint v[4], vint x0, vint x1, vint x2, vint x3)
{
	vint a = _mm256_unpacklo_epi32(x0, x1), b = _mm256_unpackhi_epi32(x0, x1);
	vint c = _mm256_unpacklo_epi32(x2, x3), d = _mm256_unpackhi_epi32(x2, x3);
	v[0] = _mm256_unpacklo_epi64(a, c);
	v[1] = _mm256_unpackhi_epi64(a, c);
	v[2] = _mm256_unpacklo_epi64(b, d);
	v[3] = _mm256_unpackhi_epi64(b, d);
}

/* v[j] = dword j of the 16 bytes at p[row] + at. */
SEQK_INLINE void v_load16(vint v[4], const uint8_t *const p[ROWS], size_t at)
{
	v_turn(v, v_pair(p[0] + at, p[4] + at), v_pair(p[1] + at, p[5] + at),
	       v_pair(p[2] + at, p[6] + at), v_pair(p[3] + at, p[7] + at));
}

/* The same of the 14 bytes after the first two. */
SEQK_INLINE void v_load14(vint v[4], const uint8_t *const p[ROWS], size_t at)
{
	v_turn(v, _mm256_srli_si256(v_pair(p[0] + at, p[4] + at), 2),
	       _mm256_srli_si256(v_pair(p[1] + at, p[5] + at), 2),
	       _mm256_srli_si256(v_pair(p[2] + at, p[6] + at), 2),
	       _mm256_srli_si256(v_pair(p[3] + at, p[7] + at), 2));
}

SEQK_INLINE int v_get16(const uint8_t *p)
{
	uint16_t u;
	__builtin_memcpy(&u, p, 2);
	return u;
}

SEQK_INLINE int v_get32(const uint8_t *p)
{
	int u;
	__builtin_memcpy(&u, p, 4);
	return u;
}

/* The f16 at p[row] + at. */
SEQK_INLINE vflt v_load_half(const uint8_t *const p[ROWS], size_t at)
{
	__m128i h = _mm_cvtsi32_si128(v_get16(p[0] + at));
	h = _mm_insert_epi16(h, v_get16(p[1] + at), 1);
	h = _mm_insert_epi16(h, v_get16(p[2] + at), 2);
	h = _mm_insert_epi16(h, v_get16(p[3] + at), 3);
	h = _mm_insert_epi16(h, v_get16(p[4] + at), 4);
	h = _mm_insert_epi16(h, v_get16(p[5] + at), 5);
	h = _mm_insert_epi16(h, v_get16(p[6] + at), 6);
	h = _mm_insert_epi16(h, v_get16(p[7] + at), 7);
	return _mm256_cvtph_ps(h);
}

/* The dword at p[row] + at. */
SEQK_INLINE vint v_load32(const uint8_t *const p[ROWS], size_t at)
{
	return _mm256_setr_epi32(v_get32(p[0] + at), v_get32(p[1] + at), v_get32(p[2] + at), v_get32(p[3] + at),
	                         v_get32(p[4] + at), v_get32(p[5] + at), v_get32(p[6] + at), v_get32(p[7] + at));
}

SEQK_INLINE vflt v_zero(void) { return _mm256_setzero_ps(); }
SEQK_INLINE vflt v_add(vflt a, vflt b) { return _mm256_add_ps(a, b); }
SEQK_INLINE vflt v_all(float x) { return _mm256_set1_ps(x); }
SEQK_INLINE vint v_low16(vint a, vint b) { return _mm256_unpacklo_epi16(a, b); }
SEQK_INLINE vint v_high16(vint a, vint b) { return _mm256_unpackhi_epi16(a, b); }
SEQK_INLINE vint v_low32(vint a, vint b) { return _mm256_unpacklo_epi32(a, b); }
SEQK_INLINE vint v_high32(vint a, vint b) { return _mm256_unpackhi_epi32(a, b); }
SEQK_INLINE vint v_low64(vint a, vint b) { return _mm256_unpacklo_epi64(a, b); }
SEQK_INLINE vint v_high64(vint a, vint b) { return _mm256_unpackhi_epi64(a, b); }
SEQK_INLINE vflt v_fma(vflt a, vflt b, vflt c) { return _mm256_fmadd_ps(a, b, c); }
SEQK_INLINE vflt v_nfma(vflt a, vflt b, vflt c) { return _mm256_fnmadd_ps(a, b, c); }
SEQK_INLINE vflt v_get(const float *p) { return _mm256_loadu_ps(p); }
SEQK_INLINE void v_put(float *p, vflt a) { _mm256_storeu_ps(p, a); }

/* Held in a register: else the compiler reads memory again for every use. */
SEQK_INLINE vflt v_keep(vflt a)
{
#ifndef SEQK_SIMDE
	__asm__("" : "+x"(a));
#endif
	return a;
}

/* The same; and a sum that is held is formed in the order written, not as a tree that
 * waits for registers. */
SEQK_INLINE vint v_held(vint a)
{
#ifndef SEQK_SIMDE
	__asm__("" : "+x"(a));
#endif
	return a;
}

/* Four columns of an activation, for every row. */
SEQK_INLINE vint v_columns(const int8_t *q)
{
	int x;
	__builtin_memcpy(&x, q, 4);
	return v_held(_mm256_set1_epi32(x));
}

#endif
