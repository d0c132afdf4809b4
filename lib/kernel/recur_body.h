/* SPDX-License-Identifier: MIT */
/* recur.h, once for all levels.  Included after a lanes_*.h.
 *
 * Sixteen columns of the state at a time march through a span of tokens, copied close together so that
 * rows a power of two apart do not push each other out of L1; a step alone works in place. */
#include "kernel/part_body.h"
#include "kernel/recur.h"
#include "kernel/table.h"

enum { RECUR_SPAN = 64, RECUR_ROWS = 160, CHAINS = 4 };

/* Sixteen columns of the state (m of them there): row i at S + i * ld. */
typedef struct recur_tile {
	float *S;
	size_t ld, K, m;
} recur_tile;

LANES v16 recur_sum(const v16 *c) { return v_add(v_add(c[0], c[2]), v_add(c[1], c[3])); }

/* row S */
LANES v16 recur_read(recur_tile s, const float *row)
{
	v16 c[CHAINS];
	size_t i = 0;
	UNROLL for (int j = 0; j < CHAINS; j++)
		c[j] = v_zero();
	for (; i + CHAINS <= s.K; i += CHAINS)
		UNROLL for (int j = 0; j < CHAINS; j++)
			c[j] = v_fma(v_set1(row[i + (size_t)j]), v_part(s.S + (i + (size_t)j) * s.ld, s.m), c[j]);
	for (int j = 0; i < s.K; i++, j++)
		c[j] = v_fma(v_set1(row[i]), v_part(s.S + i * s.ld, s.m), c[j]);
	return recur_sum(c);
}

/* What one token does to the rows. */
typedef struct recur_token {
	const float *q, *k, *a, *x;
	v16 a1, v, e;
} recur_token;

enum recur_decay { KEEP, ONE, COLUMN, EACH };

LANES v16 recur_row(enum seqk_recur_rule rule, enum recur_decay decay, const recur_token *t, size_t i, v16 s)
{
	if (decay != KEEP)
		s = v_mul(decay == EACH ? v_set1(t->a[i]) : t->a1, s);
	if (rule == SEQK_RANK1)
		s = v_fma(v_set1(t->x[i]), t->e, s);
	return v_fma(v_set1(t->k[i]), t->v, s);
}

/* The new state, read by q on the way. */
LANES v16 recur_write(enum seqk_recur_rule rule, enum recur_decay decay, bool read, const recur_token *t, recur_tile s)
{
	v16 c[CHAINS];
	size_t i = 0;
	UNROLL for (int j = 0; j < CHAINS; j++)
		c[j] = v_zero();
	for (; i + CHAINS <= s.K; i += CHAINS)
		UNROLL for (int j = 0; j < CHAINS; j++) {
			float *at = s.S + (i + (size_t)j) * s.ld;
			v16 r = recur_row(rule, decay, t, i + (size_t)j, v_part(at, s.m));
			v_put_part(at, r, s.m);
			if (read)
				c[j] = v_fma(v_set1(t->q[i + (size_t)j]), r, c[j]);
		}
	for (int j = 0; i < s.K; i++, j++) {
		v16 r = recur_row(rule, decay, t, i, v_part(s.S + i * s.ld, s.m));
		v_put_part(s.S + i * s.ld, r, s.m);
		if (read)
			c[j] = v_fma(v_set1(t->q[i]), r, c[j]);
	}
	return recur_sum(c);
}

#ifdef RECUR_ONE_COPY /* where code counts more than speed */
#define RECUR static __attribute__((noinline))
#else
#define RECUR LANES
#endif

/* Tokens [t0, t1), columns [c, c + m). */
RECUR void recur_march(enum seqk_recur_rule rule, enum recur_decay decay, const seqk_recur *r, recur_tile s, size_t c,
                       size_t m, size_t t0, size_t t1)
{
	for (size_t t = t0; t < t1 && rule == SEQK_READ; t++)
		v_put_part(r->o + t * r->ldo + c, recur_read(s, r->q + t * r->ldq), m);
	for (size_t t = t0; t < t1 && rule != SEQK_READ; t++) {
		recur_token k = {.q = r->q ? r->q + t * r->ldq : NULL, .k = r->k + t * r->ldk, .a = r->a ? r->a + t * r->lda : NULL,
			.x = rule == SEQK_RANK1 ? r->x + t * r->ldx : NULL, .a1 = v_set1(decay == ONE ? r->a1[t * r->lda1] : 1)};
		if (decay == COLUMN)
			k.a1 = v_part(r->av + t * r->ldav + c, m);
		k.v = v_part(r->v + t * r->ldv + c, m);
		float *o = r->o + t * r->ldo + c;
		if (rule == SEQK_OUTER && r->before) {
			v_put_part(o, v_fma(v_set1(r->bonus[t * r->ldbonus]), k.v, recur_read(s, k.q)), m);
			recur_write(rule, decay, false, &k, s);
			continue;
		}
		if (rule != SEQK_OUTER)
			k.e = recur_read(s, r->p + t * r->ldp);
		if (rule == SEQK_DELTA)
			k.v = v_mul(v_set1(r->beta[t * r->ldbeta]), v_sub(k.v, k.e));
		if (k.q)
			v_put_part(o, recur_write(rule, decay, true, &k, s), m);
		else
			recur_write(rule, decay, false, &k, s);
	}
}

LANES void recur_columns(enum seqk_recur_rule rule, enum recur_decay decay, const seqk_recur *r, size_t c, size_t m,
                         size_t t0, size_t t1)
{
	float near[RECUR_ROWS][16];
	float *S = r->S + c;
	bool copy = (m < 16 || t1 - t0 > 2) && r->K <= RECUR_ROWS;
	for (size_t i = 0; i < r->K && copy; i++)
		v_store(near[i], v_part(S + i * r->V, m));
	recur_tile s = copy ? (recur_tile){near[0], 16, r->K, 16} : (recur_tile){S, r->V, r->K, m};
	if (m == 16)
		s.m = 16; /* known when compiled */
	recur_march(rule, decay, r, s, c, m, t0, t1);
	for (size_t i = 0; i < r->K && copy; i++)
		v_put_part(S + i * r->V, v_load(near[i]), m);
}

LANES void recur_rule(enum seqk_recur_rule rule, enum recur_decay decay, const seqk_recur *r, size_t v0, size_t v1)
{
	for (size_t t = 0; t < r->n; t += RECUR_SPAN) {
		size_t c = v0, end = t + RECUR_SPAN < r->n ? t + RECUR_SPAN : r->n;
		for (; c + 16 <= v1; c += 16)
			recur_columns(rule, decay, r, c, 16, t, end);
		if (c < v1)
			recur_columns(rule, decay, r, c, v1 - c, t, end);
	}
}

#define RULE(name, rule) \
	static void recur_##name(const seqk_recur *r, size_t v0, size_t v1) \
	{ \
		if (r->a) \
			recur_rule(rule, EACH, r, v0, v1); \
		else if (r->a1) \
			recur_rule(rule, ONE, r, v0, v1); \
		else \
			recur_rule(rule, KEEP, r, v0, v1); \
	}
RULE(outer_rows, SEQK_OUTER)
RULE(delta, SEQK_DELTA)
RULE(rank1, SEQK_RANK1)
#undef RULE

static void recur_outer(const seqk_recur *r, size_t v0, size_t v1)
{
	if (r->av)
		recur_rule(SEQK_OUTER, COLUMN, r, v0, v1);
	else
		recur_outer_rows(r, v0, v1);
}

static void recur_look(const seqk_recur *r, size_t v0, size_t v1)
{
	recur_rule(SEQK_READ, KEEP, r, v0, v1);
}

static void recur(const seqk_recur *r, size_t v0, size_t v1)
{
	switch (r->rule) {
	case SEQK_OUTER: recur_outer(r, v0, v1); break;
	case SEQK_DELTA: recur_delta(r, v0, v1); break;
	case SEQK_RANK1: recur_rank1(r, v0, v1); break;
	case SEQK_READ: recur_look(r, v0, v1); break;
	}
}

static void fill_recur(seqk_table *t)
{
	t->recur = recur;
}
