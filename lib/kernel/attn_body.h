/* SPDX-License-Identifier: MIT */
/* The attention of attn.h, once for all levels.  Included after a lanes_*.h.
 *
 * Three phases: scores of all queries, softmax of all, values of all.  In the first and the last, groups of up to six
 * queries share the loads of keys and values; that cannot be seen in the result: every query has its own accumulators.
 * The values are fetched ahead while the scores are made, the next block's keys after that. */
#include "kernel/attn_place.h"
#include "kernel/math_body.h"
#include "kernel/part_body.h"
#include "kernel/table.h"

enum { BLOCK = SEQK_ATTN_BLOCK, GROUP = SEQP_ATTN_GROUP, LINE = 64 };

/* Bytes to be fetched ahead, and how many with each piece of the work. */
typedef struct ahead {
	const char *p;
	size_t bytes;
} ahead;

/* A call. */
typedef struct work {
	const seqk_attn_set *set;
	size_t d, dv;
	seqp_attn_room room;
	const char *keys, *values;
	size_t panel, row;     /* bytes of a panel of keys, of a row of values */
	const char *key_scale; /* of the first panel */
	size_t scale_step;     /* bytes from a panel's scales to the next */
	ahead next_keys, next_values; /* with each 16 x 32 numbers */
} work;

/* Some queries of a set, and the positions that any, and that all of them see. */
typedef struct group {
	const float *q;     /* [][d] */
	const seqk_attn_span *span;
	float *s;           /* [][64] scores, then p */
	const float *a1, *a2; /* factors of the merge */
	float *o;
	int first, last, all_lo, all_hi;
	ahead keys, values;
} group;

static size_t size_of(int type)
{
	return type == SEQ_F32 ? 4 : type == SEQ_Q8_0 ? 1 : 2;
}

/* n pieces further. */
LANES void bring(ahead *a, size_t n)
{
	if (!a->p)
		return;
	const char *end = a->p + n * a->bytes;
	for (; a->p < end; a->p += LINE)
		__builtin_prefetch(a->p);
}

/* V_REG numbers from the i-th on. */
LANES vreg reg_at(int type, const char *p, size_t i)
{
	switch (type) {
	case SEQ_F16: return r_load_f16((const uint16_t *)(const void *)p + i);
	case SEQ_BF16: return r_load_bf16((const uint16_t *)(const void *)p + i);
	case SEQ_Q8_0: return r_load_i8((const int8_t *)p + i);
	default: return r_load((const float *)(const void *)p + i);
	}
}

/* acc[j][u] += x[j] y[u] with y[u] = V_REG numbers from p + u * step on; whichever are fewer wait in registers.  A half
 * panel of keys (the odd register of 8) follows its first half. */
LANES void outer(int type, int G, int U, const float *x, size_t stride, const char *p, size_t step, vreg *acc)
{
	vreg wait[8];
#define AT(u) reg_at(type, p + (size_t)((u) * V_REG / 16) * step, (size_t)((u) * V_REG % 16))
	if (G < U) {
		UNROLL for (int j = 0; j < G; j++)
			wait[j] = r_keep(r_set1(x[(size_t)j * stride]));
		UNROLL for (int u = 0; u < U; u++) {
			vreg y = r_keep(AT(u));
			UNROLL for (int j = 0; j < G; j++)
				acc[j * U + u] = r_fma(wait[j], y, acc[j * U + u]);
		}
		return;
	}
	UNROLL for (int u = 0; u < U; u++)
		wait[u] = AT(u);
	UNROLL for (int j = 0; j < G; j++) {
		vreg b = r_set1(x[(size_t)j * stride]);
		UNROLL for (int u = 0; u < U; u++)
			acc[j * U + u] = r_fma(b, wait[u], acc[j * U + u]);
	}
#undef AT
}

/* The products of steps [i0, i1) of d, with U units of keys. */
LANES void score_steps(int type, int G, int U, const char *keys, size_t panel, const float *q, size_t d, size_t i0, size_t i1,
                       vreg *acc)
{
	for (size_t i = i0; i < i1; i++)
		outer(type, G, U, q + i, d, keys + 16 * i * size_of(type), panel, acc);
}

/* s += scale * acc, and acc = 0: the end of 32 codes. */
LANES void score_scale(int G, int U, const char *scale, size_t step, float *s, vreg *acc)
{
	UNROLL for (int u = 0; u < U; u++) {
		const char *at = scale + (size_t)(u * V_REG / 16) * step;
		vreg f = r_load_f16((const uint16_t *)(const void *)at + u * V_REG % 16);
		UNROLL for (int j = 0; j < G; j++) {
			float *to = s + j * BLOCK + u * V_REG;
			r_store(to, r_fma(f, acc[j * U + u], r_load(to)));
			acc[j * U + u] = r_set1(0);
		}
	}
}

LANES void score_store(int G, int U, float *s, const vreg *acc)
{
	UNROLL for (int j = 0; j < G; j++)
		UNROLL for (int u = 0; u < U; u++)
			r_store(s + j * BLOCK + u * V_REG, acc[j * U + u]);
}

/* Dot products of G queries with U units of keys, from a slot that is a multiple of 16 on. */
LANES void score_tile(int type, int G, int U, const work *w, group *g, int slot)
{
	const char *keys = w->keys + (size_t)slot / 16 * w->panel, *scale = w->key_scale + (size_t)slot / 16 * w->scale_step;
	float *s = g->s + slot;
	vreg acc[GROUP * 8];
	UNROLL for (int j = 0; j < G * U; j++)
		acc[j] = r_set1(0);
	if (type == SEQ_Q8_0)
		score_store(G, U, s, acc);
	for (size_t i = 0; i < w->d; i += 32, scale += 32) {
		bring(&g->values, (size_t)(U * V_REG / 16));
		score_steps(type, G, U, keys, w->panel, g->q, w->d, i, w->d - i < 32 ? w->d : i + 32, acc);
		if (type == SEQ_Q8_0)
			score_scale(G, U, scale, w->scale_step, s, acc);
	}
	if (type != SEQ_Q8_0)
		score_store(G, U, s, acc);
}

LANES void scores(int type, int G, const work *w, group *g)
{
	int slot = g->first / 16 * 16, end = (g->last + 15) / 16 * 16, U = V_REGS(G);
	for (; slot + U * V_REG <= end; slot += U * V_REG)
		score_tile(type, G, U, w, g, slot);
	for (; slot < end; slot += 16)
		score_tile(type, G, 16 / V_REG, w, g, slot);
}

/* Rows [j0, j1) of values, for all of G queries. */
LANES void value_rows(int type, int G, int U, const char *values, size_t row, const float *p, int j0, int j1, vreg *acc)
{
	for (int j = j0; j < j1; j++)
		outer(type, G, U, p + j, BLOCK, values + (size_t)j * row, 16 * size_of(type), acc);
}

/* The same for those that see them. */
LANES void value_rows_some(int type, int G, int U, const char *values, size_t row, const group *g, const float *p, int j0,
                           int j1, vreg *acc)
{
	for (int j = j0; j < j1; j++)
		UNROLL for (int k = 0; k < G; k++)
			if (j >= g->span[k].lo && j < g->span[k].hi)
				value_rows(type, 1, U, values, row, p + k * BLOCK, j, j + 1, acc + k * U);
}

LANES void merge_o(float *o, const vreg *acc, int U, float a1, float a2)
{
	UNROLL for (int u = 0; u < U; u++, o += V_REG)
		r_store(o, r_fma(r_load(o), r_set1(a1), r_mul(acc[u], r_set1(a2))));
}

/* Columns [c, c + U units), the first of them at values: o of the block, merged into the running o. */
LANES void value_tile(int type, int G, int U, const char *values, const work *w, group *g, const float *p, size_t c)
{
	vreg acc[GROUP * 8];
	UNROLL for (int k = 0; k < G * U; k++)
		acc[k] = r_set1(0);
	value_rows_some(type, G, U, values, w->row, g, p, g->first, g->all_lo, acc);
	for (int j = g->all_lo, end; j < g->all_hi; j = end) {
		end = g->all_hi - j < 32 ? g->all_hi : j + 32;
		bring(&g->keys, (size_t)(U * V_REG / 16));
		value_rows(type, G, U, values, w->row, p, j, end, acc);
	}
	value_rows_some(type, G, U, values, w->row, g, p, g->all_hi, g->last, acc);
	UNROLL for (int k = 0; k < G; k++)
		merge_o(g->o + (size_t)k * w->dv + c, acc + k * U, U, g->a1[k], g->a2[k]);
}

/* The last n < 16 columns of one query. */
static void value_rest(int type, const char *values, const work *w, const group *g, const float *p, int k, size_t c, size_t n)
{
	char rest[64] = { 0 };
	float x[16] = { 0 }, *o = g->o + (size_t)k * w->dv + c;
	v16 acc = v_zero();
	for (int j = g->span[k].lo; j < g->span[k].hi; j++) {
		memcpy(rest, values + (size_t)j * w->row, n * size_of(type));
		for (int u = 0; u < 16; u += V_REG)
			r_store(x + u, reg_at(type, rest, (size_t)u));
		acc = v_fma(v_set1(p[k * BLOCK + j]), v_load(x), acc);
	}
	v_storen(o, v_fma(v_loadn(o, n), v_set1(g->a1[k]), v_mul(acc, v_set1(g->a2[k]))), n);
}

/* Columns [c, end), the first of them at values. */
LANES void columns(int type, int G, const char *values, const work *w, group *g, const float *p, size_t c, size_t end)
{
	size_t U = V_REGS(G), bytes = size_of(type);
	for (; c + U * V_REG <= end; c += U * V_REG, values += U * V_REG * bytes)
		value_tile(type, G, (int)U, values, w, g, p, c);
	for (; c + 16 <= end; c += 16, values += 16 * bytes)
		value_tile(type, G, 16 / V_REG, values, w, g, p, c);
	for (int k = 0; c < end && k < G; k++)
		value_rest(type, values, w, g, p, k, c, end - c);
}

/* p times the scales of 32 columns. */
LANES const float *weigh(int G, const work *w, const group *g, size_t c)
{
	const float *scale = w->room.scale + c / 32 * BLOCK;
	for (int j = 0; j < G * BLOCK; j += 16)
		v_store(w->room.weight + j, v_mul(v_load(g->s + j), v_load(scale + j % BLOCK)));
	return w->room.weight;
}

LANES void values(int type, int G, const work *w, group *g)
{
	if (type != SEQ_Q8_0) {
		columns(type, G, w->values, w, g, g->s, 0, w->dv);
		return;
	}
	const char *at = w->values + 2;
	for (size_t c = 0; c < w->dv; c += 32, at += 34)
		columns(type, G, at, w, g, weigh(G, w, g, c), c, w->dv - c < 32 ? w->dv : c + 32);
}

static group make_group(const work *w, size_t k, size_t n)
{
	group g = { w->set->q + k * w->d, w->set->span + k, w->room.s + k * BLOCK, w->room.a1 + k, w->room.a2 + k,
		w->set->o + k * w->dv, BLOCK, 0, 0, BLOCK, { 0 }, { 0 } };
	for (size_t j = 0; j < n; j++) {
		int lo = g.span[j].lo, hi = g.span[j].hi;
		g.first = lo < g.first ? lo : g.first, g.last = hi > g.last ? hi : g.last;
		g.all_lo = lo > g.all_lo ? lo : g.all_lo, g.all_hi = hi < g.all_hi ? hi : g.all_hi;
	}
	if (g.all_lo >= g.all_hi)
		g.all_lo = g.all_hi = g.last;
	if (k == 0)
		g.keys = w->next_keys, g.values = w->next_values;
	return g;
}

/* Queries are spread evenly over as few groups as will do. */
static size_t next_group(size_t left)
{
	size_t groups = (left + GROUP - 1) / GROUP;
	return (left + groups - 1) / groups;
}

#ifdef ATTN_ONE_COPY /* where code counts more than speed */
#define WITH_GROUP(call, n) call(type, (int)(n), w, &g);
#else
#define WITH_TYPE(call, G) \
	switch (type) { \
	case SEQ_F16: call(SEQ_F16, G, w, &g); break; \
	case SEQ_BF16: call(SEQ_BF16, G, w, &g); break; \
	case SEQ_Q8_0: call(SEQ_Q8_0, G, w, &g); break; \
	default: call(SEQ_F32, G, w, &g); \
	}
#define WITH_GROUP(call, n) \
	switch (n) { \
	case 1: WITH_TYPE(call, 1) break; \
	case 2: WITH_TYPE(call, 2) break; \
	case 3: WITH_TYPE(call, 3) break; \
	case 4: WITH_TYPE(call, 4) break; \
	case 5: WITH_TYPE(call, 5) break; \
	default: WITH_TYPE(call, 6) \
	}
#endif

static __attribute__((noinline)) void all_scores(int type, const work *w)
{
	for (size_t k = 0, n; k < w->set->n; k += n) {
		group g = make_group(w, k, n = next_group(w->set->n - k));
		WITH_GROUP(scores, n)
	}
}

static __attribute__((noinline)) void all_values(int type, const work *w)
{
	for (size_t k = 0, n; k < w->set->n; k += n) {
		group g = make_group(w, k, n = next_group(w->set->n - k));
		WITH_GROUP(values, n)
	}
}

/* 2^x for x <= 0 (or little above): 0 below 2^-126; NaN stays NaN. */
LANES v16 v_power(v16 x)
{
	v16 y = v_sel(v_lt(x, v_set1(-126)), v_zero(), v_exp2_neg(x));
	return v_sel(v_nle(x, v_set1(127)), x, y);
}

LANES m16 seen(seqk_attn_span s, int slot)
{
	return v_range(s.lo - slot, s.hi - slot);
}

/* dot products to y where there is a cap or a bias. */
static void bend(const seqk_attn_shape *a, float *s, const float *bias)
{
	v16 c = v_set1(a->scale * LOG2E), cap = v_set1(a->cap), high = v_set1(a->cap * LOG2E);
	for (int j = 0; j < BLOCK; j += 16) {
		v16 y = v_load(s + j);
		y = a->cap > 0 ? v_mul(high, v_tanh(v_div(v_mul(v_set1(a->scale), y), cap))) : v_mul(c, y);
		if (bias)
			y = v_fma(v_load(bias + j), v_set1(LOG2E), y);
		v_store(s + j, y);
	}
}

/* The largest c * s over the visible. */
LANES float highest(const float *s, float c, seqk_attn_span span)
{
	v16 low = v_set1(-INFINITY), top = low;
	int all = span.lo == 0 && span.hi == BLOCK;
	for (int j = span.lo / 16 * 16; j < span.hi; j += 16) {
		v16 y = v_mul(v_set1(c), v_load(s + j));
		top = v_max(all ? y : v_sel(seen(span, j), y, low), top);
	}
	return v_top(top);
}

/* s to p = 2^(c s - m); returns their sum. */
LANES float soften(float *s, float c, float m, seqk_attn_span span)
{
	v16 shift = v_set1(m == -INFINITY ? 0 : -m), sum = v_zero();
	int all = span.lo == 0 && span.hi == BLOCK;
	for (int j = span.lo / 16 * 16; j < span.hi; j += 16) {
		v16 e = v_power(v_fma(v_set1(c), v_load(s + j), shift));
		e = all ? e : v_sel(seen(span, j), e, v_zero());
		sum = v_add(sum, e);
		v_store(s + j, e);
	}
	return v_sum(sum);
}

/* Up to sixteen merges of (m2, l2) into (m1, l1); equal maxima (also -inf) leave both as they are. */
LANES void factors(float *m1, float *l1, const float *m2, const float *l2, float *a1, float *a2, size_t n)
{
	v16 x = v_loadn(m1, n), y = v_loadn(m2, n), top = v_max(x, y), one = v_set1(1);
	x = v_sel(v_eq(x, top), one, v_power(v_sub(x, top)));
	y = v_sel(v_eq(y, top), one, v_power(v_sub(y, top)));
	v_storen(m1, top, n);
	v_storen(l1, v_fma(v_loadn(l1, n), x, v_mul(v_loadn(l2, n), y)), n);
	v_storen(a1, x, n);
	v_storen(a2, y, n);
}

static __attribute__((noinline)) void softmax(const seqk_attn_shape *a, const work *w)
{
	const seqk_attn_set *set = w->set;
	const seqp_attn_room *r = &w->room;
	float c = a->scale * LOG2E;
	if (a->cap > 0 || set->bias) {
		for (size_t k = 0; k < set->n; k++)
			bend(a, r->s + k * BLOCK, set->bias ? set->bias + k * BLOCK : NULL);
		c = 1;
	}
	for (size_t k = 0; k < set->n; k++)
		r->m[k] = highest(r->s + k * BLOCK, c, set->span[k]);
	for (size_t k = 0; k < set->n; k++)
		r->l[k] = soften(r->s + k * BLOCK, c, r->m[k], set->span[k]);
	for (size_t k = 0; k < set->n; k += 16)
		factors(set->m + k, set->l + k, r->m + k, r->l + k, r->a1 + k, r->a2 + k, set->n - k < 16 ? set->n - k : 16);
}

/* The scales of values, [64] of 32 columns after [64] of 32 columns. */
static void list_scales(const work *w)
{
	float *to = w->room.scale;
	for (size_t c = 0; c < w->dv; c += 32, to += BLOCK) {
		uint16_t h[BLOCK];
		const char *at = w->values + c / 32 * 34;
		for (size_t j = 0; j < BLOCK; j++)
			memcpy(h + j, at + j * w->row, 2);
		for (size_t j = 0; j < BLOCK; j += 16)
			v_store(to + j, v_load_f16(h + j));
	}
}

static void plan_fetches(work *w, const seqk_attn_shape *a, const seqk_attn_kv *next)
{
	size_t k = 2 * ((w->dv + 15) / 16), v = 4 * ((w->d + 31) / 32);
	w->next_values = (ahead){ w->values, seqk_attn_value_bytes(a->dtype, w->dv) / v };
	if (next)
		w->next_keys = (ahead){ next->keys, seqk_attn_key_bytes(a->dtype, w->d) / k };
}

static void attn_block(const seqk_attn_shape *a, const seqk_attn_kv *at, const seqk_attn_kv *next, const seqk_attn_set *set,
                       void *scratch)
{
	work w = { .set = set, .d = a->d, .dv = a->dv, .keys = at->keys, .values = at->values };
	w.room = seqp_attn_rooms(scratch, set->n, a->dv);
	w.panel = w.scale_step = seqk_attn_key_bytes(a->dtype, a->d) / 4;
	w.row = seqk_attn_value_bytes(a->dtype, a->dv) / BLOCK;
	w.key_scale = w.keys + 16 * a->d;
	plan_fetches(&w, a, next);
	all_scores(a->dtype, &w);
	softmax(a, &w);
	if (a->dtype == SEQ_Q8_0)
		list_scales(&w);
	all_values(a->dtype, &w);
}

static void attn_merge(const seqk_attn_set *a, const seqk_attn_set *b, size_t dv)
{
	float a1[16], a2[16];
	for (size_t k = 0; k < a->n; k++) {
		float *o = a->o + k * dv;
		const float *p = b->o + k * dv;
		if (k % 16 == 0)
			factors(a->m + k, a->l + k, b->m + k, b->l + k, a1, a2, a->n - k < 16 ? a->n - k : 16);
		v16 x = v_set1(a1[k % 16]), y = v_set1(a2[k % 16]);
		size_t i = 0;
		for (; i + 16 <= dv; i += 16)
			v_store(o + i, v_fma(v_load(o + i), x, v_mul(v_load(p + i), y)));
		if (i < dv)
			v_storen(o + i, v_fma(v_loadn(o + i, dv - i), x, v_mul(v_loadn(p + i, dv - i), y)), dv - i);
	}
}

static void fill_attn(seqk_table *t)
{
	t->attn_block = attn_block, t->attn_merge = attn_merge;
}
