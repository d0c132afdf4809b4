/* SPDX-License-Identifier: MIT */
/* The operations of x86/wide_avx2.h, 4 weight rows wide. */
#ifndef KERNEL_ARM_WIDE_H
#define KERNEL_ARM_WIDE_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/arm/neon.h"

enum { ROWS = 4 };
typedef uint32x4_t vint;  /* a dword a row */
typedef float32x4_t vflt; /* a float a row */

SEQK_INLINE uint8x16_t v_u8(vint a) { return vreinterpretq_u8_u32(a); }
SEQK_INLINE int8x16_t v_s8(vint a) { return vreinterpretq_s8_u32(a); }
SEQK_INLINE vint v_of8(uint8x16_t a) { return vreinterpretq_u32_u8(a); }

SEQK_INLINE vint v_and(vint a, vint b) { return vandq_u32(a, b); }
SEQK_INLINE vint v_or(vint a, vint b) { return vorrq_u32(a, b); }
SEQK_INLINE vint v_xor(vint a, vint b) { return veorq_u32(a, b); }
SEQK_INLINE vint v_set8(int b) { return v_of8(vdupq_n_u8((uint8_t)b)); }
SEQK_INLINE vint v_set32(int b) { return vdupq_n_u32((uint32_t)b); }
SEQK_INLINE vint v_add8(vint a, vint b) { return v_of8(vaddq_u8(v_u8(a), v_u8(b))); }
SEQK_INLINE vint v_add32(vint a, vint b) { return vaddq_u32(a, b); }
SEQK_INLINE vint v_sub32(vint a, vint b) { return vsubq_u32(a, b); }
SEQK_INLINE vint v_sub8(vint a, vint b) { return v_of8(vsubq_u8(v_u8(a), v_u8(b))); }
/* Operators: the intrinsics want a constant before anything is inlined. */
SEQK_INLINE vint v_left(vint a, int n) { return a << (uint32_t)n; }
SEQK_INLINE vint v_right(vint a, int n) { return a >> (uint32_t)n; }
SEQK_INLINE vint v_right_signed(vint a, int n) { return (vint)((int32x4_t)a >> n); }
SEQK_INLINE vint v_shuffle(vint a, vint by) { return v_of8(vqtbl1q_u8(v_u8(a), v_u8(by))); }
SEQK_INLINE vflt v_bits(vint a) { return vreinterpretq_f32_u32(a); }
SEQK_INLINE vflt v_float(vint a) { return vcvtq_f32_s32(vreinterpretq_s32_u32(a)); }
SEQK_INLINE vflt v_add(vflt a, vflt b) { return vaddq_f32(a, b); }
SEQK_INLINE vflt v_mul(vflt a, vflt b) { return vmulq_f32(a, b); }
SEQK_INLINE vflt v_negate(vflt a) { return vnegq_f32(a); }
SEQK_INLINE vflt v_zero(void) { return vdupq_n_f32(0); }
SEQK_INLINE vflt v_all(float x) { return vdupq_n_f32(x); }
SEQK_INLINE vflt v_fma(vflt a, vflt b, vflt c) { return vfmaq_f32(c, a, b); }
SEQK_INLINE vflt v_nfma(vflt a, vflt b, vflt c) { return vfmsq_f32(c, a, b); }
SEQK_INLINE vflt v_get(const float *p) { return vld1q_f32(p); }
SEQK_INLINE void v_put(float *p, vflt a) { vst1q_f32(p, a); }

SEQK_INLINE vint v_table(const int8_t *p) { return vreinterpretq_u32_s8(vld1q_s8(p)); }
SEQK_INLINE vint v_four(int a, int b, int c, int d)
{
	uint32_t v[4] = {(uint32_t)a, (uint32_t)b, (uint32_t)c, (uint32_t)d};
	return vld1q_u32(v);
}

/* where bits of m are all set in the byte of a: x; else 0 */
SEQK_INLINE vint v_test8(vint a, vint m, vint x)
{
	return vandq_u32(v_of8(vceqq_u8(v_u8(vandq_u32(a, m)), v_u8(m))), x);
}

/* 1 in the bytes where a is at least b, without signs */
SEQK_INLINE vint v_least8(vint a, vint b)
{
	return vandq_u32(v_of8(vcgeq_u8(v_u8(a), v_u8(b))), v_set8(1));
}

/* Eight numbers of 16 bits, their low and high bytes. */
SEQK_INLINE void v_zip8(uint16_t to[8], const uint8_t *low, uint64_t high)
{
	uint8x8x2_t z = vzip_u8(vld1_u8(low), vcreate_u8(high));
	vst1q_u16(to, vreinterpretq_u16_u8(vcombine_u8(z.val[0], z.val[1])));
}

/* The low halves of the dwords, as f16. */
SEQK_INLINE vflt v_half(vint a) { return vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32(a))); }

/* 16 bytes a row to dword j of every row. */
SEQK_INLINE void v_turn(vint v[4], vint x0, vint x1, vint x2, vint x3)
{
	uint64x2_t a = vreinterpretq_u64_u32(vtrn1q_u32(x0, x1)), b = vreinterpretq_u64_u32(vtrn2q_u32(x0, x1));
	uint64x2_t c = vreinterpretq_u64_u32(vtrn1q_u32(x2, x3)), d = vreinterpretq_u64_u32(vtrn2q_u32(x2, x3));
	v[0] = vreinterpretq_u32_u64(vtrn1q_u64(a, c));
	v[1] = vreinterpretq_u32_u64(vtrn1q_u64(b, d));
	v[2] = vreinterpretq_u32_u64(vtrn2q_u64(a, c));
	v[3] = vreinterpretq_u32_u64(vtrn2q_u64(b, d));
}

SEQK_INLINE vint v_bytes(const uint8_t *p) { return v_of8(vld1q_u8(p)); }

/* v[j] = dword j of the 16 bytes at p[row] + at. */
SEQK_INLINE void v_load16(vint v[4], const uint8_t *const p[ROWS], size_t at)
{
	v_turn(v, v_bytes(p[0] + at), v_bytes(p[1] + at), v_bytes(p[2] + at), v_bytes(p[3] + at));
}

/* The same of the 14 bytes after the first two. */
SEQK_INLINE vint v_bytes14(const uint8_t *p) { return v_of8(vextq_u8(vld1q_u8(p), vdupq_n_u8(0), 2)); }
SEQK_INLINE void v_load14(vint v[4], const uint8_t *const p[ROWS], size_t at)
{
	v_turn(v, v_bytes14(p[0] + at), v_bytes14(p[1] + at), v_bytes14(p[2] + at), v_bytes14(p[3] + at));
}

/* The f16 at p[row] + at. */
SEQK_INLINE vflt v_load_half(const uint8_t *const p[ROWS], size_t at)
{
	uint16_t h[ROWS];
	for (int r = 0; r < ROWS; r++)
		__builtin_memcpy(h + r, p[r] + at, 2);
	return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(h)));
}

/* The dword at p[row] + at. */
SEQK_INLINE vint v_load32(const uint8_t *const p[ROWS], size_t at)
{
	uint32_t v[ROWS];
	for (int r = 0; r < ROWS; r++)
		__builtin_memcpy(v + r, p[r] + at, 4);
	return vld1q_u32(v);
}

/* Held in a register: else the compiler reads memory again for every use. */
SEQK_INLINE vflt v_keep(vflt a)
{
#ifndef SEQK_SIMDE
	__asm__("" : "+w"(a));
#endif
	return a;
}

#endif
