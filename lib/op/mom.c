/* SPDX-License-Identifier: MIT */
/* Mixture of memories: a router chooses top_k of M memories for a token; only these decay and learn, by the gated delta
 * rule with their own k, v, beta, g; o = scale q (weighted sum of the chosen).  Weights: softmax over all
 * memories, the chosen ones made to sum to 1; ties go to the lower index.  Du et al., MoM, 2025. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { ROUTER, Q, K, V, BETA, G };
enum { SCALE, TOP };

/* The next best after the chosen ones. */
static size_t best(const float *p, size_t M, const size_t *taken, size_t n)
{
	size_t at = M;
	for (size_t m = 0; m < M; m++) {
		bool free = true;
		for (size_t i = 0; i < n; i++)
			free = free && taken[i] != m;
		if (free && (at == M || p[m] > p[at]))
			at = m;
	}
	return at;
}

/* Chooses for token t; w: M floats. */
static void choose(const seqp_op_call *c, size_t t, float *w, size_t *index, float *weight)
{
	size_t M = seqp_op_dim(c, 'M'), n = (size_t)c->number[TOP];
	float sum = 0;
	seqk_softmax(w, seqp_op_in(c, ROUTER, t, 0), M);
	for (size_t i = 0; i < n; i++) {
		index[i] = best(w, M, index, i);
		sum += weight[i] = w[index[i]];
	}
	for (size_t i = 0; i < n; i++)
		weight[i] /= sum;
}

/* Memory m of head h learns token t and is read. */
static void memory(const seqp_op_call *c, size_t t, size_t h, size_t m, float *w, float *o)
{
	size_t H = seqp_op_dim(c, 'H'), k = seqp_op_dim(c, 'K'), v = seqp_op_dim(c, 'V'), at = m * H + h;
	float *p = w + 1, *q = w + 1 + k;
	seqk_exp(w, seqp_op_in(c, G, t, at), 1);
	seqk_scale(p, seqp_op_in(c, K, t, at * k), *w, k);
	seqk_scale(q, seqp_op_in(c, Q, t, h * k), (float)c->number[SCALE], k);
	seqk_recur r = {.rule = SEQK_DELTA, .q = q, .k = seqp_op_in(c, K, t, at * k), .v = seqp_op_in(c, V, t, at * v), .p = p,
		.a1 = w, .beta = seqp_op_in(c, BETA, t, at), .o = o, .S = c->state[0] + at * k * v, .n = 1, .K = k, .V = v};
	seqk_recur_run(&r, 0, v);
}

enum { MOST = 64 };

static void token(const seqp_op_call *c, size_t t, size_t h0, size_t h1)
{
	size_t index[MOST], v = seqp_op_dim(c, 'V'), M = seqp_op_dim(c, 'M'), n = (size_t)c->number[TOP];
	float weight[MOST], *part = c->scratch + M, *w = part + v;
	choose(c, t, c->scratch, index, weight);
	for (size_t i = 0; i < n && h0 == 0; i++) {
		*seqp_op_out(c, 1, t, i) = (float)index[i];
		*seqp_op_out(c, 2, t, i) = weight[i];
	}
	for (size_t h = h0; h < h1; h++) {
		float *o = seqp_op_out(c, 0, t, h * v);
		memset(o, 0, v * sizeof *o);
		for (size_t i = 0; i < n; i++) {
			memory(c, t, h, index[i], w, part);
			seqk_axpby(o, weight[i], part, 1, o, v);
		}
	}
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++)
		token(c, t, h0, h1);
}

static int check(seqp_op_call *c, seq_error *err)
{
	size_t M = seqp_op_dim(c, 'M');
	if (M > MOST || c->number[TOP] > (double)M)
		return seqp_fail(err, SEQ_E_ARG, "mom takes %d memories at most and top_k of them; there are %zu", MOST, M);
	c->dim['N' - 'A'] = (size_t)c->number[TOP];
	return seqp_heads_check(c, err);
}

static size_t scratch(const seqp_op_call *c)
{
	return seqp_op_dim(c, 'M') + seqp_op_dim(c, 'V') + 1 + 2 * seqp_op_dim(c, 'K');
}

static const seqp_op_array in[] = {{.name = "router", .dims = "TM"}, {.name = "q", .dims = "THK"}, {.name = "k", .dims = "TMHK"},
	{.name = "v", .dims = "TMHV"}, {.name = "beta", .dims = "TMH"}, {.name = "g", .dims = "TMH"}, {0}};
static const seqp_op_array state[] = {{.name = "state", .dims = "MHKV"}, {0}};
static const seqp_op_array out[] = {{.name = "o", .dims = "THV"}, {.name = "index", .dims = "TN"}, {.name = "weight", .dims = "TN"},
	{0}};
static const seqp_op_number number[] = {{"scale", NAN, -1e30, 1e30, NULL, "factor of q; 1 / sqrt(K) unless given"},
	{"top_k", 2, 1, MOST, NULL, "memories a token uses"}, {0}};

const seqp_op_row seqp_op_mom = {
	.name = "mom", .paper = "Du et al., MoM: Mixture-of-Memories, 2025",
	.bytes = "M H K V", .cost = "4 top_k H K V", .in = in, .state = state, .out = out, .number = number, .split = 'H',
	.check = check, .scratch = scratch, .run = run,
};
