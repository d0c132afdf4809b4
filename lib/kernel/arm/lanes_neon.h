/* SPDX-License-Identifier: MIT */
/* Sixteen lanes of f32 in four NEON registers; see lanes_c.h for what each operation means. */
#ifndef KERNEL_LANES_NEON_H
#define KERNEL_LANES_NEON_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef SEQK_SIMDE /* tests emulate the intrinsics */
#include <arm_neon.h>
#endif

#define LANES static inline __attribute__((always_inline, unused))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 24")
#endif

/* 32 registers of 4: eight v16. */
enum { V_TILE = 6, V_STATE = 4 };

typedef struct v16 { float32x4_t a, b, c, d; } v16;
typedef struct v8 { float32x4_t a, b; } v8;
typedef struct m16 { uint32x4_t a, b, c, d; } m16;

/* one register, for tiles that want all of them */
#define V_REG 4
typedef float32x4_t vreg;
LANES vreg r_load(const float *p) { return vld1q_f32(p); }
LANES void r_store(float *p, vreg x) { vst1q_f32(p, x); }
LANES vreg r_set1(float s) { return vdupq_n_f32(s); }
LANES vreg r_mul(vreg x, vreg y) { return vmulq_f32(x, y); }
LANES vreg r_fma(vreg x, vreg y, vreg z) { return vfmaq_f32(z, x, y); }
/* Loaded once: else the compiler reads memory again for every use. */
LANES vreg r_keep(vreg x)
{
#ifndef SEQK_SIMDE
	__asm__("" : "+w"(x));
#endif
	return x;
}
/* Registers of sums for each of G rows that share their loads: thirty-two in all. */
#define V_REGS(G) ((G) == 1 ? 8 : 4)

/* all quarters of an operation */
#define V_ONE(f, x) ((v16){ f((x).a), f((x).b), f((x).c), f((x).d) })
#define V_TWO(f, x, y) ((v16){ f((x).a, (y).a), f((x).b, (y).b), f((x).c, (y).c), f((x).d, (y).d) })
#define V_THREE(f, x, y, z) \
	((v16){ f((x).a, (y).a, (z).a), f((x).b, (y).b, (z).b), f((x).c, (y).c, (z).c), f((x).d, (y).d, (z).d) })
#define V_CMP(f, x, y) ((m16){ f((x).a, (y).a), f((x).b, (y).b), f((x).c, (y).c), f((x).d, (y).d) })

LANES v16 v_all(float32x4_t x) { return (v16){ x, x, x, x }; }
LANES v16 v_set1(float s) { return v_all(vdupq_n_f32(s)); }
LANES v16 v_zero(void) { return v_set1(0); }
LANES v16 v_load(const float *p) { return (v16){ vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12) }; }
LANES void v_store(float *p, v16 x)
{
	vst1q_f32(p, x.a);
	vst1q_f32(p + 4, x.b);
	vst1q_f32(p + 8, x.c);
	vst1q_f32(p + 12, x.d);
}
LANES v16 v_loadn(const float *p, size_t n)
{
	float t[16] = { 0 };
	memcpy(t, p, n * sizeof *p);
	return v_load(t);
}
LANES void v_storen(float *p, v16 x, size_t n)
{
	float t[16];
	v_store(t, x);
	memcpy(p, t, n * sizeof *p);
}

LANES v16 v_add(v16 x, v16 y) { return V_TWO(vaddq_f32, x, y); }
LANES v16 v_sub(v16 x, v16 y) { return V_TWO(vsubq_f32, x, y); }
LANES v16 v_mul(v16 x, v16 y) { return V_TWO(vmulq_f32, x, y); }
LANES v16 v_div(v16 x, v16 y) { return V_TWO(vdivq_f32, x, y); }
LANES v16 v_fma(v16 x, v16 y, v16 z) { return V_THREE(vfmaq_f32, z, x, y); }
LANES v16 v_fnma(v16 x, v16 y, v16 z) { return V_THREE(vfmsq_f32, z, x, y); }
/* not fmax, fmin: the second when either is NaN */
LANES float32x4_t v_max4(float32x4_t x, float32x4_t y) { return vbslq_f32(vcgtq_f32(x, y), x, y); }
LANES float32x4_t v_min4(float32x4_t x, float32x4_t y) { return vbslq_f32(vcltq_f32(x, y), x, y); }
LANES v16 v_max(v16 x, v16 y) { return V_TWO(v_max4, x, y); }
LANES v16 v_min(v16 x, v16 y) { return V_TWO(v_min4, x, y); }
LANES v16 v_abs(v16 x) { return V_ONE(vabsq_f32, x); }
LANES v16 v_neg(v16 x) { return V_ONE(vnegq_f32, x); }

LANES float32x4_t v_of(uint32x4_t x) { return vreinterpretq_f32_u32(x); }
LANES uint32x4_t v_int(float32x4_t x) { return vreinterpretq_u32_f32(x); }
LANES float32x4_t v_sign4(float32x4_t x, float32x4_t y)
{
	return v_of(vorrq_u32(v_int(x), vandq_u32(v_int(y), vdupq_n_u32(0x80000000u))));
}
LANES v16 v_sign(v16 x, v16 y) { return V_TWO(v_sign4, x, y); }
LANES float32x4_t v_ldexp4(float32x4_t x, float32x4_t t)
{
	return v_of(vaddq_u32(v_int(x), vshlq_n_u32(v_int(t), 23)));
}
LANES v16 v_ldexp(v16 x, v16 t) { return V_TWO(v_ldexp4, x, t); }

LANES uint32x4_t v_nle4(float32x4_t x, float32x4_t y) { return vmvnq_u32(vcleq_f32(x, y)); }
LANES m16 v_lt(v16 x, v16 y) { return V_CMP(vcltq_f32, x, y); }
LANES m16 v_nle(v16 x, v16 y) { return V_CMP(v_nle4, x, y); }
LANES m16 v_eq(v16 x, v16 y) { return V_CMP(vceqq_f32, x, y); }
/* lanes lo <= i + at < hi of four */
LANES uint32x4_t v_range4(int lo, int hi, int at)
{
	static const int32_t count[4] = { 0, 1, 2, 3 };
	int32x4_t i = vld1q_s32(count);
	return vandq_u32(vcgeq_s32(i, vdupq_n_s32(lo - at)), vcltq_s32(i, vdupq_n_s32(hi - at)));
}
LANES m16 v_range(int lo, int hi)
{
	return (m16){ v_range4(lo, hi, 0), v_range4(lo, hi, 4), v_range4(lo, hi, 8), v_range4(lo, hi, 12) };
}
LANES v16 v_sel(m16 m, v16 x, v16 y) { return V_THREE(vbslq_f32, m, x, y); }
LANES unsigned v_bits(m16 m)
{
	static const uint32_t bit[4] = { 1, 2, 4, 8 };
	uint32x4_t w = vld1q_u32(bit);
	uint32x4_t low = vorrq_u32(vandq_u32(m.a, w), vshlq_n_u32(vandq_u32(m.b, w), 4));
	uint32x4_t high = vorrq_u32(vandq_u32(m.c, w), vshlq_n_u32(vandq_u32(m.d, w), 4));
	return vaddvq_u32(vorrq_u32(low, vshlq_n_u32(high, 8)));
}

LANES v16 v_swap(v16 x) { return V_ONE(vrev64q_f32, x); }
LANES v16 v_twice(v16 x)
{
	return (v16){ vzip1q_f32(x.a, x.a), vzip2q_f32(x.a, x.a), vzip1q_f32(x.b, x.b), vzip2q_f32(x.b, x.b) };
}
LANES float32x4_t v_negeven4(float32x4_t x)
{
	static const uint32_t sign[4] = { 0x80000000u, 0, 0x80000000u, 0 };
	return v_of(veorq_u32(v_int(x), vld1q_u32(sign)));
}
LANES v16 v_negeven(v16 x) { return V_ONE(v_negeven4, x); }

LANES v8 v_fold(v16 x) { return (v8){ vaddq_f32(x.a, x.c), vaddq_f32(x.b, x.d) }; }
LANES float v8_sum(v8 x)
{
	float32x4_t q = vaddq_f32(x.a, x.b);
	float32x2_t h = vadd_f32(vget_low_f32(q), vget_high_f32(q));
	return vget_lane_f32(h, 0) + vget_lane_f32(h, 1);
}
LANES float v_sum(v16 x) { return v8_sum(v_fold(x)); }

/* (i, i+4) of each, then (i, i+2) of both */
LANES float32x4_t v8_pair(const v8 *a)
{
	float32x4_t x = vaddq_f32(a[0].a, a[0].b), y = vaddq_f32(a[1].a, a[1].b);
	return vaddq_f32(vcombine_f32(vget_low_f32(x), vget_low_f32(y)), vcombine_f32(vget_high_f32(x), vget_high_f32(y)));
}
LANES void v8_sums(float *r, const v8 *a)
{
	vst1q_f32(r, vpaddq_f32(v8_pair(a), v8_pair(a + 2)));
	vst1q_f32(r + 4, vpaddq_f32(v8_pair(a + 4), v8_pair(a + 6)));
}

LANES float v_top(v16 x)
{
	float32x4_t q = v_max4(v_max4(x.a, x.c), v_max4(x.b, x.d));
	q = v_max4(q, vextq_f32(q, q, 2));
	return vgetq_lane_f32(v_max4(q, vextq_f32(q, q, 1)), 0);
}

LANES float32x4_t v_half(uint16x4_t h) { return vcvt_f32_f16(vreinterpret_f16_u16(h)); }
LANES v16 v_set1_f16(uint16_t h) { return v_all(v_half(vdup_n_u16(h))); }
LANES v16 v_load_f16(const uint16_t *p)
{
	return (v16){ v_half(vld1_u16(p)), v_half(vld1_u16(p + 4)), v_half(vld1_u16(p + 8)), v_half(vld1_u16(p + 12)) };
}
LANES float32x4_t v_bf4(uint16x4_t h) { return v_of(vshlq_n_u32(vmovl_u16(h), 16)); }
LANES v16 v_load_bf16(const uint16_t *p)
{
	return (v16){ v_bf4(vld1_u16(p)), v_bf4(vld1_u16(p + 4)), v_bf4(vld1_u16(p + 8)), v_bf4(vld1_u16(p + 12)) };
}
LANES float32x4_t v_float4(int16x4_t h) { return vcvtq_f32_s32(vmovl_s16(h)); }
LANES v16 v_load_i8(const int8_t *p)
{
	int8x16_t q = vld1q_s8(p);
	int16x8_t l = vmovl_s8(vget_low_s8(q)), h = vmovl_s8(vget_high_s8(q));
	return (v16){ v_float4(vget_low_s16(l)), v_float4(vget_high_s16(l)),
	              v_float4(vget_low_s16(h)), v_float4(vget_high_s16(h)) };
}

LANES vreg r_load_f16(const uint16_t *p) { return v_half(vld1_u16(p)); }
LANES vreg r_load_bf16(const uint16_t *p) { return v_bf4(vld1_u16(p)); }
LANES vreg r_load_i8(const int8_t *p)
{
	uint32_t four;
	memcpy(&four, p, sizeof four);
	return v_float4(vget_low_s16(vmovl_s8(vreinterpret_s8_u32(vdup_n_u32(four)))));
}

#endif
