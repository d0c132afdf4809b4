/* SPDX-License-Identifier: MIT */
/* recur.h: every level has the bits of C; any cut of time or columns has the bits of the whole; C is near
 * double precision (2e-5 of the largest: sums of K products in f32, a state whose factors are at most 1). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkkern.h"
#include "levels.h"

enum { T = 77, COLS = 80, ROWS = 200, LD = 203 };

static float q[T * LD], k[T * LD], v[T * LD], a[T * LD], p[T * LD], x[T * LD], s1[T * 3], start[ROWS * COLS];

static void make(void)
{
	random_floats(q, T * LD, 1), random_floats(k, T * LD, 0.1f), random_floats(v, T * LD, 1), random_floats(a, T * LD, 1);
	random_floats(p, T * LD, 0.1f), random_floats(x, T * LD, 0.1f), random_floats(s1, T * 3, 1);
	random_floats(start, ROWS * COLS, 1);
	for (size_t i = 0; i < T * LD; i++)
		a[i] = fabsf(a[i]);
	for (size_t i = 0; i < T * 3; i++)
		s1[i] = fabsf(s1[i]);
}

typedef struct result {
	float o[T * COLS], S[ROWS * COLS];
} result;

enum decay { NONE, ALL, EACH, COLUMN };

typedef struct shape {
	enum seqk_recur_rule rule;
	enum decay decay;
	bool before, read;
	size_t K, V;
} shape;

static void run(const seqk_table *t, const shape *s, result *r, size_t t0, size_t t1, size_t v0, size_t v1)
{
	seqk_recur c = {.rule = s->rule, .before = s->before, .q = s->read ? q + t0 * LD : NULL, .k = k + t0 * LD,
		.v = v + t0 * LD, .a = s->decay == EACH ? a + t0 * LD : NULL, .a1 = s->decay == ALL ? s1 + t0 * 3 : NULL,
		.av = s->decay == COLUMN ? a + t0 * LD : NULL, .ldav = LD,
		.p = p + t0 * LD, .x = x + t0 * LD, .beta = s1 + t0 * 3 + 1, .bonus = s1 + t0 * 3 + 2, .ldq = LD, .ldk = LD,
		.ldv = LD, .lda = LD, .ldp = LD, .ldx = LD, .lda1 = 3, .ldbeta = 3, .ldbonus = 3, .o = r->o + t0 * s->V,
		.ldo = s->V, .S = r->S, .n = t1 - t0, .K = s->K, .V = s->V};
	t->recur(&c, v0, v1);
}

static void reset(result *r)
{
	memset(r->o, 0, sizeof r->o);
	memcpy(r->S, start, sizeof r->S);
}

static void same(const shape *s, const char *at, const char *what, const result *one, const result *two)
{
	check_that(same_floats(one->o, two->o, T * COLS) && same_floats(one->S, two->S, ROWS * COLS),
	           "recur: %s %s differs: rule %d decay %d before %d K %zu V %zu", at, what, s->rule, s->decay, s->before, s->K,
	           s->V);
}

static void laws(const shape *s)
{
	static result whole, got;
	static const size_t cuts[] = {1, 2, 3, 16, 50};
	size_t n;
	const level *l = levels(&n);
	reset(&whole);
	run(&l[0].t, s, &whole, 0, T, 0, s->V);
	for (size_t i = 0; i < n; i++) {
		size_t step = cuts[check_random() % 5], mid = check_random() % (s->V + 1);
		reset(&got);
		run(&l[i].t, s, &got, 0, T, 0, s->V);
		same(s, l[i].name, "whole", &whole, &got);
		reset(&got);
		for (size_t t = 0; t < T; t += step) {
			size_t end = t + step < T ? t + step : T;
			run(&l[i].t, s, &got, t, end, 0, mid);
			run(&l[i].t, s, &got, t, end, mid, s->V);
		}
		same(s, l[i].name, "in pieces", &whole, &got);
	}
}

static double factor(const shape *s, size_t t, size_t i, size_t c)
{
	return s->decay == NONE ? 1 : s->decay == ALL ? s1[t * 3] : a[t * LD + (s->decay == EACH ? i : c)];
}

/* One column in double precision, from the formulas; returns the worst error of o. */
static double column(const shape *s, const result *r, size_t c)
{
	double S[ROWS], bad = 0;
	for (size_t i = 0; i < s->K; i++)
		S[i] = start[i * s->V + c];
	for (size_t t = 0; t < T; t++) {
		double e = 0, o = 0, w = v[t * LD + c];
		for (size_t i = 0; i < s->K; i++)
			e += (double)p[t * LD + i] * S[i], o += (double)q[t * LD + i] * S[i];
		if (s->before)
			o += s1[t * 3 + 2] * w;
		if (s->rule == SEQK_DELTA)
			w = s1[t * 3 + 1] * (w - e);
		for (size_t i = 0; i < s->K && s->rule != SEQK_READ; i++)
			S[i] = factor(s, t, i, c) * S[i] + (s->rule == SEQK_RANK1 ? x[t * LD + i] * e : 0) + k[t * LD + i] * w;
		if (!s->before) {
			o = 0;
			for (size_t i = 0; i < s->K; i++)
				o += (double)q[t * LD + i] * S[i];
		}
		bad = fmax(bad, fabs(o - r->o[t * s->V + c]) / fmax(1, fabs(o)));
	}
	return bad;
}

static void exact(const shape *s)
{
	static result r;
	size_t n;
	double bad = 0;
	reset(&r);
	run(&levels(&n)[0].t, s, &r, 0, T, 0, s->V);
	for (size_t c = 0; c < s->V; c++) {
		double e = column(s, &r, c);
		bad = !(e <= bad) ? e : bad;
	}
	check_that(bad <= 2e-5, "recur: C is %g from exact, rule %d decay %d K %zu V %zu", bad, s->rule, s->decay, s->K, s->V);
}

static void check(void)
{
	static const size_t rows[] = {1, 3, 16, 64, 170, 200}, cols[] = {1, 15, 16, 17, 64, 79};
	make();
	for (int rule = SEQK_OUTER; rule <= SEQK_READ; rule++)
		for (int decay = NONE; decay <= (rule == SEQK_OUTER ? COLUMN : rule == SEQK_READ ? NONE : EACH); decay++)
			for (int before = 0; before <= (rule == SEQK_OUTER); before++) {
				for (size_t i = 0; i < 6; i++)
					laws(&(shape){rule, decay, before, true, rows[i], cols[(i + (size_t)rule + (size_t)decay) % 6]});
				exact(&(shape){rule, decay, before, true, 48, 20});
			}
	laws(&(shape){SEQK_RANK1, EACH, false, false, 64, 33});
}

/* Speed: 16 heads of 128 x 128, a chunk of 64 tokens and a step. */
enum { HEADS = 16, D = 128, CHUNK = 64 };

typedef struct job {
	const seqk_table *t;
	seqk_recur r;
	float *S;
} job;

static void time_recur(void *arg)
{
	job *j = arg;
	for (size_t h = 0; h < HEADS; h++) {
		j->r.S = j->S + h * D * D;
		j->t->recur(&j->r, 0, D);
	}
}

static void bench_rule(const level *l, enum seqk_recur_rule rule, const char *name, double fmas, float *o, float *S)
{
	for (size_t n = 1; n <= CHUNK; n *= CHUNK) {
		job j = {.t = &l->t, .S = S, .r = {.rule = rule, .q = q, .k = k, .v = v, .a = a, .p = p, .x = x, .beta = s1 + 1,
			.bonus = s1 + 2, .ldq = LD, .ldk = LD, .ldv = LD, .lda = LD, .ldp = LD, .ldx = LD, .ldbeta = 3, .ldbonus = 3,
			.o = o, .ldo = D, .n = n, .K = D, .V = D}};
		double s = check_time(time_recur, &j) / (double)n, flop = 2 * fmas * HEADS * D * D;
		printf("recur %-6s %2zu token%s  %-8s %9.0f tokens/s  %6.1f GFLOP/s  %3.0f %% of the peak", name, n, n > 1 ? "s" : " ", l->name,
		       1 / s, flop / s * 1e-9, 100 * flop / s / check_peaks()->fma);
		if (n == 1)
			printf("  %5.1f GB/s", 8e-9 * HEADS * D * D / s);
		printf("\n");
	}
}

static void bench(void)
{
	size_t n;
	const level *l = levels(&n);
	float *o = calloc(CHUNK * D, sizeof *o), *S = calloc((size_t)HEADS * D * D, sizeof *S);
	make();
	for (size_t i = 0; i < n && !check_only; i++) {
		if (!l[i].native)
			continue;
		bench_rule(&l[i], SEQK_OUTER, "outer", 2.5, o, S);
		bench_rule(&l[i], SEQK_DELTA, "delta", 3.5, o, S);
		bench_rule(&l[i], SEQK_RANK1, "rank1", 4.5, o, S);
	}
	free(o), free(S);
	bench_ops();
}

const check_family check_recur = {"recur", check, bench};
