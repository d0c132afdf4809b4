/* SPDX-License-Identifier: MIT */
/* vec.h: every level has the bits of C, at every length up to a few registers, unaligned, in place. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "checkkern.h"
#include "levels.h"

enum { MAX = 150, GUARD = 20, ROOM = MAX + 2 * GUARD };

static const float canary = 12345.5f;

typedef struct input {
	size_t n;
	float a[ROOM], b[ROOM], c[ROOM], s;
} input;

/* Runs one kernel into y, whose first n floats hold a; returns how many floats are its result. */
typedef size_t run_fn(const seqk_table *t, float *y, const input *in);

static size_t r_sum(const seqk_table *t, float *y, const input *in) { y[0] = t->sum(in->a, in->n); return 1; }
static size_t r_sumsq(const seqk_table *t, float *y, const input *in) { y[0] = t->sumsq(in->a, in->n); return 1; }
static size_t r_dot(const seqk_table *t, float *y, const input *in) { y[0] = t->dot(in->a, in->b, in->n); return 1; }
static size_t r_max(const seqk_table *t, float *y, const input *in) { y[0] = t->max(in->a, in->n); return 1; }
static size_t r_argmax(const seqk_table *t, float *y, const input *in)
{
	y[0] = (float)t->argmax(in->a, in->n);
	return 1;
}
static size_t r_rms(const seqk_table *t, float *y, const input *in)
{
	t->rmsnorm(y, y, in->b, in->n, 1e-5f);
	return in->n;
}
static size_t r_rms1(const seqk_table *t, float *y, const input *in)
{
	t->rmsnorm(y, in->a, NULL, in->n, 1e-5f);
	return in->n;
}
static size_t r_layer(const seqk_table *t, float *y, const input *in)
{
	t->layernorm(y, y, in->b, in->c, in->n, 1e-5f);
	return in->n;
}
static size_t r_layer1(const seqk_table *t, float *y, const input *in)
{
	t->layernorm(y, in->a, in->b, NULL, in->n, 1e-5f);
	return in->n;
}
static size_t r_l2(const seqk_table *t, float *y, const input *in) { t->l2norm(y, y, in->n, 1e-6f); return in->n; }
static size_t r_add(const seqk_table *t, float *y, const input *in) { t->add(y, y, in->b, in->n); return in->n; }
static size_t r_mul(const seqk_table *t, float *y, const input *in) { t->mul(y, in->b, y, in->n); return in->n; }
static size_t r_gated(const seqk_table *t, float *y, const input *in) { t->silu_mul(y, y, in->b, in->n); return in->n; }
static size_t r_scale(const seqk_table *t, float *y, const input *in) { t->scale(y, y, in->s, in->n); return in->n; }
static size_t r_axpby(const seqk_table *t, float *y, const input *in)
{
	t->axpby(y, in->s, y, 0.3f, in->b, in->n);
	return in->n;
}
static size_t r_exp(const seqk_table *t, float *y, const input *in) { t->exp(y, y, in->n); return in->n; }
static size_t r_sigmoid(const seqk_table *t, float *y, const input *in) { t->sigmoid(y, y, in->n); return in->n; }
static size_t r_tanh(const seqk_table *t, float *y, const input *in) { t->tanh(y, y, in->n); return in->n; }
static size_t r_silu(const seqk_table *t, float *y, const input *in) { t->silu(y, y, in->n); return in->n; }
static size_t r_softplus(const seqk_table *t, float *y, const input *in) { t->softplus(y, y, in->n); return in->n; }
static size_t r_relu(const seqk_table *t, float *y, const input *in) { t->relu(y, y, in->n); return in->n; }
static size_t r_relu2(const seqk_table *t, float *y, const input *in) { t->relu2(y, y, in->n); return in->n; }
static size_t r_gelu(const seqk_table *t, float *y, const input *in) { t->gelu_tanh(y, y, in->n); return in->n; }
static size_t r_gelu_erf(const seqk_table *t, float *y, const input *in) { t->gelu_erf(y, y, in->n); return in->n; }
static size_t r_softcap(const seqk_table *t, float *y, const input *in) { t->softcap(y, y, 7, in->n); return in->n; }
static size_t r_softmax(const seqk_table *t, float *y, const input *in) { t->softmax(y, y, in->n); return in->n; }
static size_t r_halves(const seqk_table *t, float *y, const input *in)
{
	t->rope_halves(y, in->b, in->c, in->n / 2);
	return in->n;
}
static size_t r_adjacent(const seqk_table *t, float *y, const input *in)
{
	t->rope_adjacent(y, in->b, in->c, in->n / 2);
	return in->n;
}

static const struct kernel {
	const char *name;
	run_fn *run;
	float span;
} kernels[] = {
	{ "sum", r_sum, 4 }, { "sumsq", r_sumsq, 4 }, { "dot", r_dot, 4 }, { "max", r_max, 4 }, { "argmax", r_argmax, 4 },
	{ "rmsnorm", r_rms, 4 }, { "rmsnorm without weight", r_rms1, 4 }, { "layernorm", r_layer, 4 },
	{ "layernorm without bias", r_layer1, 4 }, { "l2norm", r_l2, 4 }, { "add", r_add, 4 }, { "mul", r_mul, 4 },
	{ "silu_mul", r_gated, 20 }, { "scale", r_scale, 4 }, { "axpby", r_axpby, 4 }, { "exp", r_exp, 100 },
	{ "sigmoid", r_sigmoid, 100 }, { "tanh", r_tanh, 2 }, { "silu", r_silu, 100 }, { "softplus", r_softplus, 100 },
	{ "relu", r_relu, 4 }, { "relu2", r_relu2, 4 }, { "gelu_tanh", r_gelu, 12 }, { "gelu_erf", r_gelu_erf, 15 },
	{ "softcap", r_softcap, 30 }, { "softmax", r_softmax, 30 }, { "rope_halves", r_halves, 4 },
	{ "rope_adjacent", r_adjacent, 4 },
};

static void make(input *in, size_t n, float span, bool odd)
{
	static const float special[] = { INFINITY, -INFINITY, NAN, -0.0f, 0x1p-149f, -0x1.fffffep127f };
	in->n = n, in->s = 0.7f;
	random_floats(in->a, ROOM, span);
	random_floats(in->b, ROOM, 2);
	random_floats(in->c, ROOM, 2);
	if (odd && n)
		for (size_t i = 0; i < sizeof special / sizeof *special; i++)
			in->a[check_random() % n] = special[i];
}

static void compare(const struct kernel *k, const level *c, const level *l, const input *in)
{
	float want[ROOM], got[ROOM];
	for (size_t i = 0; i < ROOM; i++)
		want[i] = got[i] = canary;
	memcpy(want + GUARD, in->a, in->n * sizeof *want);
	memcpy(got + GUARD, in->a, in->n * sizeof *got);
	size_t n = k->run(&c->t, want + GUARD, in);
	k->run(&l->t, got + GUARD, in);
	bool kept = true;
	size_t top = n > in->n ? n : in->n;
	for (size_t i = 0; i < ROOM; i++)
		kept &= (i >= GUARD && i < GUARD + top) || (got[i] == canary && want[i] == canary);
	check_that(same_floats(want + GUARD, got + GUARD, n), "%s: %s differs from C, n = %zu", k->name, l->name, in->n);
	check_that(kept, "%s: %s writes out of bounds, n = %zu", k->name, l->name, in->n);
}

static void check(void)
{
	size_t n;
	const level *l = levels(&n);
	static input in;
	for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++)
		for (size_t len = 0; len <= MAX; len = len < 70 ? len + 1 : len + 13)
			for (int odd = 0; odd < 2; odd++) {
				make(&in, len, kernels[k].span, odd);
				for (size_t i = 1; i < n; i++)
					compare(&kernels[k], &l[0], &l[i], &in);
			}
}

typedef struct job {
	const struct kernel *k;
	const seqk_table *t;
	float *y;
	const input *in;
} job;

static void once(void *p)
{
	job *j = p;
	for (int i = 0; i < 1000; i++)
		j->k->run(j->t, j->y, j->in);
}

static void bench(void)
{
	size_t n;
	const level *l = levels(&n);
	static input in;
	float y[ROOM];
	for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++)
		for (size_t i = 0; i < n; i++) {
			if (!l[i].native)
				continue;
			make(&in, 144, 1, false);
			memset(y, 0, sizeof y);
			job j = { &kernels[k], &l[i].t, y, &in };
			printf("vec %-24s %-8s %7.3f ns an element\n", kernels[k].name, l[i].name,
			       check_time(once, &j) * 1e6 / (double)in.n);
		}
}

const check_family check_vec = { "vec", check, bench };
