/* SPDX-License-Identifier: MIT */
/* Operators against golden values (tests/ref/ops and, where it is there, $SEQ_SHARED/refs/ops), and their
 * laws: the bits of one run over all tokens, for any threads, any cut of the tokens, and a state
 * taken out in the middle and given to another op.
 *
 *     test_ops          all cases; test_ops DIR...: these */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden_case.h"
#include "seq/op.h"

enum { MOST = 20 };

static int passed, failed, skipped;

typedef struct ops_case {
	char dir[512], name[64];
	json_t *json;
	seq_tensor in[MOST]; /* F32 whatever the file has */
	size_t n;
	double tolerance;
} ops_case;

static const char *base_name(const char *dir)
{
	const char *s = strrchr(dir, '/');
	return s ? s + 1 : dir;
}

/* The array NAME of the case as floats. */
static float *load(const ops_case *c, const char *name, const json_t *shape, seq_tensor *t)
{
	char path[1024];
	const char *type = json_string_value(json_object_get(json_object_get(c->json, "types"), name));
	size_t n = 1;
	*t = (seq_tensor){.name = name, .dtype = SEQ_F32, .rank = (int)json_array_size(shape)};
	for (int i = 0; i < t->rank; i++)
		n *= (size_t)(t->dim[i] = json_integer_value(json_array_get(shape, (size_t)i)));
	snprintf(path, sizeof path, "%s/%s.%s", c->dir, name, type ? type : "f32");
	FILE *f = fopen(path, "rb");
	float *p = malloc(n * sizeof *p + 1);
	if (!f || fread(p, 4, n, f) != n) {
		free(p);
		p = NULL;
	}
	if (f)
		fclose(f);
	if (p && type && !strcmp(type, "i32"))
		for (size_t i = 0; i < n; i++) {
			int32_t k;
			memcpy(&k, p + i, 4);
			p[i] = (float)k;
		}
	t->data = p, t->bytes = n * sizeof *p;
	return p;
}

/* The row that computes a case: its op with - for _, but for a few. */
static void row_name(const ops_case *c, char *out, size_t size)
{
	static const char *const other[][2] = {{"linear_attention", "linear"}, {"dplr_delta_rule", "dplr"}, {"selective_scan", "s6"}, {"rwkv4_wkv", "rwkv4"},
		{"discrete_mamba2", "phi-mamba"}};
	const char *op = json_string_value(json_object_get(c->json, "op"));
	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
		if (!strcmp(op, other[i][0]))
			op = other[i][1];
	if (json_object_get(json_object_get(c->json, "params"), "feature_map"))
		op = "linear-norm";
	snprintf(out, size, "%s", op);
	for (char *p = out; *p; p++)
		*p = *p == '_' ? '-' : *p;
}

static int case_open(ops_case *c, const char *dir)
{
	char path[1024];
	const char *key;
	json_t *shape;
	*c = (ops_case){0};
	snprintf(c->dir, sizeof c->dir, "%s", dir);
	snprintf(path, sizeof path, "%s/case.json", dir);
	if (!(c->json = json_load_file(path, 0, NULL)))
		return -1;
	c->tolerance = json_number_value(json_object_get(c->json, "tolerance"));
	row_name(c, c->name, sizeof c->name);
	json_object_foreach(json_object_get(c->json, "inputs"), key, shape)
		if (c->n < MOST && load(c, key, shape, &c->in[c->n]))
			c->n++;
	return 0;
}

static void case_close(ops_case *c)
{
	for (size_t i = 0; i < c->n; i++)
		free((void *)(uintptr_t)c->in[i].data);
	json_decref(c->json);
}

static int has_number(const char *row, const char *key)
{
	seq_op_slot s;
	for (size_t i = 0; seq_op_slots(row, i, &s); i++)
		if (!strcmp(s.kind, "number") && !strcmp(s.name, key))
			return 1;
	return 0;
}

static int set_numbers(seq_op *op, const ops_case *c, seq_error *err)
{
	const char *key;
	json_t *v;
	int rc = 0;
	json_object_foreach(json_object_get(c->json, "params"), key, v) {
		char text[64];
		if (!strcmp(key, "dt_limit")) {
			snprintf(text, sizeof text, "%.17g", json_number_value(json_array_get(v, 0)));
			rc = seq_op_set(op, "dt_min", text, err);
			snprintf(text, sizeof text, "%.17g", json_number_value(json_array_get(v, 1)));
			if (rc == 0)
				rc = seq_op_set(op, "dt_max", text, err);
		}
		if (rc < 0)
			break;
		if (!has_number(c->name, key))
			continue;
		if (json_is_string(v))
			snprintf(text, sizeof text, "%s", json_string_value(v));
		else
			snprintf(text, sizeof text, "%.17g", json_number_value(v));
		if ((rc = seq_op_set(op, key, text, err)) < 0)
			break;
	}
	json_t *kernel = json_object_get(json_object_get(c->json, "outputs"), "kernel");
	if (kernel && has_number(c->name, "kernel") && rc == 0) {
		char text[64];
		snprintf(text, sizeof text, "%lld", (long long)json_integer_value(json_array_get(kernel, 1)));
		rc = seq_op_set(op, "kernel", text, err);
	}
	return rc;
}

/* An op ready to run; given: states in place of the case's initial ones, or NULL. */
static seq_op *ready(const ops_case *c, int threads, const seq_op *given, seq_error *err)
{
	seq_op *op = NULL;
	if (seq_op_open(&op, c->name, err) < 0)
		return NULL;
	int rc = set_numbers(op, c, err);
	for (size_t i = 0; i < c->n && rc == 0; i++)
		rc = seq_op_give(op, &c->in[i], err);
	for (size_t i = 0; given && rc == 0 && seq_op_state(given, i); i++)
		rc = seq_op_resume(op, seq_op_state(given, i), err);
	if (rc == 0 && given)
		rc = seq_op_seek(op, seq_op_done(given), err);
	if (rc == 0)
		rc = seq_op_start(op, threads, err);
	if (rc < 0) {
		seq_op_close(op);
		return NULL;
	}
	return op;
}

static int advance(seq_op *op, int64_t to, int64_t cut, seq_error *err)
{
	for (int64_t t = seq_op_done(op); t < to; t += cut)
		if (seq_op_run(op, t + cut < to ? cut : to - t, err) < 0)
			return -1;
	return 0;
}

static void verdict(const ops_case *c, int ok, const char *what, const char *detail)
{
	if (!ok)
		printf("FAIL %s: %s: %s\n", base_name(c->dir), what, detail);
	ok ? passed++ : failed++;
}

static const seq_tensor *find(const seq_op *op, const char *name)
{
	const seq_tensor *t;
	for (size_t i = 0; (t = seq_op_out(op, i)); i++)
		if (!strcmp(t->name, name))
			return t;
	for (size_t i = 0; (t = seq_op_state(op, i)); i++)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

/* max |got - ref| / max |ref| */
static double distance(const float *got, const float *ref, size_t n)
{
	double worst = 0, top = 0;
	for (size_t i = 0; i < n; i++) {
		double d = got[i] == ref[i] ? 0 : fabs((double)got[i] - (double)ref[i]);
		worst = d <= worst ? worst : d;
		top = fmax(top, isfinite(ref[i]) ? fabs((double)ref[i]) : 0);
	}
	return top > 0 ? worst / top : worst;
}

static void golden(const ops_case *c, const seq_op *op)
{
	const char *key;
	json_t *shape;
	json_object_foreach(json_object_get(c->json, "outputs"), key, shape) {
		char text[128];
		seq_tensor ref;
		float *p = load(c, key, shape, &ref);
		const seq_tensor *got = find(op, key);
		if (!got || !p) {
			printf("SKIP %s: %s is not an output of %s\n", base_name(c->dir), key, c->name);
			skipped++;
		} else {
			double d = got->bytes == ref.bytes ? distance(got->data, p, ref.bytes / 4) : INFINITY;
			snprintf(text, sizeof text, "%s: %.2g of %.2g", key, d, c->tolerance);
			verdict(c, d <= c->tolerance, "golden", text);
		}
		free(p);
	}
}

static int same(const seq_op *a, const seq_op *b)
{
	const seq_tensor *x, *y;
	for (size_t i = 0; (x = seq_op_out(a, i)) && (y = seq_op_out(b, i)); i++)
		if (memcmp(x->data, y->data, x->bytes))
			return 0;
	for (size_t i = 0; (x = seq_op_state(a, i)) && (y = seq_op_state(b, i)); i++)
		if (memcmp(x->data, y->data, x->bytes))
			return 0;
	return 1;
}

/* Threads and cuts. */
static void law(const ops_case *c, const seq_op *whole, int threads, int64_t cut)
{
	seq_error err = {0};
	char text[64];
	seq_op *op = ready(c, threads, NULL, &err);
	snprintf(text, sizeof text, "%d threads, %lld tokens at a time differ", threads, (long long)cut);
	verdict(c, op && advance(op, seq_op_tokens(op), cut, &err) == 0 && same(op, whole), err.text, text);
	seq_op_close(op);
}

/* The rows of the outputs from token t on, and the states. */
static int same_after(const seq_op *a, const seq_op *b, int64_t t)
{
	const seq_tensor *x, *y;
	for (size_t i = 0; (x = seq_op_out(a, i)) && (y = seq_op_out(b, i)); i++) {
		size_t skip = x->dim[0] == seq_op_tokens(a) ? x->bytes / (size_t)x->dim[0] * (size_t)t : 0;
		if (memcmp((const char *)x->data + skip, (const char *)y->data + skip, x->bytes - skip))
			return 0;
	}
	for (size_t i = 0; (x = seq_op_state(a, i)) && (y = seq_op_state(b, i)); i++)
		if (memcmp(x->data, y->data, x->bytes))
			return 0;
	return 1;
}

static void resume(const ops_case *c, const seq_op *whole)
{
	seq_error err = {0};
	int64_t half = seq_op_tokens(whole) / 2;
	seq_op *a = ready(c, 1, NULL, &err), *b = NULL;
	if (a && advance(a, half, half, &err) == 0)
		b = ready(c, 1, a, &err);
	verdict(c, b && advance(b, seq_op_tokens(b), seq_op_tokens(b), &err) == 0 && same_after(b, whole, half), err.text,
	        "resumed from a state in the middle, it differs");
	seq_op_close(a);
	seq_op_close(b);
}

static int find_row(const char *name, seq_op_about *a)
{
	size_t i = 0;
	while (seq_op_list(i, a) && strcmp(a->name, name))
		i++;
	return seq_op_list(i, a);
}

static void one(const char *dir, void *arg)
{
	ops_case c;
	seq_error err = {0};
	seq_op_about about;
	(void)arg;
	if (case_open(&c, dir) < 0)
		return;
	if (!find_row(c.name, &about)) {
		printf("SKIP %s: no operator %s\n", base_name(dir), c.name);
		skipped++;
		case_close(&c);
		return;
	}
	seq_op *op = ready(&c, 1, NULL, &err);
	int64_t T = op ? seq_op_tokens(op) : 0;
	verdict(&c, op && advance(op, T, T, &err) == 0, "run", err.text);
	if (op && T) {
		golden(&c, op);
		law(&c, op, 2, T), law(&c, op, 3, T), law(&c, op, 8, T);
		if (!about.whole)
			law(&c, op, 1, 1), law(&c, op, 3, 3), law(&c, op, 2, 16), resume(&c, op);
	}
	seq_op_close(op);
	case_close(&c);
}

int main(int argc, char **argv)
{
	golden_ops(argc, argv, one);
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed ? 1 : passed ? 0 : 77;
}
