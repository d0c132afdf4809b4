/* SPDX-License-Identifier: MIT */
/* Log-linear attention: a state for each level of a Fenwick tree over time, read with weights lam of the query.
 * Level 0 is the token itself, level l >= 1 the block of 2^(l-1) tokens that bit l - 1 of t stands for; token j
 * counts for query i with the decay exp(g over j+1..i).  When bit l - 1 is carried, levels below flow into level l.
 * state [H][L][K][V].  Guo et al., Log-Linear Attention, 2025. */
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V, G, LAM };

/* What the states of the lower levels held goes into the level of the lowest bit of t that is set. */
static void carry(float *S, size_t size, uint64_t t)
{
	size_t to = (size_t)__builtin_ctzll(t) + 1;
	float *up = S + to * size;
	for (size_t l = 0; l < to; l++) {
		seqk_add(up, up, S + l * size, size);
		memset(S + l * size, 0, size * sizeof *S);
	}
}

/* w: K + V + 1 floats. */
static void token(const seqp_op_call *c, size_t t, size_t h, float *w)
{
	size_t k = seqp_op_dim(c, 'K'), v = seqp_op_dim(c, 'V'), L = seqp_op_dim(c, 'L'), size = k * v;
	float *S = c->state[0] + h * L * size, *q = w, *part = w + k, *o = seqp_op_out(c, 0, t, h * v);
	uint64_t at = (uint64_t)c->pos + t;
	if (at)
		carry(S, size, at);
	seqk_exp(part + v, seqp_op_in(c, G, t, h), 1);
	for (size_t l = 1; l < L; l++)
		if (at >> (l - 1) & 1)
			seqk_scale(S + l * size, S + l * size, part[v], size);
	memset(o, 0, v * sizeof *o);
	for (size_t l = 0; l < L; l++) {
		if (l && !(at >> (l - 1) & 1))
			continue;
		seqk_scale(q, seqp_op_in(c, Q, t, h * k), (float)c->number[0] * seqp_op_in(c, LAM, t, h * L)[l], k);
		seqk_recur r = {.rule = l ? SEQK_READ : SEQK_OUTER, .q = q, .k = seqp_op_in(c, K, t, h * k),
			.v = seqp_op_in(c, V, t, h * v), .o = part, .S = S + l * size, .n = 1, .K = k, .V = v};
		seqk_recur_run(&r, 0, v);
		seqk_add(o, o, part, v);
	}
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	for (size_t h = h0; h < h1; h++)
		for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++)
			token(c, t, h, c->scratch);
}

static int check(seqp_op_call *c, seq_error *err)
{
	size_t L = seqp_op_dim(c, 'L');
	if (L > 60 || c->total >> (L - 1))
		return seqp_fail(err, SEQ_E_MISMATCH, "%zu levels of lam are too few for %zu tokens", L, c->total);
	return 0;
}

static size_t scratch(const seqp_op_call *c)
{
	return seqp_op_dim(c, 'K') + seqp_op_dim(c, 'V') + 1;
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"},
	{.name = "g", .dims = "TH"}, {.name = "lam", .dims = "THL"}, {0}};
static const seqp_op_array state[] = {{.name = "state", .dims = "HLKV"}, {0}};
static const seqp_op_number number[] = {{"scale", 1, -1e30, 1e30, NULL, "factor of q"}, {0}};

const seqp_op_row seqp_op_loglinear = {
	.name = "log-linear-attention", .paper = "Guo et al., Log-Linear Attention, 2025",
	.bytes = "H L K V, L = 1 + log2 T", .cost = "3 H L K V", .in = in, .state = state, .out = seqp_heads_out, .number = number,
	.split = 'H', .check = check, .scratch = scratch, .run = run,
};
