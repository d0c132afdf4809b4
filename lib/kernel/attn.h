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
 * Order: score[j] = scale * (sum over i of fma(q[i], k[i][j], .), i in order), then cap *
 * tanh(score / cap) if cap > 0, then + bias.  For the block: m = max over the visible;
 * p = exp(score - m), 0 where not visible; l = 16-lane sum of p and the tree;
 * o[i] = fma(p[j], v[j][i], o[i]) for j in order.  Blocks merge in order of position:
 *   M = max(m1, m2); a1 = exp(m1 - M); a2 = exp(m2 - M);
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

/* Running result of one query head: start with m = -INFINITY, l = 0, o = 0. */
typedef struct seqk_attn_acc {
	float m, l;
	float *o; /* [dv] */
} seqk_attn_acc;

typedef struct seqk_attn_query {
	const float *q;   /* [d] */
	const float *bias; /* [64] added to the scores, or NULL */
	int lo, hi;       /* visible slots [lo, hi) of this block; lo < hi */
	seqk_attn_acc *acc;
} seqk_attn_query;

/* One block for nq queries that share the key/value head: scores, block result,
 * merged into each acc.  scratch: seqk_attn_scratch(nq, d, dv) bytes. */
void seqk_attn_block(int dtype, const void *keys, const void *values, size_t d, size_t dv,
                     float scale, float cap, const seqk_attn_query *query, size_t nq, void *scratch);
size_t seqk_attn_scratch(size_t nq, size_t d, size_t dv);

/* Merges b into a (same dv). */
void seqk_attn_merge(seqk_attn_acc *a, const seqk_attn_acc *b, size_t dv);

#endif
