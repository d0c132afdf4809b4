/* SPDX-License-Identifier: MIT */
/* RWKV-4: a softmax over time that fades, as numerator a, denominator b and their common exponent o; per channel
 *   m = max(o, u + k);  y = (e^(o-m) a + e^(u+k-m) v) / (e^(o-m) b + e^(u+k-m))
 *   m = max(o + w, k);  a = e^(o+w-m) a + e^(k-m) v;  b = e^(o+w-m) b + e^(k-m);  o = m
 * w = -exp(time_decay) < 0.  Peng et al., RWKV, 2023. */
#include <math.h>
#include <string.h>

#include "kernel/vec.h"
#include "op/op_rows.h"

enum { K, V, W, U };

/* e^(x - m) and e^(y - m), m = max(x, y) into m. */
static void balance(float *x, float *y, float *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		m[i] = fmaxf(x[i], y[i]);
		x[i] -= m[i], y[i] -= m[i];
	}
	seqk_exp(x, x, n);
	seqk_exp(y, y, n);
}

static void token(const seqp_op_call *c, size_t t, size_t c0, size_t n)
{
	size_t C = seqp_op_dim(c, 'C');
	float *a = c->state[0] + c0, *b = a + C, *o = b + C, *e = c->scratch, *f = e + n, *m = f + n;
	const float *k = seqp_op_in(c, K, t, c0), *v = seqp_op_in(c, V, t, c0);
	float *y = seqp_op_out(c, 0, t, c0);
	memcpy(e, o, n * sizeof *e);
	seqk_add(f, k, c->in[U] + c0, n);
	balance(e, f, m, n);
	for (size_t i = 0; i < n; i++)
		y[i] = fmaf(f[i], v[i], e[i] * a[i]) / fmaf(e[i], b[i], f[i]);
	seqk_add(e, o, c->in[W] + c0, n);
	memcpy(f, k, n * sizeof *f);
	balance(e, f, o, n);
	for (size_t i = 0; i < n; i++) {
		a[i] = fmaf(f[i], v[i], e[i] * a[i]);
		b[i] = fmaf(e[i], b[i], f[i]);
	}
}

static void run(const seqp_op_call *c, size_t c0, size_t c1)
{
	for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++)
		token(c, t, c0, c1 - c0);
}

static void fresh(const seqp_op_call *c, int which, float *state)
{
	(void)which;
	for (size_t i = 0; i < seqp_op_dim(c, 'C'); i++)
		state[2 * seqp_op_dim(c, 'C') + i] = -1e38f;
}

static size_t scratch(const seqp_op_call *c)
{
	return 3 * seqp_op_dim(c, 'C');
}

static const seqp_op_array in[] = {{.name = "k", .dims = "TC"}, {.name = "v", .dims = "TC"}, {.name = "w", .dims = "C"},
	{.name = "u", .dims = "C"}, {0}};
static const seqp_op_array state[] = {{.name = "state", .dims = "3C"}, {0}};
static const seqp_op_array out[] = {{.name = "o", .dims = "TC"}, {0}};

const seqp_op_row seqp_op_rwkv4 = {
	.name = "rwkv4", .paper = "Peng et al., RWKV: Reinventing RNNs for the Transformer Era, 2023",
	.bytes = "3 C", .cost = "4 C", .in = in, .state = state, .out = out, .split = 'C', .fresh = fresh, .scratch = scratch,
	.run = run,
};
