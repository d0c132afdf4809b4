/* SPDX-License-Identifier: MIT */
/* Softmax attention over one block of 64 key positions.
 *
 * A cache block holds positions [64 b, 64 b + 64) of one key/value head:
 *  keys    4 panels of 16 positions, each [d][16]: lane = position, d outer;
 *  values  [64][dv]: a row a position.
 * Cache types: F32, F16, BF16, and Q8_0 (keys: per panel the int8 [d][16],
 * then f16 scales [ceil(d / 32)][16]; values: rows of GGUF Q8_0 blocks, dv
 * rounded up to 32).  Positions never written hold zeros.
 *
 * Order.  dot[j] = sum over i of fma(q[i], k[i][j], .), i in order; of Q8_0 the codes are summed so, 32 by 32, and
 * fma(scale, sum, .) adds the sums in order.  Scores are in units of log 2, c = scale * log2(e) rounded:
 *   y = c * dot;  with a cap, y = (cap * log2(e)) * tanh((scale * dot) / cap);  with a bias, fma(bias, log2(e), y).
 * For the block: m = max of y over the visible; p = 2^(y - m) (neither cap nor bias: 2^fma(c, dot, -m)), 0 where not
 * visible, within 3e-7 and 0 below 2^-126; l = 16-lane sum of p and the tree; o[i] = fma(p[j], v[j][i], o[i]) for j in
 * order (Q8_0: fma(p[j] * scale, code, o[i])).  Blocks merge in order of position:
 *   M = max(m1, m2); a1 = 2^(m1 - M); a2 = 2^(m2 - M);
 *   l = fma(l1, a1, l2 * a2); o = fma(o1, a1, o2 * a2).
 * Values of positions that a query does not see are never touched, so whatever lies there (a NaN too) cannot
 * leak.  Equal maxima give a = 1, also when both are -inf: a block whose scores are all -inf changes nothing.
 * Every block of a query is computed alone and merged, in a prompt or in a step:
 * same bits.  (Flash attention's online softmax, Dao 2022, with fixed cuts.) */
#ifndef KERNEL_ATTN_H
#define KERNEL_ATTN_H

#include <stddef.h>
#include <stdint.h>

enum { SEQK_ATTN_BLOCK = 64, SEQK_ATTN_PANEL = 16 };

/* Bytes of one head's keys (values) of one block. */
size_t seqk_attn_key_bytes(int dtype, size_t d);
size_t seqk_attn_value_bytes(int dtype, size_t dv);

/* Writes one position's key (value) vector into its place; slot = position mod 64. */
void seqk_attn_put_key(int dtype, void *keys, size_t slot, const float *k, size_t d);
void seqk_attn_put_value(int dtype, void *values, size_t slot, const float *v, size_t dv);
/* The inverse: what attention sees there. */
void seqk_attn_get_key(int dtype, const void *keys, size_t slot, float *k, size_t d);
void seqk_attn_get_value(int dtype, const void *values, size_t slot, float *v, size_t dv);

/* What a layer's attention is like. */
typedef struct seqk_attn_shape {
	int dtype; /* of the cache */
	size_t d, dv;
	float scale, cap; /* cap 0: none */
} seqk_attn_shape;

/* One head's keys and values of a block. */
typedef struct seqk_attn_kv {
	const void *keys, *values;
} seqk_attn_kv;

/* Visible slots [lo, hi) of a block, lo < hi. */
typedef struct seqk_attn_span {
	int lo, hi;
} seqk_attn_span;

/* n queries that share a key/value head, and their running results: start with m = -INFINITY, l = 0, o = 0. */
typedef struct seqk_attn_set {
	size_t n;
	const float *q;             /* [n][d] */
	const float *bias;          /* [n][64] added to the scores, or NULL */
	const seqk_attn_span *span; /* [n] */
	float *m, *l;               /* [n] */
	float *o;                   /* [n][dv] */
} seqk_attn_set;

/* One block: scores, block results, merged into those of the set.  next, or NULL, is fetched ahead meanwhile.
 * scratch: seqk_attn_scratch(n, dv) bytes, aligned to 64. */
void seqk_attn_block(const seqk_attn_shape *a, const seqk_attn_kv *at, const seqk_attn_kv *next, const seqk_attn_set *set,
                     void *scratch);
size_t seqk_attn_scratch(size_t n, size_t dv);

/* Merges the results of the set b into those of a (as many). */
void seqk_attn_merge(const seqk_attn_set *a, const seqk_attn_set *b, size_t dv);

#endif
