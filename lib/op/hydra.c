/* SPDX-License-Identifier: MIT */
/* Hydra: bidirectional, a quasiseparable matrix: y[t] = (forward scan read at t - 1) + (backward scan read at t + 1)
 * + D[t] x[t], each scan S = exp(g) S + outer(B, x), read C S.  x has its step size in it.
 * Hwang et al., Hydra, 2024. */
#include <string.h>

#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { X, D, BF, CF, GF, BB, CB, GB };

/* One direction of one head from token first, step forward or back, adding to the outputs one step on.
 * w: K V floats of state, V of output. */
static void scan(const seqp_op_call *c, size_t h, int b, bool back, float *w)
{
	size_t T = seqp_op_dim(c, 'T'), K = seqp_op_dim(c, 'K'), V = seqp_op_dim(c, 'V');
	float *o = w + K * V, a;
	memset(w, 0, K * V * sizeof *w);
	for (size_t i = 0; i + 1 < T; i++) {
		size_t t = back ? T - 1 - i : i;
		float *y = seqp_op_out(c, 0, back ? t - 1 : t + 1, h * V);
		seqk_exp(&a, seqp_op_in(c, b + 2, t, h), 1);
		seqk_recur r = {.q = seqp_op_in(c, b + 1, t, h * K), .k = seqp_op_in(c, b, t, h * K), .v = seqp_op_in(c, X, t, h * V),
			.a1 = &a, .o = o, .S = w, .n = 1, .K = K, .V = V};
		seqk_recur_run(&r, 0, V);
		seqk_add(y, y, o, V);
	}
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	size_t V = seqp_op_dim(c, 'V');
	for (size_t h = h0; h < h1; h++) {
		for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++)
			seqk_scale(seqp_op_out(c, 0, t, h * V), seqp_op_in(c, X, t, h * V), *seqp_op_in(c, D, t, h), V);
		scan(c, h, BF, false, c->scratch);
		scan(c, h, BB, true, c->scratch);
	}
}

static size_t scratch(const seqp_op_call *c)
{
	return (seqp_op_dim(c, 'K') + 1) * seqp_op_dim(c, 'V');
}

static const seqp_op_array in[] = {{.name = "x", .dims = "THV"}, {.name = "D", .dims = "TH"}, {.name = "Bf", .dims = "THK"},
	{.name = "Cf", .dims = "THK"}, {.name = "gf", .dims = "TH"}, {.name = "Bb", .dims = "THK"}, {.name = "Cb", .dims = "THK"},
	{.name = "gb", .dims = "TH"}, {0}};
static const seqp_op_array out[] = {{.name = "y", .dims = "THV"}, {0}};

const seqp_op_row seqp_op_hydra = {
	.name = "hydra", .paper = "Hwang et al., Hydra, 2024",
	.bytes = "none kept (2 H K V while it runs)", .cost = "6 H K V", .in = in, .out = out, .split = 'H', .whole = true,
	.scratch = scratch, .run = run,
};
