/* SPDX-License-Identifier: MIT */
/* Sixteen lanes of f32 in plain C: the reference that every other lanes_*.h
 * repeats operation by operation.  The kernels in *_body.h are written once against
 * this vocabulary, so that all CPU levels follow one order of summation. */
#ifndef KERNEL_LANES_C_H
#define KERNEL_LANES_C_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/half.h"

#define LANES static inline __attribute__((always_inline, unused))
#define UNROLL /* only where there are registers to fill */

/* How many v16 a kernel should try to hold in registers (tile sizes; never
 * visible in a result). */
enum { V_TILE = 4, V_STATE = 4 };

typedef struct v16 { float f[16]; } v16;
typedef struct v8 { float f[8]; } v8;
typedef struct m16 { int32_t m[16]; } m16; /* 0 or -1 */

#define EACH16 for (int i = 0; i < 16; i++)
#define EACH8 for (int i = 0; i < 8; i++)

LANES v16 v_set1(float s) { v16 r; EACH16 r.f[i] = s; return r; }
LANES v16 v_zero(void) { return v_set1(0); }
LANES v16 v_load(const float *p) { v16 r; memcpy(r.f, p, sizeof r.f); return r; }
LANES void v_store(float *p, v16 a) { memcpy(p, a.f, sizeof a.f); }
/* the first n < 16 lanes; the others are zero, or are not stored */
LANES v16 v_loadn(const float *p, size_t n) { v16 r = v_zero(); memcpy(r.f, p, n * sizeof *p); return r; }
LANES void v_storen(float *p, v16 a, size_t n) { memcpy(p, a.f, n * sizeof *p); }

LANES v16 v_add(v16 a, v16 b) { EACH16 a.f[i] += b.f[i]; return a; }
LANES v16 v_sub(v16 a, v16 b) { EACH16 a.f[i] -= b.f[i]; return a; }
LANES v16 v_mul(v16 a, v16 b) { EACH16 a.f[i] *= b.f[i]; return a; }
LANES v16 v_div(v16 a, v16 b) { EACH16 a.f[i] /= b.f[i]; return a; }
LANES v16 v_fma(v16 a, v16 b, v16 c) { EACH16 a.f[i] = fmaf(a.f[i], b.f[i], c.f[i]); return a; }
/* c - a * b */
LANES v16 v_fnma(v16 a, v16 b, v16 c) { EACH16 a.f[i] = fmaf(-a.f[i], b.f[i], c.f[i]); return a; }
/* the second when either is NaN, as x86 has it */
LANES v16 v_max(v16 a, v16 b) { EACH16 a.f[i] = a.f[i] > b.f[i] ? a.f[i] : b.f[i]; return a; }
LANES v16 v_min(v16 a, v16 b) { EACH16 a.f[i] = a.f[i] < b.f[i] ? a.f[i] : b.f[i]; return a; }
LANES v16 v_abs(v16 a) { EACH16 a.f[i] = seqp_bits_f32(seqp_f32_bits(a.f[i]) & 0x7fffffffu); return a; }
LANES v16 v_neg(v16 a) { EACH16 a.f[i] = -a.f[i]; return a; }
/* |a| with the sign of b, a >= 0 */
LANES v16 v_sign(v16 a, v16 b)
{
	EACH16 a.f[i] = seqp_bits_f32(seqp_f32_bits(a.f[i]) | (seqp_f32_bits(b.f[i]) & 0x80000000u));
	return a;
}
/* a * 2^n, n in the low bits of t = 1.5 * 2^23 + n; no check of range */
LANES v16 v_ldexp(v16 a, v16 t)
{
	EACH16 a.f[i] = seqp_bits_f32(seqp_f32_bits(a.f[i]) + (seqp_f32_bits(t.f[i]) << 23));
	return a;
}

LANES m16 v_lt(v16 a, v16 b) { m16 r; EACH16 r.m[i] = -(a.f[i] < b.f[i]); return r; }
LANES m16 v_nle(v16 a, v16 b) { m16 r; EACH16 r.m[i] = -!(a.f[i] <= b.f[i]); return r; }
LANES m16 v_eq(v16 a, v16 b) { m16 r; EACH16 r.m[i] = -(a.f[i] == b.f[i]); return r; }
/* lanes lo <= i < hi */
LANES m16 v_range(int lo, int hi) { m16 r; EACH16 r.m[i] = -(i >= lo && i < hi); return r; }
LANES v16 v_sel(m16 m, v16 a, v16 b) { EACH16 a.f[i] = m.m[i] ? a.f[i] : b.f[i]; return a; }
LANES unsigned v_bits(m16 m) { unsigned r = 0; EACH16 r |= (unsigned)(m.m[i] & 1) << i; return r; }

/* for adjacent rotary pairs: (1,0,3,2,..), (0,0,1,1,..,7,7), sign of even lanes flipped */
LANES v16 v_swap(v16 a) { v16 r; EACH16 r.f[i] = a.f[i ^ 1]; return r; }
LANES v16 v_twice(v16 a) { v16 r; EACH16 r.f[i] = a.f[i / 2]; return r; }
LANES v16 v_negeven(v16 a)
{
	for (int i = 0; i < 16; i += 2)
		a.f[i] = seqp_bits_f32(seqp_f32_bits(a.f[i]) ^ 0x80000000u);
	return a;
}

/* the tree (i, i+8), (i, i+4), (i, i+2), (0, 1) */
LANES v8 v_fold(v16 a) { v8 r; EACH8 r.f[i] = a.f[i] + a.f[i + 8]; return r; }
LANES float v8_sum(v8 a)
{
	for (int w = 4; w; w /= 2)
		for (int i = 0; i < w; i++)
			a.f[i] += a.f[i + w];
	return a.f[0];
}
LANES float v_sum(v16 a) { return v8_sum(v_fold(a)); }
/* eight trees at once: r[k] = v8_sum(a[k]) */
LANES void v8_sums(float *r, const v8 *a) { for (int k = 0; k < 8; k++) r[k] = v8_sum(a[k]); }
LANES float v_top(v16 a)
{
	for (int w = 8; w; w /= 2)
		for (int i = 0; i < w; i++)
			a.f[i] = a.f[i] > a.f[i + w] ? a.f[i] : a.f[i + w];
	return a.f[0];
}

/* sixteen values of other types */
LANES v16 v_set1_f16(uint16_t h) { return v_set1(seqp_f16_f32(h)); }
LANES v16 v_load_f16(const uint16_t *p) { v16 r; EACH16 r.f[i] = seqp_f16_f32(p[i]); return r; }
LANES v16 v_load_bf16(const uint16_t *p) { v16 r; EACH16 r.f[i] = seqp_bf16_f32(p[i]); return r; }
LANES v16 v_load_i8(const int8_t *p) { v16 r; EACH16 r.f[i] = p[i]; return r; }

#endif
