/* SPDX-License-Identifier: MIT */
/* Filters and penalties against tests/ref/sample; every folder there is one case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "gen/exp64.h"
#include "gen/filter.h"
#include "gen/logits.h"
#include "gen/select.h"
#include "seq/gen.h"

typedef struct fixture {
	const char *dir;
	json_t *json;
	size_t rows, vocab;
	float *logits, *processed, *probs;
	uint8_t *keep, *tie;
} fixture;

static void *load(const fixture *f, const char *name, size_t bytes)
{
	char path[512];
	snprintf(path, sizeof path, "%s/sample/%s/%s", TEST_REF, f->dir, name);
	FILE *file = fopen(path, "rb");
	if (!file)
		fail_msg("%s is missing", path);
	void *p = malloc(bytes + 1);
	assert_int_equal(fread(p, 1, bytes + 1, file), bytes);
	fclose(file);
	return p;
}

static fixture open_fixture(const char *dir)
{
	char path[512];
	fixture f = {.dir = dir};
	snprintf(path, sizeof path, "%s/sample/%s/case.json", TEST_REF, dir);
	f.json = json_load_file(path, 0, NULL);
	if (!f.json)
		fail_msg("%s cannot be read", path);
	json_t *shape = json_object_get(json_object_get(f.json, "inputs"), "logits");
	f.rows = (size_t)json_integer_value(json_array_get(shape, 0));
	f.vocab = (size_t)json_integer_value(json_array_get(shape, 1));
	size_t n = f.rows * f.vocab;
	assert_true(n > 0);
	f.logits = load(&f, "logits.f32", n * 4);
	f.processed = load(&f, "processed.f32", n * 4);
	f.probs = load(&f, "probs.f32", n * 4);
	f.keep = load(&f, "keep.u8", n);
	f.tie = load(&f, "tie_at_cut.u8", f.rows);
	return f;
}

static void close_fixture(fixture *f)
{
	json_decref(f->json);
	free(f->logits);
	free(f->processed);
	free(f->probs);
	free(f->keep);
	free(f->tie);
}

static double param(const fixture *f, const char *name)
{
	return json_number_value(json_object_get(json_object_get(f->json, "params"), name));
}

static seqp_cand candidates(const float *x, size_t n, double temp)
{
	seqp_cand c = {.id = malloc(n * sizeof(int32_t)), .d = malloc(n * 8), .w = malloc(n * 8), .key = malloc(n * 8)};
	float top = x[0];
	for (size_t i = 1; i < n; i++)
		top = fmaxf(top, x[i]);
	for (size_t i = 0; i < n; i++) {
		if (x[i] == -INFINITY)
			continue;
		c.id[c.n] = (int32_t)i;
		c.d[c.n] = ((double)x[i] - top) / temp;
		c.w[c.n] = seqp_exp64(c.d[c.n]);
		c.n++;
	}
	return c;
}

static void free_candidates(seqp_cand *c)
{
	free(c->id);
	free(c->d);
	free(c->w);
	free(c->key);
}

static int descending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? 1 : x > y ? -1 : 0;
}

static void compare_row(const fixture *f, size_t row, const seqp_cand *c)
{
	size_t v = f->vocab, kept = 0;
	double *got = calloc(v, sizeof *got), *want = calloc(v, sizeof *want), total = seqp_cand_total(c);
	uint8_t *keep = calloc(v, 1);
	for (size_t i = 0; i < c->n; i++) {
		got[c->id[i]] = c->w[i] / total;
		keep[c->id[i]] = 1;
	}
	for (size_t i = 0; i < v; i++) {
		want[i] = f->probs[row * v + i];
		kept += f->keep[row * v + i];
	}
	assert_int_equal(c->n, kept);
	if (f->tie[row]) {
		qsort(got, v, sizeof *got, descending);
		qsort(want, v, sizeof *want, descending);
	} else
		assert_memory_equal(keep, f->keep + row * v, v);
	double top = 0, off = 0;
	for (size_t i = 0; i < v; i++) {
		top = fmax(top, want[i]);
		off = fmax(off, fabs(want[i] - got[i]));
	}
	assert_true(off <= 1e-5 * top);
	free(got);
	free(want);
	free(keep);
}

/* The filters of a case's params, in the order of the sampler. */
static void apply(const fixture *f, const char *op, seqp_cand *c)
{
	int chain = !strcmp(op, "chain");
	if (chain || !strcmp(op, "top_k"))
		seqp_filter_top_k(c, (size_t)param(f, "k"));
	if (chain || !strcmp(op, "top_p"))
		seqp_filter_top_p(c, param(f, "p"));
	if (chain)
		seqp_filter_min_p(c, param(f, "min_p"));
	if (!strcmp(op, "min_p"))
		seqp_filter_min_p(c, param(f, "p"));
	if (!strcmp(op, "top_n_sigma"))
		seqp_filter_sigma(c, param(f, "n"));
	if (!strcmp(op, "typical_p"))
		seqp_filter_typical(c, param(f, "mass"));
	if (!strcmp(op, "epsilon_cutoff"))
		seqp_filter_epsilon(c, param(f, "epsilon"));
	if (!strcmp(op, "eta_cutoff"))
		seqp_filter_eta(c, param(f, "epsilon"));
}

static void check_filter(const char *dir)
{
	fixture f = open_fixture(dir);
	double temp = param(&f, "temperature");
	const char *op = json_string_value(json_object_get(f.json, "op"));
	for (size_t r = 0; r < f.rows; r++) {
		seqp_cand c = candidates(f.logits + r * f.vocab, f.vocab, temp > 0 ? temp : 1);
		apply(&f, op, &c);
		compare_row(&f, r, &c);
		free_candidates(&c);
	}
	close_fixture(&f);
}

static void filters_match(void **state)
{
	(void)state;
	static const char *const dirs[] = {"chain", "epsilon-0.03", "epsilon-0.003", "eta-0.03", "eta-0.003", "min-p-0.05",
		"min-p-0.3", "temperature-0.7", "temperature-1.6", "top-k-1", "top-k-5", "top-k-40", "top-n-sigma-1.0", "top-p-0.3", "top-p-0.9",
		"top-p-0.99", "typical-0.2", "typical-0.9"};
	for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
		check_filter(dirs[i]);
}

static void check_penalty(const char *dir)
{
	fixture f = open_fixture(dir);
	json_t *shape = json_object_get(json_object_get(f.json, "inputs"), "history");
	size_t n = (size_t)json_integer_value(json_array_get(shape, 1)), v = f.vocab;
	int32_t *history = load(&f, "history.i32", f.rows * n * 4), *count = calloc(v, sizeof *count);
	double rep = param(&f, "penalty");
	for (size_t r = 0; r < f.rows; r++) {
		float *x = f.logits + r * v, top = 0;
		seqp_penalise(x, v, count, history + r * n, n, rep > 0 ? (float)rep : 1, (float)param(&f, "presence"),
		              (float)param(&f, "frequency"));
		seqp_no_repeat(x, v, history + r * n, n, (size_t)param(&f, "n"));
		for (size_t i = 0; i < v; i++) {
			assert_int_equal(count[i], 0);
			assert_int_equal(x[i] != -INFINITY, f.keep[r * v + i]);
			top = f.keep[r * v + i] ? fmaxf(top, fabsf(f.processed[r * v + i])) : top;
		}
		for (size_t i = 0; i < v; i++)
			if (f.keep[r * v + i])
				assert_true(fabsf(x[i] - f.processed[r * v + i]) <= 1e-5f * top);
		seqp_cand c = candidates(x, v, 1);
		f.tie[r] = 0;
		compare_row(&f, r, &c);
		free_candidates(&c);
	}
	free(history);
	free(count);
	close_fixture(&f);
}

static void penalties_match(void **state)
{
	(void)state;
	check_penalty("presence-0.6-frequency-0.4");
	check_penalty("repetition-1.3");
	check_penalty("no-repeat-3gram");
}

static void pick_matches(void **state)
{
	(void)state;
	fixture f = open_fixture("inverse-cdf");
	json_t *shape = json_object_get(json_object_get(f.json, "inputs"), "u");
	size_t n = (size_t)json_integer_value(json_array_get(shape, 1));
	float *u = load(&f, "u.f32", f.rows * n * 4);
	int32_t *token = load(&f, "token.i32", f.rows * n * 4);
	for (size_t r = 0; r < f.rows; r++) {
		seqp_cand c = candidates(f.logits + r * f.vocab, f.vocab, 1);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(seqp_pick(&c, u[r * n + i]), token[r * n + i]);
		free_candidates(&c);
	}
	free(u);
	free(token);
	close_fixture(&f);
}

static void logprobs_match(void **state)
{
	(void)state;
	fixture f = open_fixture("logprobs");
	float *want = load(&f, "logprob.f32", f.rows * f.vocab * 4);
	for (size_t r = 0; r < f.rows; r++)
		for (size_t i = 0; i < f.vocab; i++) {
			double w = want[r * f.vocab + i], got = seq_logprob(f.logits + r * f.vocab, f.vocab, (int32_t)i);
			assert_true(fabs(got - w) <= 1e-6 * (1 + fabs(w)));
		}
	assert_true(isnan(seq_logprob(f.logits, f.vocab, -1)));
	free(want);
	close_fixture(&f);
}

static void exp_is_close(void **state)
{
	(void)state;
	for (int i = 0; i <= 70000; i++) {
		double x = -0.01 * i, want = exp(x), got = seqp_exp64(x);
		assert_true(fabs(got - want) <= 5e-16 * want);
	}
	assert_true(seqp_exp64(0) == 1);
	assert_true(seqp_exp64(-1e9) == 0);
	assert_true(seqp_exp64(-INFINITY) == 0);
}

static int by_key(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? 1 : x > y ? -1 : 0;
}

/* Selection against a sort, with many equal keys. */
static void select_cuts_where_a_sort_would(void **state)
{
	(void)state;
	enum { N = 500 };
	uint64_t key[N], sorted[N];
	for (int kinds = 1; kinds < 1000; kinds *= 3) {
		for (uint32_t i = 0; i < N; i++)
			sorted[i] = key[i] = seqp_key64(floor(seqp_uniform(7, 0, i, 0) * kinds) - kinds / 2);
		qsort(sorted, N, sizeof *sorted, by_key);
		for (int k = 1; k <= N; k += 7) {
			seqp_cut cut = seqp_select(key, NULL, N, 64, k);
			assert_int_equal(cut.key, sorted[k - 1]);
			size_t above = 0;
			while (above < N && sorted[above] > cut.key)
				above++;
			assert_true(cut.above == (double)above);
		}
	}
	assert_int_equal(seqp_key64(-0.0), seqp_key64(0.0));
	assert_true(seqp_key64(-INFINITY) < seqp_key64(-1) && seqp_key64(1) > seqp_key64(0));
}

static int32_t sample(const float *x, size_t n, const seq_sampler_opts *o, uint64_t position)
{
	seq_sampler *s;
	assert_int_equal(seq_sampler_new(&s, n, o, NULL), 0);
	int32_t id = seq_sample(s, x, NULL, 0, 0, position);
	seq_sampler_free(s);
	return id;
}

static void greedy_takes_the_lowest_of_equals(void **state)
{
	(void)state;
	const float x[] = {-INFINITY, 2, 5, 5, 1};
	const seq_bias forbid = {2, -INFINITY}, push = {4, 10};
	seq_sampler_opts o = SEQ_SAMPLER_DEFAULTS;
	o.temp = 0;
	assert_int_equal(sample(x, 5, &o, 0), 2);
	o.nbias = 1;
	o.bias = &forbid;
	assert_int_equal(sample(x, 5, &o, 0), 3);
	o.bias = &push;
	assert_int_equal(sample(x, 5, &o, 0), 4);
}

static void no_number_is_an_error(void **state)
{
	(void)state;
	const float nan[] = {1, NAN, 2}, inf[] = {1, INFINITY}, none[] = {-INFINITY, -INFINITY};
	seq_sampler_opts o = SEQ_SAMPLER_DEFAULTS;
	assert_int_equal(sample(nan, 3, &o, 0), SEQ_E_FORMAT);
	assert_int_equal(sample(inf, 2, &o, 0), SEQ_E_FORMAT);
	assert_int_equal(sample(none, 2, &o, 0), SEQ_E_FORMAT);
	o.temp = 0;
	assert_int_equal(sample(nan, 3, &o, 0), SEQ_E_FORMAT);
	o.temp = -1;
	seq_sampler *s;
	assert_int_equal(seq_sampler_new(&s, 3, &o, NULL), SEQ_E_ARG);
	assert_null(s);
}

/* Frequencies of 20000 draws: chi-square with 3 degrees of freedom, limit for 1 in 10000. */
static void draws_follow_the_distribution(void **state)
{
	(void)state;
	enum { N = 20000 };
	const double p[] = {0.5, 0.25, 0.2, 0.05};
	float x[4];
	int seen[4] = {0};
	for (int i = 0; i < 4; i++)
		x[i] = logf((float)p[i]);
	seq_sampler_opts o = {.temp = 1, .top_p = 1, .typical = 1, .repetition = 1, .last_n = -1, .seed = 5};
	seq_sampler *s;
	assert_int_equal(seq_sampler_new(&s, 4, &o, NULL), 0);
	for (uint64_t i = 0; i < N; i++)
		seen[seq_sample(s, x, NULL, 0, 3, i)]++;
	seq_sampler_free(s);
	double chi = 0;
	for (int i = 0; i < 4; i++)
		chi += (seen[i] - N * p[i]) * (seen[i] - N * p[i]) / (N * p[i]);
	assert_true(chi < 21.1);
}

/* The window of the penalties: only the last n tokens count. */
static void penalties_see_the_last_n(void **state)
{
	(void)state;
	const float x[] = {3, 2, 1};
	const int32_t history[] = {0, 1, 1, 99, -5};
	seq_sampler_opts o = {.top_p = 1, .typical = 1, .repetition = 1, .presence = 5, .last_n = -1};
	seq_sampler *s;
	for (int n = -1; n <= 5; n++) {
		o.last_n = n;
		assert_int_equal(seq_sampler_new(&s, 3, &o, NULL), 0);
		assert_int_equal(seq_sample(s, x, history, 5, 0, 0), n < 0 || n == 5 ? 2 : 0);
		seq_sampler_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_match),
		cmocka_unit_test(penalties_match),
		cmocka_unit_test(pick_matches),
		cmocka_unit_test(logprobs_match),
		cmocka_unit_test(exp_is_close),
		cmocka_unit_test(select_cuts_where_a_sort_would),
		cmocka_unit_test(greedy_takes_the_lowest_of_equals),
		cmocka_unit_test(no_number_is_an_error),
		cmocka_unit_test(draws_follow_the_distribution),
		cmocka_unit_test(penalties_see_the_last_n),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
