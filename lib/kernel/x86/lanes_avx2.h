/* SPDX-License-Identifier: MIT */
/* Sixteen lanes of f32 in two AVX2 registers; see lanes_c.h for what each operation means. */
#ifndef KERNEL_LANES_AVX2_H
#define KERNEL_LANES_AVX2_H

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

enum { V_TILE = 6, V_STATE = 4 };

typedef struct v16 { __m256 a, b; } v16;
typedef __m256 v8;
typedef struct m16 { __m256 a, b; } m16;

/* one register, for tiles that want all of them */
#define V_REG 8
typedef __m256 vreg;
LANES vreg r_load(const float *p) { return _mm256_loadu_ps(p); }
LANES void r_store(float *p, vreg x) { _mm256_storeu_ps(p, x); }
LANES vreg r_set1(float s) { return _mm256_set1_ps(s); }
LANES vreg r_mul(vreg x, vreg y) { return _mm256_mul_ps(x, y); }
LANES vreg r_fma(vreg x, vreg y, vreg z) { return _mm256_fmadd_ps(x, y, z); }
/* Loaded once: else the compiler reads memory again for every use. */
LANES vreg r_keep(vreg x)
{
#ifndef SEQK_SIMDE
	__asm__("" : "+x"(x));
#endif
	return x;
}
/* Registers of sums for each of G rows that share their loads: sixteen in all. */
#define V_REGS(G) ((G) == 1 ? 8 : (G) <= 3 ? 4 : 2)

/* both halves of a unary or binary operation */
#define V_ONE(f, x) ((v16){ f((x).a), f((x).b) })
#define V_TWO(f, x, y) ((v16){ f((x).a, (y).a), f((x).b, (y).b) })
#define V_CMP(x, y, how) ((m16){ _mm256_cmp_ps((x).a, (y).a, how), _mm256_cmp_ps((x).b, (y).b, how) })

static const int32_t v_window[32] = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 };

LANES __m256i v_mask(size_t n, int half)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)(v_window + 16 - n + 8 * half));
}

LANES v16 v_set1(float s) { __m256 v = _mm256_set1_ps(s); return (v16){ v, v }; }
LANES v16 v_zero(void) { return v_set1(0); }
LANES v16 v_load(const float *p) { return (v16){ _mm256_loadu_ps(p), _mm256_loadu_ps(p + 8) }; }
LANES void v_store(float *p, v16 x) { _mm256_storeu_ps(p, x.a); _mm256_storeu_ps(p + 8, x.b); }
LANES v16 v_loadn(const float *p, size_t n)
{
	return (v16){ _mm256_maskload_ps(p, v_mask(n, 0)), _mm256_maskload_ps(p + 8, v_mask(n, 1)) };
}
LANES void v_storen(float *p, v16 x, size_t n)
{
	_mm256_maskstore_ps(p, v_mask(n, 0), x.a);
	_mm256_maskstore_ps(p + 8, v_mask(n, 1), x.b);
}

LANES v16 v_add(v16 x, v16 y) { return V_TWO(_mm256_add_ps, x, y); }
LANES v16 v_sub(v16 x, v16 y) { return V_TWO(_mm256_sub_ps, x, y); }
LANES v16 v_mul(v16 x, v16 y) { return V_TWO(_mm256_mul_ps, x, y); }
LANES v16 v_div(v16 x, v16 y) { return V_TWO(_mm256_div_ps, x, y); }
LANES v16 v_max(v16 x, v16 y) { return V_TWO(_mm256_max_ps, x, y); }
LANES v16 v_min(v16 x, v16 y) { return V_TWO(_mm256_min_ps, x, y); }
LANES v16 v_fma(v16 x, v16 y, v16 z)
{
	return (v16){ _mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b) };
}
LANES v16 v_fnma(v16 x, v16 y, v16 z)
{
	return (v16){ _mm256_fnmadd_ps(x.a, y.a, z.a), _mm256_fnmadd_ps(x.b, y.b, z.b) };
}

LANES v16 v_and(v16 x, v16 y) { return V_TWO(_mm256_and_ps, x, y); }
LANES v16 v_xor(v16 x, v16 y) { return V_TWO(_mm256_xor_ps, x, y); }
LANES v16 v_or(v16 x, v16 y) { return V_TWO(_mm256_or_ps, x, y); }
LANES v16 v_abs(v16 x)
{
	__m256 m = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
	return v_and(x, (v16){ m, m });
}
LANES v16 v_neg(v16 x) { return v_xor(x, v_set1(-0.0f)); }
LANES v16 v_sign(v16 x, v16 y) { return v_or(x, v_and(y, v_set1(-0.0f))); }

LANES __m256 v_shift1(__m256 x, __m256 t)
{
	__m256i n = _mm256_slli_epi32(_mm256_castps_si256(t), 23);
	return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), n));
}
LANES v16 v_ldexp(v16 x, v16 t) { return V_TWO(v_shift1, x, t); }

LANES m16 v_lt(v16 x, v16 y) { return V_CMP(x, y, _CMP_LT_OQ); }
LANES m16 v_nle(v16 x, v16 y) { return V_CMP(x, y, _CMP_NLE_UQ); }
LANES m16 v_eq(v16 x, v16 y) { return V_CMP(x, y, _CMP_EQ_OQ); }
LANES m16 v_range(int lo, int hi)
{
	__m256i l = _mm256_set1_epi32(lo - 1), h = _mm256_set1_epi32(hi);
	__m256i i = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), j = _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15);
	i = _mm256_and_si256(_mm256_cmpgt_epi32(i, l), _mm256_cmpgt_epi32(h, i));
	j = _mm256_and_si256(_mm256_cmpgt_epi32(j, l), _mm256_cmpgt_epi32(h, j));
	return (m16){ _mm256_castsi256_ps(i), _mm256_castsi256_ps(j) };
}
LANES v16 v_sel(m16 m, v16 x, v16 y)
{
	return (v16){ _mm256_blendv_ps(y.a, x.a, m.a), _mm256_blendv_ps(y.b, x.b, m.b) };
}
LANES unsigned v_bits(m16 m)
{
	return (unsigned)_mm256_movemask_ps(m.a) | (unsigned)_mm256_movemask_ps(m.b) << 8;
}

LANES v16 v_swap(v16 x) { return (v16){ _mm256_permute_ps(x.a, 0xb1), _mm256_permute_ps(x.b, 0xb1) }; }
LANES v16 v_twice(v16 x)
{
	__m256 l = _mm256_unpacklo_ps(x.a, x.a), h = _mm256_unpackhi_ps(x.a, x.a);
	return (v16){ _mm256_permute2f128_ps(l, h, 0x20), _mm256_permute2f128_ps(l, h, 0x31) };
}
LANES v16 v_negeven(v16 x)
{
	__m256 s = _mm256_setr_ps(-0.0f, 0, -0.0f, 0, -0.0f, 0, -0.0f, 0);
	return v_xor(x, (v16){ s, s });
}

LANES v8 v_fold(v16 x) { return _mm256_add_ps(x.a, x.b); }
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
	__m256 o = _mm256_max_ps(x.a, x.b);
	__m128 q = _mm_max_ps(_mm256_castps256_ps128(o), _mm256_extractf128_ps(o, 1));
	q = _mm_max_ps(q, _mm_movehl_ps(q, q));
	return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}

LANES v16 v_set1_f16(uint16_t h)
{
	__m256 v = _mm256_broadcastss_ps(_mm_cvtph_ps(_mm_cvtsi32_si128(h)));
	return (v16){ v, v };
}
LANES __m128i v_half(const void *p) { return _mm_loadu_si128((const __m128i *)p); }
LANES v16 v_load_f16(const uint16_t *p)
{
	return (v16){ _mm256_cvtph_ps(v_half(p)), _mm256_cvtph_ps(v_half(p + 8)) };
}
LANES __m256 v_bf8(const uint16_t *p)
{
	return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(v_half(p)), 16));
}
LANES v16 v_load_bf16(const uint16_t *p) { return (v16){ v_bf8(p), v_bf8(p + 8) }; }
LANES __m256 v_i8(const int8_t *p)
{
	return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p)));
}
LANES v16 v_load_i8(const int8_t *p) { return (v16){ v_i8(p), v_i8(p + 8) }; }
LANES vreg r_load_f16(const uint16_t *p) { return _mm256_cvtph_ps(v_half(p)); }
LANES vreg r_load_bf16(const uint16_t *p) { return v_bf8(p); }
LANES vreg r_load_i8(const int8_t *p) { return v_i8(p); }

#endif
