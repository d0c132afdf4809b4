/* SPDX-License-Identifier: MIT */
/* attn.h: every level has the bits of C; C is near double precision; a query has the same bits alone and in
 * company.  Error: a dot product of d terms, exp of it, a mean of at most 64 values: 1e-5 of the largest value. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkkern.h"
#include "kernel/attn.h"
#include "levels.h"
#include "seq/tensor.h"

enum { DMAX = 160, QMAX = 21, QUERIES = 63, BLOCK = SEQK_ATTN_BLOCK };

static const int types[] = { SEQ_F32, SEQ_F16, SEQ_BF16, SEQ_Q8_0 };

typedef struct input {
	seqk_attn_shape a;
	size_t nq;
	float *q, *o; /* [nq][d], [nq][dv] */
	float bias[QMAX][BLOCK];
	int biased;
	seqk_attn_span span[QMAX];
	float m[QMAX], l[QMAX];
	char *keys, *values;
} input;

typedef struct output {
	float m[QMAX], l[QMAX], o[QMAX * DMAX];
} output;

static void make(input *in, int dtype, size_t d, size_t dv, size_t nq)
{
	float x[DMAX];
	in->a = (seqk_attn_shape){ dtype, d, dv, 1 / sqrtf((float)d), check_random() % 3 ? 0 : 5 };
	in->nq = nq;
	in->keys = calloc(1, seqk_attn_key_bytes(dtype, d));
	in->values = calloc(1, seqk_attn_value_bytes(dtype, dv));
	in->q = malloc(nq * d * 4), in->o = calloc(nq * dv, 4);
	for (size_t j = 0; j < BLOCK; j++) {
		random_floats(x, d, 3);
		seqk_attn_put_key(dtype, in->keys, j, x, d);
		random_floats(x, dv, 3);
		seqk_attn_put_value(dtype, in->values, j, x, dv);
	}
	random_floats(in->q, nq * d, 3);
	in->biased = check_random() % 3 == 0;
	int kind = (int)(check_random() % 3), at = (int)(check_random() % BLOCK);
	for (size_t k = 0; k < nq; k++) {
		seqk_attn_span *s = &in->span[k];
		random_floats(in->bias[k], BLOCK, 3);
		s->lo = kind ? 0 : (int)(check_random() % BLOCK);
		s->hi = kind == 1 ? BLOCK : kind ? at + 1 + (int)k / 4 : s->lo + 1 + (int)(check_random() % (uint64_t)(BLOCK - s->lo));
		s->hi = s->hi > BLOCK ? BLOCK : s->hi;
		in->m[k] = check_random() % 2 ? -INFINITY : 0.5f;
		in->l[k] = in->m[k] == 0.5f ? 3 : 0;
		if (in->l[k] > 0)
			random_floats(in->o + k * dv, dv, 3);
	}
}

/* Queries [first, first + n) of the input. */
static void run(const seqk_table *t, const input *in, size_t first, size_t n, output *out)
{
	size_t d = in->a.d, dv = in->a.dv, bytes = (seqk_attn_scratch(n, dv) + 63) / 64 * 64;
	void *scratch = aligned_alloc(64, bytes);
	memset(scratch, 0xff, bytes); /* NaN: nothing is read that was not written */
	memcpy(out->m + first, in->m + first, n * 4);
	memcpy(out->l + first, in->l + first, n * 4);
	memcpy(out->o + first * dv, in->o + first * dv, n * dv * 4);
	seqk_attn_kv at = { in->keys, in->values };
	seqk_attn_set set = { n, in->q + first * d, in->biased ? in->bias[first] : NULL, in->span + first, out->m + first,
		out->l + first, out->o + first * dv };
	t->attn_block(&in->a, &at, first % 2 ? &at : NULL, &set, scratch);
	free(scratch);
}

static bool same(const output *a, const output *b, size_t nq, size_t dv)
{
	return same_floats(a->m, b->m, nq) && same_floats(a->l, b->l, nq) && same_floats(a->o, b->o, nq * dv);
}

/* Scores of one query in double precision, natural units; returns the largest of them and the start's. */
static double scores(const input *in, size_t k, double *s)
{
	double top = in->m[k] * M_LN2;
	float x[DMAX];
	for (int j = in->span[k].lo; j < in->span[k].hi; j++) {
		seqk_attn_get_key(in->a.dtype, in->keys, (size_t)j, x, in->a.d);
		s[j] = 0;
		for (size_t i = 0; i < in->a.d; i++)
			s[j] += (double)in->q[k * in->a.d + i] * x[i];
		s[j] *= in->a.scale;
		s[j] = in->a.cap > 0 ? in->a.cap * tanh(s[j] / in->a.cap) : s[j];
		s[j] += in->biased ? in->bias[k][j] : 0;
		top = s[j] > top ? s[j] : top;
	}
	return top;
}

/* One query in double precision; returns the largest error of o / l. */
static double far(const input *in, const output *out, size_t k)
{
	size_t dv = in->a.dv;
	double s[BLOCK], o[DMAX], worst = 0, top = scores(in, k, s), start = exp(in->m[k] * M_LN2 - top), l = in->l[k] * start;
	float x[DMAX];
	for (size_t i = 0; i < dv; i++)
		o[i] = in->o[k * dv + i] * start;
	for (int j = in->span[k].lo; j < in->span[k].hi; j++) {
		seqk_attn_get_value(in->a.dtype, in->values, (size_t)j, x, dv);
		l += exp(s[j] - top);
		for (size_t i = 0; i < dv; i++)
			o[i] += exp(s[j] - top) * x[i];
	}
	for (size_t i = 0; i < dv; i++)
		worst = fmax(worst, fabs(o[i] / l - (double)out->o[k * dv + i] / out->l[k]));
	return worst;
}

static void one(const level *l, size_t levels_n, int dtype, size_t d, size_t dv, size_t nq)
{
	static input in;
	static output want, got;
	make(&in, dtype, d, dv, nq);
	run(&l[0].t, &in, 0, nq, &want);
	for (size_t k = 0; k < nq; k++)
		check_that(far(&in, &want, k) <= 3e-5, "attn: C is %g from exact: type %d d %zu dv %zu", far(&in, &want, k), dtype, d,
		           dv);
	for (size_t i = 1; i < levels_n; i++) {
		run(&l[i].t, &in, 0, nq, &got);
		check_that(same(&want, &got, nq, dv), "attn: %s differs from C: type %d d %zu dv %zu queries %zu", l[i].name, dtype,
		           d, dv, nq);
	}
	for (size_t k = 0; k < nq; k++)
		run(&l[levels_n > 1].t, &in, k, 1, &got);
	check_that(same(&want, &got, nq, dv), "attn: queries alone differ: type %d d %zu dv %zu", dtype, d, dv);
	free(in.keys), free(in.values), free(in.q), free(in.o);
}

/* Nine pairs of maxima, and more than sixteen queries. */
static void check_merge(const level *l, size_t n)
{
	enum { SETS = 18, DV = 50 };
	static const float m[3] = { 1.5f, -INFINITY, 0.25f };
	for (size_t dv = 0; dv <= DV; dv += 7) {
		float m2[SETS], l2[SETS], o2[SETS * DV];
		output start, want, got;
		for (size_t k = 0; k < SETS; k++)
			start.m[k] = m[k / 3 % 3], m2[k] = m[k % 3], start.l[k] = 2, l2[k] = 3;
		random_floats(start.o, SETS * DV, 3);
		random_floats(o2, SETS * DV, 3);
		seqk_attn_set b = { .n = SETS, .m = m2, .l = l2, .o = o2 };
		for (size_t i = 0; i < n; i++) {
			got = start;
			seqk_attn_set a = { .n = SETS, .m = got.m, .l = got.l, .o = got.o };
			l[i].t.attn_merge(&a, &b, dv);
			want = i ? want : got;
			check_that(same(&want, &got, SETS, dv), "attn_merge: %s differs from C, dv %zu", l[i].name, dv);
		}
		check_that(want.m[4] == -INFINITY && want.l[4] == 5 && want.m[1] == 1.5f && want.l[1] == 2,
		           "attn_merge: a block that sees nothing changes something");
	}
}

/* What is put is what attention sees: within half a unit of the type. */
static void check_put(void)
{
	static const float unit[] = { 0, 0x1p-11f, 0x1p-8f, 0.5f / 127 * 1.01f };
	for (size_t k = 0; k < 4; k++)
		for (size_t d = 1; d < 70; d += 3) {
			float x[70], y[70];
			char *p = calloc(1, seqk_attn_value_bytes(types[k], d) + seqk_attn_key_bytes(types[k], d));
			random_floats(x, d, 1);
			float bound = unit[k];
			seqk_attn_put_key(types[k], p, d % 64, x, d);
			seqk_attn_get_key(types[k], p, d % 64, y, d);
			for (size_t i = 0; i < d; i++)
				check_that(fabsf(x[i] - y[i]) <= bound, "put_key: type %d", types[k]);
			memset(p, 0, seqk_attn_key_bytes(types[k], d));
			seqk_attn_put_value(types[k], p, d % 64, x, d);
			seqk_attn_get_value(types[k], p, d % 64, y, d);
			for (size_t i = 0; i < d; i++)
				check_that(fabsf(x[i] - y[i]) <= bound, "put_value: type %d", types[k]);
			free(p);
		}
}

static void check(void)
{
	static const size_t dims[] = { 1, 7, 16, 33, 64, 80, 128, 160 };
	size_t n;
	const level *l = levels(&n);
	for (size_t k = 0; k < 4; k++)
		for (size_t i = 0; i < 8; i++)
			for (size_t nq = 1; nq <= QMAX; nq += nq < 8 ? 1 : 6)
				one(l, n, types[k], dims[i], dims[(i + nq) % 8], nq);
	check_merge(l, n);
	check_put();
}

/* Queries at the end of a cache of so many positions: 64 MB at least, so that no CPU's caches hold it. */
typedef struct job {
	const seqk_table *t;
	seqk_attn_shape a;
	size_t nq, blocks, kb, vb;
	char *cache;
	seqk_attn_set set;
	void *scratch;
} job;

static seqk_attn_kv place(const job *j, size_t b)
{
	char *p = j->cache + b * (j->kb + j->vb);
	return (seqk_attn_kv){ p, p + j->kb };
}

static void pass(void *p)
{
	job *j = p;
	for (size_t b = 0; b < j->blocks; b++) {
		seqk_attn_kv at = place(j, b), next = place(j, b + 1 < j->blocks ? b + 1 : 0);
		j->t->attn_block(&j->a, &at, &next, &j->set, j->scratch);
	}
}

static void bench_one(const level *l, int dtype, size_t d, size_t nq)
{
	float m[QUERIES], sum[QUERIES] = { 0 };
	seqk_attn_span span[QUERIES];
	job j = { .t = &l->t, .a = { dtype, d, d, 0.1f, 0 }, .nq = nq, .kb = seqk_attn_key_bytes(dtype, d),
		      .vb = seqk_attn_value_bytes(dtype, d) };
	j.blocks = ((size_t)64 << 20) / (j.kb + j.vb) / (nq > 8 ? 16 : 1);
	j.cache = aligned_alloc(64, j.blocks * (j.kb + j.vb));
	float *q = calloc(nq, d * 4), *o = calloc(nq, d * 4);
	j.scratch = aligned_alloc(64, (seqk_attn_scratch(nq, d) + 63) / 64 * 64);
	for (size_t k = 0; k < nq; k++)
		m[k] = -INFINITY, span[k] = (seqk_attn_span){ 0, BLOCK };
	j.set = (seqk_attn_set){ nq, q, NULL, span, m, sum, o };
	memset(j.cache, 0, j.blocks * (j.kb + j.vb));
	double s = check_time(pass, &j), bytes = (double)(j.blocks * (j.kb + j.vb)), flop = 4. * BLOCK * (double)(j.blocks * d * nq);
	printf("attn %-4s d %3zu queries %3zu %-8s %6.2f GB/s %3.0f %% %7.2f GFLOP/s %3.0f %%\n", seq_dtype_get(dtype)->name, d, nq,
	       l->name, bytes / s * 1e-9, 100 * bytes / s / check_peaks()->read, flop / s * 1e-9, 100 * flop / s / check_peaks()->fma);
	free(j.cache), free(q), free(o), free(j.scratch);
}

/* Query heads of a key head at a step, and a tile of a prompt. */
static void bench(void)
{
	static const size_t nq[] = { 1, 4, 7, 8, QUERIES };
	size_t n;
	const level *l = levels(&n);
	for (size_t i = 1; i < n; i++)
		for (size_t k = 0; l[i].native && k < 4; k++)
			for (size_t d = 64; d <= 128; d += 64)
				for (size_t a = 0; a < 5; a++)
					bench_one(&l[i], types[k], d, nq[a]);
}

const check_family check_attn = { "attn", check, bench };
