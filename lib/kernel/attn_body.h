/* SPDX-License-Identifier: MIT */
/* The attention of attn.h, once for all levels.  Included after a lanes_*.h.
 *
 * Queries go in groups of up to six that share the loads of keys and values; when many come at once the block is
 * widened to f32 first.  Neither can be seen in the result: every query has its own accumulators. */
#include "kernel/attn_place.h"
#include "kernel/math_body.h"
#include "kernel/table.h"

enum { GROUP = SEQP_ATTN_GROUP, MANY = 2 * GROUP };

/* The column tile of a group of G: as much as V_TILE accumulators hold. */
#define WIDTH(G) ((G) * 4 <= V_TILE ? 4 : (G) * 2 <= V_TILE ? 2 : 1)

typedef struct group {
	const float *q[GROUP];
	int lo[GROUP], hi[GROUP];
	float a1[GROUP], a2[GROUP]; /* factors of the merge */
	float *o[GROUP];
	int first, last;           /* positions that any query sees */
	int all_lo, all_hi;        /* positions that every query sees */
	float (*s)[SEQK_ATTN_BLOCK]; /* scores, then p */
} group;

/* Sixteen keys (the i-th number of each) of a panel. */
LANES v16 key_at(int dtype, const char *panel, size_t i)
{
	switch (dtype) {
	case SEQ_F16: return v_load_f16((const uint16_t *)(const void *)panel + 16 * i);
	case SEQ_BF16: return v_load_bf16((const uint16_t *)(const void *)panel + 16 * i);
	case SEQ_Q8_0: return v_load_i8((const int8_t *)panel + 16 * i);
	default: return v_load((const float *)(const void *)panel + 16 * i);
	}
}

/* Columns [c, c + n) of a row of values, n <= 16; c a multiple of 16. */
LANES v16 value_at(int dtype, const char *row, size_t c, size_t n)
{
	uint16_t h[16] = { 0 };
	switch (dtype) {
	case SEQ_Q8_0: {
		const char *b = row + c / 32 * 34;
		uint16_t scale;
		memcpy(&scale, b, 2);
		return v_mul(v_set1_f16(scale), v_load_i8((const int8_t *)b + 2 + c % 32));
	}
	case SEQ_F16:
	case SEQ_BF16: {
		const uint16_t *p = (const uint16_t *)(const void *)row + c;
		if (n < 16)
			p = memcpy(h, p, 2 * n);
		return dtype == SEQ_F16 ? v_load_f16(p) : v_load_bf16(p);
	}
	default: {
		const float *p = (const float *)(const void *)row + c;
		return n < 16 ? v_loadn(p, n) : v_load(p);
	}
	}
}

/* Dot products of G queries with P panels, i in order. */
LANES void score_tile(int dtype, int G, int P, const char *panel, size_t bytes, size_t d, const group *g, int slot)
{
	v16 acc[GROUP * 4], scale[4];
	UNROLL for (int j = 0; j < G * P; j++)
		acc[j] = v_zero();
	for (size_t i0 = 0; i0 < d; i0 += 32) {
		size_t i1 = dtype == SEQ_Q8_0 && d - i0 > 32 ? i0 + 32 : d;
		if (dtype == SEQ_Q8_0)
			UNROLL for (int p = 0; p < P; p++)
				scale[p] = v_load_f16((const uint16_t *)(const void *)(panel + p * bytes + d * 16) + i0 / 32 * 16);
		for (size_t i = i0; i < i1; i++)
			UNROLL for (int p = 0; p < P; p++) {
				v16 k = key_at(dtype, panel + p * bytes, i);
				if (dtype == SEQ_Q8_0)
					k = v_mul(scale[p], k);
				UNROLL for (int j = 0; j < G; j++)
					acc[j * P + p] = v_fma(v_set1(g->q[j][i]), k, acc[j * P + p]);
			}
		if (dtype != SEQ_Q8_0)
			break;
	}
	UNROLL for (int j = 0; j < G; j++)
		UNROLL for (int p = 0; p < P; p++)
			v_store(g->s[j] + slot + 16 * p, acc[j * P + p]);
}

LANES void scores(int dtype, int G, const char *keys, size_t d, const group *g)
{
	size_t bytes = seqk_attn_key_bytes(dtype, d) / 4;
	int p = g->first / 16, end = (g->last + 15) / 16, P = WIDTH(G);
	for (; p + P <= end; p += P)
		score_tile(dtype, G, P, keys + p * bytes, bytes, d, g, 16 * p);
	for (; p < end; p++)
		score_tile(dtype, G, 1, keys + p * bytes, bytes, d, g, 16 * p);
}

/* One row of values into the accumulators of G queries; with check, of those that see it. */
LANES void value_step(int dtype, int G, int W, int check, const char *row, size_t c, size_t n, const group *g, int j,
                      v16 *acc)
{
	UNROLL for (int w = 0; w < W; w++) {
		v16 v = value_at(dtype, row, c + 16 * w, n);
		UNROLL for (int k = 0; k < G; k++)
			if (!check || (j >= g->lo[k] && j < g->hi[k]))
				acc[k * W + w] = v_fma(v_set1(g->s[k][j]), v, acc[k * W + w]);
	}
}

/* Columns [c, c + 16 W) (n < 16 of the last when W is 1): o of the block, merged into the running o. */
LANES void value_tile(int dtype, int G, int W, const char *values, size_t stride, size_t c, size_t n, const group *g)
{
	v16 acc[GROUP * 4];
	UNROLL for (int k = 0; k < G * W; k++)
		acc[k] = v_zero();
	for (int j = g->first; j < g->all_lo; j++)
		value_step(dtype, G, W, 1, values + j * stride, c, n, g, j, acc);
	for (int j = g->all_lo; j < g->all_hi; j++)
		value_step(dtype, G, W, 0, values + j * stride, c, n, g, j, acc);
	for (int j = g->all_hi; j < g->last; j++)
		value_step(dtype, G, W, 1, values + j * stride, c, n, g, j, acc);
	UNROLL for (int k = 0; k < G; k++)
		UNROLL for (int w = 0; w < W; w++) {
			float *o = g->o[k] + c + 16 * w;
			v16 old = n < 16 ? v_loadn(o, n) : v_load(o);
			v16 sum = v_fma(old, v_set1(g->a1[k]), v_mul(acc[k * W + w], v_set1(g->a2[k])));
			if (n < 16)
				v_storen(o, sum, n);
			else
				v_store(o, sum);
		}
}

LANES void weigh(int dtype, int G, const char *values, size_t dv, const group *g)
{
	size_t stride = seqk_attn_value_bytes(dtype, dv) / SEQK_ATTN_BLOCK, c = 0, W = WIDTH(G);
	for (; c + 16 * W <= dv; c += 16 * W)
		value_tile(dtype, G, (int)W, values, stride, c, 16, g);
	for (; c + 16 <= dv; c += 16)
		value_tile(dtype, G, 1, values, stride, c, 16, g);
	if (c < dv)
		value_tile(dtype, G, 1, values, stride, c, dv - c, g);
}

static float exp1(float x)
{
	float t[16];
	v_store(t, v_exp(v_set1(x)));
	return t[0];
}

/* The factors of a merge; equal maxima (also -inf) leave both as they are. */
static float factors(float m1, float m2, float *a1, float *a2)
{
	float top = m1 > m2 ? m1 : m2;
	*a1 = m1 == top ? 1 : exp1(m1 - top);
	*a2 = m2 == top ? 1 : exp1(m2 - top);
	return top;
}

/* Scores of one query to p; m and l merged into its accumulator. */
static void soften(float *s, float scale, float cap, const seqk_attn_query *q, float *a1, float *a2)
{
	v16 x[4], low = v_set1(-INFINITY), top = low, sum = v_zero();
	int p0 = q->lo / 16, p1 = (q->hi + 15) / 16;
	for (int p = p0; p < p1; p++) {
		v16 y = v_mul(v_set1(scale), v_load(s + 16 * p));
		if (cap > 0)
			y = v_softcap(y, v_set1(cap));
		if (q->bias)
			y = v_add(y, v_load(q->bias + 16 * p));
		x[p] = y;
		top = v_max(v_sel(v_range(q->lo - 16 * p, q->hi - 16 * p), y, low), top);
	}
	float m = v_top(top);
	v16 shift = v_set1(m == -INFINITY ? 0 : m);
	for (int p = p0; p < p1; p++) {
		v16 e = v_exp(v_sub(x[p], shift));
		e = v_sel(v_range(q->lo - 16 * p, q->hi - 16 * p), e, v_zero());
		sum = v_add(sum, e);
		v_store(s + 16 * p, e);
	}
	q->acc->m = factors(q->acc->m, m, a1, a2);
	q->acc->l = fmaf(q->acc->l, *a1, v_sum(sum) * *a2);
}

LANES void attn_group(int dtype, int G, const char *keys, const char *values, size_t d, size_t dv, float scale,
                      float cap, const seqk_attn_query *query, group *g)
{
	g->first = SEQK_ATTN_BLOCK, g->last = 0, g->all_lo = 0, g->all_hi = SEQK_ATTN_BLOCK;
	for (int k = 0; k < G; k++) {
		int lo = query[k].lo, hi = query[k].hi;
		g->q[k] = query[k].q, g->o[k] = query[k].acc->o;
		g->lo[k] = lo, g->hi[k] = hi;
		g->first = lo < g->first ? lo : g->first, g->last = hi > g->last ? hi : g->last;
		g->all_lo = lo > g->all_lo ? lo : g->all_lo, g->all_hi = hi < g->all_hi ? hi : g->all_hi;
	}
	if (g->all_lo >= g->all_hi)
		g->all_lo = g->all_hi = g->last;
	scores(dtype, G, keys, d, g);
	for (int k = 0; k < G; k++)
		soften(g->s[k], scale, cap, &query[k], &g->a1[k], &g->a2[k]);
	weigh(dtype, G, values, dv, g);
}

#ifdef ATTN_ONE_COPY
/* Where code counts more than speed. */
static void attn_any(int dtype, int G, const char *keys, const char *values, size_t d, size_t dv, float scale, float cap,
                     const seqk_attn_query *query, group *g)
{
	attn_group(dtype, G, keys, values, d, dv, scale, cap, query, g);
}
#define attn_group attn_any
#endif

/* All groups of a call, for one constant type. */
LANES void attn_typed(int dtype, const char *keys, const char *values, size_t d, size_t dv, float scale, float cap,
                      const seqk_attn_query *query, size_t nq, group *g)
{
	for (size_t k = 0; k < nq; k += GROUP) {
#define OF(G) case G: attn_group(dtype, G, keys, values, d, dv, scale, cap, query + k, g); break
		switch (nq - k) {
		OF(1); OF(2); OF(3); OF(4); OF(5);
		default: attn_group(dtype, GROUP, keys, values, d, dv, scale, cap, query + k, g);
		}
#undef OF
	}
}

static __attribute__((noinline)) void attn_f32(const char *keys, const char *values, size_t d, size_t dv, float scale,
                                               float cap, const seqk_attn_query *query, size_t nq, group *g)
{
	attn_typed(SEQ_F32, keys, values, d, dv, scale, cap, query, nq, g);
}

/* The block as f32 panels and rows. */
static void widen(int dtype, const char *keys, const char *values, size_t d, size_t dv, float *k, float *v)
{
	size_t panel = seqk_attn_key_bytes(dtype, d) / 4, row = seqk_attn_value_bytes(dtype, dv) / SEQK_ATTN_BLOCK;
	for (size_t p = 0; p < 4; p++)
		for (size_t i = 0; i < d; i++, k += 16) {
			v16 x = key_at(dtype, keys + p * panel, i);
			if (dtype == SEQ_Q8_0)
				x = v_mul(v_load_f16((const uint16_t *)(const void *)(keys + p * panel + d * 16) + i / 32 * 16), x);
			v_store(k, x);
		}
	for (size_t j = 0; j < SEQK_ATTN_BLOCK; j++, v += dv) {
		size_t c = 0;
		for (; c + 16 <= dv; c += 16)
			v_store(v + c, value_at(dtype, values + j * row, c, 16));
		if (c < dv)
			v_storen(v + c, value_at(dtype, values + j * row, c, dv - c), dv - c);
	}
}

static void attn_block(int dtype, const void *keys, const void *values, size_t d, size_t dv, float scale, float cap,
                       const seqk_attn_query *query, size_t nq, void *scratch)
{
	group g = { .s = scratch };
	if (nq > MANY && dtype != SEQ_F32) {
		float *k = (float *)scratch + GROUP * SEQK_ATTN_BLOCK, *v = k + SEQK_ATTN_BLOCK * d;
		widen(dtype, keys, values, d, dv, k, v);
		keys = k, values = v, dtype = SEQ_F32;
	}
	switch (dtype) {
	case SEQ_F16: attn_typed(SEQ_F16, keys, values, d, dv, scale, cap, query, nq, &g); break;
	case SEQ_BF16: attn_typed(SEQ_BF16, keys, values, d, dv, scale, cap, query, nq, &g); break;
	case SEQ_Q8_0: attn_typed(SEQ_Q8_0, keys, values, d, dv, scale, cap, query, nq, &g); break;
	default: attn_f32(keys, values, d, dv, scale, cap, query, nq, &g);
	}
}

static void attn_merge(seqk_attn_acc *a, const seqk_attn_acc *b, size_t dv)
{
	float a1, a2;
	a->m = factors(a->m, b->m, &a1, &a2);
	a->l = fmaf(a->l, a1, b->l * a2);
	for (size_t i = 0; i < dv; i += 16) {
		size_t n = dv - i;
		if (n < 16)
			v_storen(a->o + i, v_fma(v_loadn(a->o + i, n), v_set1(a1), v_mul(v_loadn(b->o + i, n), v_set1(a2))), n);
		else
			v_store(a->o + i, v_fma(v_load(a->o + i), v_set1(a1), v_mul(v_load(b->o + i), v_set1(a2))));
	}
}

static void fill_attn(seqk_table *t)
{
	t->attn_block = attn_block, t->attn_merge = attn_merge;
}
