/* SPDX-License-Identifier: MIT */
/* TTT-Linear: the state is a linear model W, b that learns to reconstruct v - k from k through a layer norm.  Within a
 * mini-batch gradients are taken at its start:
 *   z = k W + b, g = gradient of 1/2 |LN(z) - (v - k)|^2 by z;  A += outer(k, g), a += g
 *   z' = scale q W + b - eta (scale q A + a), o = z' + LN(z');  after its last token W -= eta A, b -= eta a, A = a = 0.
 * A and a are part of the state (zero between mini-batches).  Sun et al., Learning to (Learn at Test Time), 2024. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V, ETA, W, B };
enum { SCALE, EPS, BATCH };
enum { WEIGHT, BIAS, GRAD, GRAD_B };

/* x - mean over n, returns 1 / sqrt(variance + eps). */
static float centre(float *y, const float *x, size_t n, float eps)
{
	float mean = seqk_sum(x, n) / (float)n;
	for (size_t i = 0; i < n; i++)
		y[i] = x[i] - mean;
	return 1 / sqrtf(seqk_sumsq(y, n) / (float)n + eps);
}

/* z becomes the gradient; w: n floats. */
static void gradient(const seqp_op_call *c, size_t t, size_t h, float *z, float *w)
{
	size_t n = seqp_op_dim(c, 'V');
	const float *k = seqp_op_in(c, K, t, h * n), *v = seqp_op_in(c, V, t, h * n);
	float r = centre(w, z, n, (float)c->number[EPS]);
	for (size_t i = 0; i < n; i++) {
		w[i] *= r;
		z[i] = (fmaf(c->in[W][h * n + i], w[i], c->in[B][h * n + i]) - (v[i] - k[i])) * c->in[W][h * n + i];
	}
	float sum = seqk_sum(z, n) / (float)n, dot = seqk_dot(z, w, n) / (float)n;
	for (size_t i = 0; i < n; i++)
		z[i] = (z[i] - sum - w[i] * dot) * r;
}

static void read(seqk_recur *r, float *S, const float *q, float *o)
{
	r->rule = SEQK_READ, r->S = S, r->q = q, r->o = o;
	seqk_recur_run(r, 0, r->V);
}

static void answer(const seqp_op_call *c, size_t t, size_t h, seqk_recur *r, float *w)
{
	size_t n = r->V;
	float *q = w, *part = w + n, *o = seqp_op_out(c, 0, t, h * n), eta = *seqp_op_in(c, ETA, t, h);
	seqk_scale(q, seqp_op_in(c, Q, t, h * n), (float)c->number[SCALE], n);
	read(r, c->state[GRAD] + h * n * n, q, part);
	seqk_add(part, part, c->state[GRAD_B] + h * n, n);
	read(r, c->state[WEIGHT] + h * n * n, q, o);
	seqk_add(o, o, c->state[BIAS] + h * n, n);
	seqk_axpby(o, -eta, part, 1, o, n);
	float s = centre(part, o, n, (float)c->number[EPS]);
	for (size_t i = 0; i < n; i++)
		o[i] += fmaf(c->in[W][h * n + i], part[i] * s, c->in[B][h * n + i]);
}

static void learn(const seqp_op_call *c, size_t t, size_t h, size_t n)
{
	float eta = *seqp_op_in(c, ETA, t, h), *A = c->state[GRAD] + h * n * n, *a = c->state[GRAD_B] + h * n;
	float *Wm = c->state[WEIGHT] + h * n * n, *b = c->state[BIAS] + h * n;
	seqk_axpby(Wm, -eta, A, 1, Wm, n * n);
	seqk_axpby(b, -eta, a, 1, b, n);
	memset(A, 0, n * n * sizeof *A);
	memset(a, 0, n * sizeof *a);
}

static void token(const seqp_op_call *c, size_t t, size_t h)
{
	size_t n = seqp_op_dim(c, 'V');
	float *z = c->scratch, *w = z + n, *a = c->state[GRAD_B] + h * n;
	seqk_recur r = {.n = 1, .K = n, .V = n};
	read(&r, c->state[WEIGHT] + h * n * n, seqp_op_in(c, K, t, h * n), z);
	seqk_add(z, z, c->state[BIAS] + h * n, n);
	gradient(c, t, h, z, w);
	seqk_recur add = {.k = seqp_op_in(c, K, t, h * n), .v = z, .S = c->state[GRAD] + h * n * n, .n = 1, .K = n, .V = n};
	seqk_recur_run(&add, 0, n);
	seqk_add(a, a, z, n);
	answer(c, t, h, &r, w);
	if (((uint64_t)c->pos + t + 1) % (uint64_t)c->number[BATCH] == 0)
		learn(c, t, h, n);
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	for (size_t h = h0; h < h1; h++)
		for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++)
			token(c, t, h);
}

static size_t scratch(const seqp_op_call *c)
{
	return 3 * seqp_op_dim(c, 'V');
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THV"}, {.name = "k", .dims = "THV"}, {.name = "v", .dims = "THV"},
	{.name = "eta", .dims = "TH"}, {.name = "w", .dims = "HV"}, {.name = "b", .dims = "HV"}, {0}};
static const seqp_op_array state[] = {{.name = "W", .dims = "HVV"}, {.name = "bias", .dims = "HV", .from = "b0"},
	{.name = "A", .dims = "HVV"}, {.name = "a", .dims = "HV"}, {0}};
static const seqp_op_number number[] = {{"scale", 1, -1e30, 1e30, NULL, "factor of q"},
	{"eps", 1e-6, 0, 1, NULL, "of the layer norm"}, {"mini_batch", 16, 1, 1 << 20, NULL, "tokens between steps"}, {0}};

const seqp_op_row seqp_op_ttt = {
	.name = "ttt-linear", .paper = "Sun et al., Learning to (Learn at Test Time), 2024",
	.bytes = "2 H V (V + 1)", .cost = "4 H V^2", .in = in, .state = state, .out = seqp_heads_out, .number = number, .split = 'H',
	.scratch = scratch, .run = run,
};
