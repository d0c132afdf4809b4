/* SPDX-License-Identifier: MIT */
/* From f32 to the blocks that quant.h reads.
 *
 * One block at a time, each by itself: a block's bytes depend on its elements and their
 * weights alone.  What is looked for is the least
 *     E = sum over i of w[i] * (x[i] - x'[i])^2,    x' the block decoded,
 * w >= 0 (NULL: all one).  Finding the very least is a lattice problem; here
 *
 *   group   for several steps d around the one that just spans the group: codes by rounding to nearest, then
 *           d (and m) in closed form for these codes (least squares), E from the same sums; the best goes
 *           through codes and closed form twice more;
 *   block   (K types) integer scales by rounding; then for each group the neighbours of its scale (and minimum)
 *           with codes of their own, and d (and dmin) in closed form over the whole block; twice;
 *   last    codes by rounding to nearest under the stored numbers, f16 d and all.
 *
 * Q8_0 has no search: d = max |x| / 127.  A group or block of zeros has d = 0.
 *
 * x: n elements, n a multiple of the block; finite, |x| <= SEQK_QUANTIZE_MAX (the caller sees to it: f16 holds no
 * more).  out: n / block blocks, any alignment; x and w need none either.  No allocation.
 *
 * Order: lanes of 16 over a group (lane = i mod 16, fma), then the tree of lanes_c.h; groups in order; the first of
 * equals wins.  The same bytes at every CPU level. */
#ifndef KERNEL_QUANTIZE_H
#define KERNEL_QUANTIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEQK_QUANTIZE_MAX 65504.0f

typedef void seqk_quantize_fn(const float *x, const float *w, uint8_t *out);

/* Types with a search: rows of the table of kernels. */
enum seqk_quantize_row {
	SEQK_TO_Q8_0, SEQK_TO_Q4_0, SEQK_TO_Q4_1, SEQK_TO_Q5_0, SEQK_TO_Q5_1, SEQK_TO_Q2_K, SEQK_TO_Q3_K, SEQK_TO_Q4_K,
	SEQK_TO_Q5_K, SEQK_TO_Q6_K, SEQK_TO_ROWS
};

/* The row of a type, or -1. */
int seqk_quantize_row(int dtype);

/* Can a tensor be written in this type?  The above, F32, F16 and BF16 (both to nearest even). */
bool seqk_can_quantize(int dtype);

void seqk_quantize(int dtype, const float *x, const float *w, void *out, size_t n);

#endif
