/* SPDX-License-Identifier: MIT */
/* Ropes and norms against golden values (tests/ref/ops and, where it is there, $SEQ_SHARED/refs/ops).
 *
 *     test_layers          all cases; test_layers DIR...: these */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden_case.h"
#include "kernel/vec.h"
#include "layer/rope.h"

static int passed, failed;

typedef struct layer_case {
	const char *dir;
	json_t *json, *params;
	size_t rows, width; /* of x */
} layer_case;

static float *floats(const layer_case *c, const char *name)
{
	char file[64];
	size_t n;
	snprintf(file, sizeof file, "%s.f32", name);
	return golden_read(c->dir, file, &n);
}

static double number(const layer_case *c, const char *key, double dflt)
{
	const json_t *j = json_object_get(c->params, key);
	return json_is_number(j) ? json_number_value(j) : dflt;
}

static int word(const layer_case *c, const char *key, const char *value)
{
	const char *s = json_string_value(json_object_get(c->params, key));
	return s && !strcmp(s, value);
}

/* max |got - ref| / max |ref| within the case's tolerance. */
static void judge(const layer_case *c, const char *what, const float *got, const float *ref, size_t n)
{
	double worst = 0, top = 0, tol = json_number_value(json_object_get(c->json, "tolerance"));
	for (size_t i = 0; i < n; i++) {
		double d = fabs((double)got[i] - (double)ref[i]);
		worst = d <= worst ? worst : d;
		top = fmax(top, fabs((double)ref[i]));
	}
	int ok = n && worst / top <= tol;
	printf("%s %s (%s): %.2g of %.2g\n", ok ? "PASS" : "FAIL", c->dir, what, worst / top, tol);
	ok ? passed++ : failed++;
}

/* --- norms --------------------------------------------------------------------- */

static void norm_row(const layer_case *c, float *y, const float *x, const float *w, const float *b, const float *z)
{
	size_t n = c->width, groups = (size_t)number(c, "groups", 1), g = n / groups;
	float eps = (float)number(c, "eps", 0), t[1024];
	if (word(c, "kind", "l2"))
		seqk_l2norm(y, x, n, eps);
	else if (word(c, "kind", "group") || word(c, "kind", "layer"))
		for (size_t i = 0; i < n; i += g)
			seqk_layernorm(y + i, x + i, w + i, b + i, g, eps);
	else if (word(c, "kind", "rms_gate_before_groups")) {
		seqk_silu_mul(t, z, x, n);
		for (size_t i = 0; i < n; i += g)
			seqk_rmsnorm(y + i, t + i, w + i, g, eps);
	} else {
		for (size_t i = 0; i < n; i++)
			t[i] = w[i] + (word(c, "kind", "rms1p") ? 1 : 0);
		seqk_rmsnorm(y, x, t, n, eps);
		if (z)
			seqk_silu_mul(y, z, y, n);
	}
}

static void norm_case(const layer_case *c)
{
	float *x = floats(c, "x"), *w = floats(c, "w"), *b = floats(c, "b"), *z = floats(c, "z"), *want = floats(c, "y");
	for (size_t r = 0; r < c->rows * c->width; r += c->width)
		norm_row(c, x + r, x + r, w, b, z ? z + r : NULL);
	judge(c, "norm", x, want, c->rows * c->width);
	free(x), free(w), free(b), free(z), free(want);
}

/* --- ropes --------------------------------------------------------------------- */

static const seqp_view *no_weight(const void *from, int64_t layer, const char *role)
{
	(void)from, (void)layer, (void)role;
	return NULL;
}

/* The model's numbers by the case's names. */
static double rope_number(const void *from, int64_t layer, const char *key, double dflt)
{
	static const char *const kinds[] = {"none", "linear", "dynamic", "yarn", "llama3"};
	static const char *const names[][2] = {{"rope.theta", "theta"}, {"rope.factor", "factor"}, {"rope.max", "max_position"},
		{"rope.orig", "original_max_position"}, {"rope.low", "low_freq_factor"}, {"rope.high", "high_freq_factor"},
		{"rope.beta_fast", "beta_fast"}, {"rope.beta_slow", "beta_slow"}};
	const layer_case *c = from;
	(void)layer;
	for (int i = 0; i < 5; i++)
		if (!strcmp(key, "rope.scaling") && word(c, "scaling", kinds[i]))
			return i;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(key, names[i][0]))
			return number(c, names[i][1], dflt);
	return dflt;
}

static int32_t *positions(const layer_case *c, size_t *n)
{
	size_t bytes;
	int32_t *p = golden_read(c->dir, "position.i32", &bytes);
	*n = bytes / 4;
	return p;
}

static void turn(const layer_case *c, const seqp_rope_table *t, size_t pairs, size_t rows, float *x)
{
	size_t heads = c->rows / rows;
	for (size_t i = 0; i < c->rows; i++) {
		size_t at = i / heads * pairs;
		(word(c, "style", "neox") ? seqk_rope_halves : seqk_rope_adjacent)(x + i * c->width, t->cos + at, t->sin + at, pairs);
	}
}

static void rope_case(const layer_case *c)
{
	seqp_rope_set set = {.n = 0};
	seqp_arena arena = {0};
	seqp_bind b = {.from = c, .weight = no_weight, .number = rope_number, .role = "", .context = (int64_t)number(c, "seq_len", 0),
		.arena = &arena, .ropes = &set};
	size_t index, rows, r = (size_t)number(c, "rot_dim", 0), n;
	seq_error err = {0};
	int32_t *at = positions(c, &rows);
	int64_t *pos = calloc(rows + 1, sizeof *pos);
	float *x = floats(c, "x"), *want = floats(c, "y"), *inv = golden_read(c->dir, "inv_freq.f32", &n), got[512];
	seqp_rope_table t = {calloc(rows, r * 2), calloc(rows, r * 2)};
	if (seqp_rope_open(&b, r, &index, &err) < 0) {
		printf("FAIL %s: %s\n", c->dir, err.text), failed++;
	} else {
		for (size_t i = 0; i < rows; i++)
			pos[i] = at[i];
		seqp_batch batch = {.rows = rows, .row_pos = pos};
		seqp_ctx ctx = {.lane = {.n = 1}, .batch = &batch};
		seqp_rope_fill(&ctx, &set, &t);
		turn(c, &t, r / 2, rows, x);
		judge(c, "rope", x, want, c->rows * c->width);
		for (size_t i = 0; i < r / 2; i++)
			got[i] = (float)set.rope[0].inv[i];
		judge(c, "frequencies", got, inv, r / 2);
	}
	free(at), free(pos), free(x), free(want), free(inv), free(t.cos), free(t.sin);
	seqp_arena_free(&arena);
}

static void one(const char *dir, void *arg)
{
	(void)arg;
	char path[1024];
	snprintf(path, sizeof path, "%s/case.json", dir);
	layer_case c = {.dir = dir, .json = json_load_file(path, 0, NULL)};
	const char *op = json_string_value(json_object_get(c.json, "op"));
	const json_t *shape = json_object_get(json_object_get(c.json, "inputs"), "x");
	size_t rank = json_array_size(shape);
	c.params = json_object_get(c.json, "params");
	c.rows = 1;
	for (size_t i = 0; i + 1 < rank; i++)
		c.rows *= (size_t)json_integer_value(json_array_get(shape, i));
	c.width = rank ? (size_t)json_integer_value(json_array_get(shape, rank - 1)) : 0;
	if (op && !strcmp(op, "norm"))
		norm_case(&c);
	else if (op && !strcmp(op, "rope"))
		rope_case(&c);
	json_decref(c.json);
}

int main(int argc, char **argv)
{
	golden_ops(argc, argv, one);
	printf("%d passed, %d failed\n", passed, failed);
	return failed || !passed;
}
