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

enum { DMAX = 160, QMAX = 21, BLOCK = SEQK_ATTN_BLOCK };

static const int types[] = { SEQ_F32, SEQ_F16, SEQ_BF16, SEQ_Q8_0 };

typedef struct input {
	int dtype;
	size_t d, dv, nq;
	float scale, cap;
	float q[QMAX][DMAX], bias[QMAX][BLOCK];
	int lo[QMAX], hi[QMAX], biased[QMAX];
	seqk_attn_acc start[QMAX];
	float o[QMAX][DMAX];
	char *keys, *values;
} input;

typedef struct output {
	float m[QMAX], l[QMAX], o[QMAX][DMAX];
} output;

static void make(input *in, int dtype, size_t d, size_t dv, size_t nq)
{
	float x[DMAX];
	in->dtype = dtype, in->d = d, in->dv = dv, in->nq = nq;
	in->scale = 1 / sqrtf((float)d), in->cap = check_random() % 3 ? 0 : 5;
	in->keys = calloc(1, seqk_attn_key_bytes(dtype, d));
	in->values = calloc(1, seqk_attn_value_bytes(dtype, dv));
	for (size_t j = 0; j < BLOCK; j++) {
		random_floats(x, d, 3);
		seqk_attn_put_key(dtype, in->keys, j, x, d);
		random_floats(x, dv, 3);
		seqk_attn_put_value(dtype, in->values, j, x, dv);
	}
	int causal = check_random() % 2, at = (int)(check_random() % BLOCK);
	for (size_t k = 0; k < nq; k++) {
		random_floats(in->q[k], d, 3);
		random_floats(in->bias[k], BLOCK, 3);
		random_floats(in->o[k], dv, 3);
		in->biased[k] = check_random() % 3 == 0;
		in->lo[k] = causal ? 0 : (int)(check_random() % BLOCK);
		in->hi[k] = causal ? at + 1 + (int)k / 4 : in->lo[k] + 1 + (int)(check_random() % (uint64_t)(BLOCK - in->lo[k]));
		in->hi[k] = in->hi[k] > BLOCK ? BLOCK : in->hi[k];
		in->start[k].m = check_random() % 2 ? -INFINITY : 0.5f;
		in->start[k].l = in->start[k].m == 0.5f ? 3 : 0;
		if (in->start[k].l == 0)
			memset(in->o[k], 0, sizeof in->o[k]);
	}
}

static void run(const seqk_table *t, const input *in, size_t first, size_t n, output *out)
{
	seqk_attn_query query[QMAX];
	seqk_attn_acc acc[QMAX];
	void *scratch = malloc(seqk_attn_scratch(n, in->d, in->dv));
	for (size_t k = first; k < first + n; k++) {
		memcpy(out->o[k], in->o[k], sizeof in->o[k]);
		acc[k] = (seqk_attn_acc){ in->start[k].m, in->start[k].l, out->o[k] };
		query[k] = (seqk_attn_query){ in->q[k], in->biased[k] ? in->bias[k] : NULL, in->lo[k], in->hi[k], &acc[k] };
	}
	t->attn_block(in->dtype, in->keys, in->values, in->d, in->dv, in->scale, in->cap, query + first, n, scratch);
	for (size_t k = first; k < first + n; k++)
		out->m[k] = acc[k].m, out->l[k] = acc[k].l;
	free(scratch);
}

static bool same(const output *a, const output *b, size_t nq, size_t dv)
{
	bool ok = same_floats(a->m, b->m, nq) && same_floats(a->l, b->l, nq);
	for (size_t k = 0; k < nq; k++)
		ok = ok && same_floats(a->o[k], b->o[k], dv);
	return ok;
}

/* One query in double precision; returns the largest error of o / l. */
static double far(const input *in, const output *out, size_t k)
{
	double s[BLOCK], top = in->start[k].m, l, o[DMAX], worst = 0;
	float x[DMAX];
	for (int j = in->lo[k]; j < in->hi[k]; j++) {
		seqk_attn_get_key(in->dtype, in->keys, (size_t)j, x, in->d);
		s[j] = 0;
		for (size_t i = 0; i < in->d; i++)
			s[j] += (double)in->q[k][i] * x[i];
		s[j] *= in->scale;
		s[j] = in->cap > 0 ? in->cap * tanh(s[j] / in->cap) : s[j];
		s[j] += in->biased[k] ? in->bias[k][j] : 0;
		top = s[j] > top ? s[j] : top;
	}
	l = in->start[k].l * exp(in->start[k].m - top);
	for (size_t i = 0; i < in->dv; i++)
		o[i] = in->o[k][i] * exp(in->start[k].m - top);
	for (int j = in->lo[k]; j < in->hi[k]; j++) {
		seqk_attn_get_value(in->dtype, in->values, (size_t)j, x, in->dv);
		l += exp(s[j] - top);
		for (size_t i = 0; i < in->dv; i++)
			o[i] += exp(s[j] - top) * x[i];
	}
	for (size_t i = 0; i < in->dv; i++)
		worst = fmax(worst, fabs(o[i] / l - (double)out->o[k][i] / out->l[k]));
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
	free(in.keys);
	free(in.values);
}

static void check_merge(const level *l, size_t n)
{
	float m[3] = { 1.5f, -INFINITY, 0.25f };
	for (int p = 0; p < 9; p++)
		for (size_t dv = 0; dv < 50; dv += 7) {
			float o1[50], o2[50], want[50], got[50];
			random_floats(o1, 50, 3);
			random_floats(o2, 50, 3);
			memcpy(want, o1, sizeof want);
			seqk_attn_acc a = { m[p / 3], 2, want }, b = { m[p % 3], 3, o2 };
			l[0].t.attn_merge(&a, &b, dv);
			for (size_t i = 1; i < n; i++) {
				memcpy(got, o1, sizeof got);
				seqk_attn_acc c = { m[p / 3], 2, got };
				l[i].t.attn_merge(&c, &b, dv);
				check_that(same_floats(want, got, 50) && same_floats(&a.l, &c.l, 1) && same_floats(&a.m, &c.m, 1),
				           "attn_merge: %s differs from C, dv %zu", l[i].name, dv);
			}
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

/* A cache longer than the caches of the CPU, read by nq queries per block. */
typedef struct job {
	const seqk_table *t;
	int dtype;
	size_t d, nq, blocks, kb, vb;
	char *cache;
	float *q, *o;
	void *scratch;
} job;

static void pass(void *p)
{
	job *j = p;
	seqk_attn_query query[64];
	seqk_attn_acc acc[64];
	for (size_t k = 0; k < j->nq; k++) {
		acc[k] = (seqk_attn_acc){ -INFINITY, 0, j->o + k * j->d };
		query[k] = (seqk_attn_query){ j->q + k * j->d, NULL, 0, BLOCK, &acc[k] };
	}
	for (size_t b = 0; b < j->blocks; b++) {
		char *at = j->cache + b * (j->kb + j->vb);
		j->t->attn_block(j->dtype, at, at + j->kb, j->d, j->d, 0.1f, 0, query, j->nq, j->scratch);
	}
}

static void bench_one(const level *l, int dtype, size_t d, size_t nq)
{
	job j = { .t = &l->t, .dtype = dtype, .d = d, .nq = nq, .kb = seqk_attn_key_bytes(dtype, d),
		      .vb = seqk_attn_value_bytes(dtype, d) };
	j.blocks = ((size_t)64 << 20) / (j.kb + j.vb);
	if (nq > 1 || !strcmp(l->name, "c"))
		j.blocks /= 16;
	j.cache = aligned_alloc(64, j.blocks * (j.kb + j.vb));
	j.q = calloc(nq, d * 4), j.o = calloc(nq, d * 4), j.scratch = malloc(seqk_attn_scratch(nq, d, d));
	memset(j.cache, 0, j.blocks * (j.kb + j.vb));
	double s = check_time(pass, &j);
	printf("attn %-4s d %3zu queries %2zu %-8s %6.2f GB/s %7.2f GFLOP/s\n", seq_dtype_get(dtype)->name, d, nq, l->name,
	       (double)(j.blocks * (j.kb + j.vb)) / s * 1e-9, 4. * BLOCK * (double)(j.blocks * d * nq) / s * 1e-9);
	free(j.cache), free(j.q), free(j.o), free(j.scratch);
}

static void bench(void)
{
	static const size_t nq[] = { 1, 3, 6, 48 };
	size_t n;
	const level *l = levels(&n);
	for (size_t i = 1; i < n; i++)
		for (size_t k = 0; l[i].native && k < 4; k++)
			for (size_t d = 64; d <= 128; d += 64)
				for (size_t a = 0; a < 4; a++)
					bench_one(&l[i], types[k], d, nq[a]);
}

const check_family check_attn = { "attn", check, bench };
