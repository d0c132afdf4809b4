/* SPDX-License-Identifier: MIT */
/* y = W x for every weight type.  Serial; threads cut the rows one floor up.
 *
 * Activations come as a seqk_act: n rows of k floats, and, for quantised
 * weights, the same rows in 8 bits.  Over each block of 32: s = max|x| / 127, q = x / s
 * to the nearest even integer, kept within 127 (0 where s is 0; where a value is not
 * finite s is not either, q is 0, and every output that reads the block is NaN),
 * and the plain sum of the q of each half block of 16, as a float.
 *
 * Order of summation (the law of same bits), per output element:
 *  - quantised W with q: every type is, by groups of 16 or 32, w = d * c + m
 *    with integer c in [-128, 127] (quant.h).  The groups in order of k:
 *        acc = fma(d * s, (float)isum, acc), then, for types with m,
 *        acc = fma(m, s * (float)qsum, acc).
 *    isum and qsum are exact sums over the group.  acc starts at +0.
 *  - F32, F16, BF16 W, and any W when q is NULL (--act f32): the row is widened to
 *    f32 exactly.  Spans of 256 columns, the last one shorter: within a span
 *        sum = fma(w, x, sum) in order of k, from +0;
 *    y is the sum of the first span, then y = y + sum for each that follows.
 * Same bits at every CPU level, for any n, and for any cut of rows. */
#ifndef KERNEL_MATMUL_H
#define KERNEL_MATMUL_H

#include <stddef.h>
#include <stdint.h>

typedef struct seqk_act {
	const float *x;  /* [n][ldx] */
	size_t ldx;      /* floats between rows, >= k */
	int8_t *q;       /* [n][kpad], kpad = k rounded up to 32, padding zero; NULL: use x exactly */
	float *scale;    /* [n][kpad / 32] */
	float *sum;      /* [n][kpad / 16]: (float)(sum of 16 q), exact */
	size_t n, k;
} seqk_act;

/* Quantises row j of a (q, scale, sum) from x. */
void seqk_act_row(const seqk_act *a, size_t j);

/* Can W be multiplied at all (dtype known, cols a multiple of its block)? */
_Bool seqk_matmul_can(int dtype, size_t cols);

/* Does this weight type want q?  (False for F32, F16, BF16.) */
_Bool seqk_matmul_wants_q(int dtype);

/* y[j * ldy + r] = dot(row r of W, row j of a) for r0 <= r < r1, 0 <= j < a->n.
 * W rows lie stride bytes apart, any alignment.  scratch holds
 * seqk_matmul_scratch(k) bytes, 64-byte aligned, one per thread. */
void seqk_matmul(int dtype, const void *w, size_t stride, const seqk_act *a,
                 float *y, size_t ldy, size_t r0, size_t r1, void *scratch);
size_t seqk_matmul_scratch(size_t k);

/* Rows are best cut at multiples of this. */
enum { SEQK_MATMUL_GRAIN = 16 };

/* dst[0..n) = the exact f32 values of n elements of any known dtype (F64 and
 * integers are converted); n a multiple of the block. false: dtype unknown. */
_Bool seqk_dequant(int dtype, const void *src, float *dst, size_t n);

#endif
