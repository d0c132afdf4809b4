/* SPDX-License-Identifier: MIT */
/* Sixteen lanes of f32 in one AVX-512 register; see lanes_c.h for what each operation means. */
#ifndef KERNEL_LANES_AVX512_H
#define KERNEL_LANES_AVX512_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef SEQK_SIMDE /* tests emulate the intrinsics */
#include <immintrin.h>
#endif

#define LANES static inline __attribute__((always_inline, unused))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 24")
#endif

enum { V_TILE = 24, V_STATE = 8 };

typedef __m512 v16;
typedef __m256 v8;
typedef __mmask16 m16;

LANES m16 v_first(size_t n) { return (m16)((1u << n) - 1); }

LANES v16 v_set1(float s) { return _mm512_set1_ps(s); }
LANES v16 v_zero(void) { return _mm512_setzero_ps(); }
LANES v16 v_load(const float *p) { return _mm512_loadu_ps(p); }
LANES void v_store(float *p, v16 x) { _mm512_storeu_ps(p, x); }
LANES v16 v_loadn(const float *p, size_t n) { return _mm512_maskz_loadu_ps(v_first(n), p); }
LANES void v_storen(float *p, v16 x, size_t n) { _mm512_mask_storeu_ps(p, v_first(n), x); }

LANES v16 v_add(v16 x, v16 y) { return _mm512_add_ps(x, y); }
LANES v16 v_sub(v16 x, v16 y) { return _mm512_sub_ps(x, y); }
LANES v16 v_mul(v16 x, v16 y) { return _mm512_mul_ps(x, y); }
LANES v16 v_div(v16 x, v16 y) { return _mm512_div_ps(x, y); }
LANES v16 v_max(v16 x, v16 y) { return _mm512_max_ps(x, y); }
LANES v16 v_min(v16 x, v16 y) { return _mm512_min_ps(x, y); }
LANES v16 v_fma(v16 x, v16 y, v16 z) { return _mm512_fmadd_ps(x, y, z); }
LANES v16 v_fnma(v16 x, v16 y, v16 z) { return _mm512_fnmadd_ps(x, y, z); }

LANES __m512i v_int(v16 x) { return _mm512_castps_si512(x); }
LANES v16 v_of(__m512i x) { return _mm512_castsi512_ps(x); }
LANES v16 v_abs(v16 x) { return v_of(_mm512_and_si512(v_int(x), _mm512_set1_epi32(0x7fffffff))); }
LANES v16 v_neg(v16 x) { return v_of(_mm512_xor_si512(v_int(x), _mm512_set1_epi32(INT32_MIN))); }
LANES v16 v_sign(v16 x, v16 y)
{
	return v_of(_mm512_or_si512(v_int(x), _mm512_and_si512(v_int(y), _mm512_set1_epi32(INT32_MIN))));
}
LANES v16 v_ldexp(v16 x, v16 t) { return v_of(_mm512_add_epi32(v_int(x), _mm512_slli_epi32(v_int(t), 23))); }

LANES m16 v_lt(v16 x, v16 y) { return _mm512_cmp_ps_mask(x, y, _CMP_LT_OQ); }
LANES m16 v_nle(v16 x, v16 y) { return _mm512_cmp_ps_mask(x, y, _CMP_NLE_UQ); }
LANES m16 v_eq(v16 x, v16 y) { return _mm512_cmp_ps_mask(x, y, _CMP_EQ_OQ); }
LANES m16 v_range(int lo, int hi)
{
	unsigned above = lo <= 0 ? 0xffff : lo >= 16 ? 0 : 0xffffu << lo;
	unsigned below = hi >= 16 ? 0xffff : hi <= 0 ? 0 : (1u << hi) - 1;
	return (m16)(above & below);
}
LANES v16 v_sel(m16 m, v16 x, v16 y) { return _mm512_mask_blend_ps(m, y, x); }
LANES unsigned v_bits(m16 m) { return m; }

LANES v16 v_swap(v16 x) { return v_of(_mm512_shuffle_epi32(v_int(x), 0xb1)); }
LANES v16 v_twice(v16 x)
{
	__m512i i = _mm512_set_epi32(7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0);
	return _mm512_permutexvar_ps(i, x);
}
LANES v16 v_negeven(v16 x) { return v_of(_mm512_xor_si512(v_int(x), _mm512_set1_epi64(0x80000000ll))); }

LANES v8 v_low(v16 x) { return _mm512_castps512_ps256(x); }
LANES v8 v_high(v16 x) { return _mm256_castsi256_ps(_mm512_extracti64x4_epi64(v_int(x), 1)); }
LANES v8 v_fold(v16 x) { return _mm256_add_ps(v_low(x), v_high(x)); }
LANES float v8_sum(v8 x)
{
	__m128 q = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
	q = _mm_add_ps(q, _mm_movehl_ps(q, q));
	return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
LANES float v_sum(v16 x) { return v8_sum(v_fold(x)); }

/* (i, i+4) of two, then (i, i+2) of four */
LANES __m256 v8_pair(v8 x, v8 y)
{
	return _mm256_add_ps(_mm256_permute2f128_ps(x, y, 0x20), _mm256_permute2f128_ps(x, y, 0x31));
}
LANES __m256 v8_quad(const v8 *a)
{
	__m256 x = v8_pair(a[0], a[1]), y = v8_pair(a[2], a[3]);
	return _mm256_add_ps(_mm256_shuffle_ps(x, y, 0x44), _mm256_shuffle_ps(x, y, 0xee));
}
LANES void v8_sums(float *r, const v8 *a)
{
	__m256 x = v8_quad(a), y = v8_quad(a + 4);
	x = _mm256_add_ps(_mm256_shuffle_ps(x, y, 0x88), _mm256_shuffle_ps(x, y, 0xdd));
	_mm256_storeu_ps(r, _mm256_permutevar8x32_ps(x, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
}

LANES float v_top(v16 x)
{
	__m256 o = _mm256_max_ps(v_low(x), v_high(x));
	__m128 q = _mm_max_ps(_mm256_castps256_ps128(o), _mm256_extractf128_ps(o, 1));
	q = _mm_max_ps(q, _mm_movehl_ps(q, q));
	return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}

LANES v16 v_set1_f16(uint16_t h) { return _mm512_broadcastss_ps(_mm_cvtph_ps(_mm_cvtsi32_si128(h))); }
LANES __m256i v_half(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
LANES v16 v_load_f16(const uint16_t *p) { return _mm512_cvtph_ps(v_half(p)); }
LANES v16 v_load_bf16(const uint16_t *p)
{
	return v_of(_mm512_slli_epi32(_mm512_cvtepu16_epi32(v_half(p)), 16));
}
LANES v16 v_load_i8(const int8_t *p)
{
	return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)));
}

#endif
