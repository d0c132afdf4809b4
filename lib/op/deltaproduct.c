/* SPDX-License-Identifier: MIT */
/* DeltaProduct: N delta-rule writes a token (k, v, beta [T][N][H]..), one read after the last; a gate, if
 * there is one, acts once, before the first.  Siems et al., DeltaProduct, 2025. */
#include <string.h>

#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V, BETA, G };

enum { STEPS = 64 }; /* of a span: whole tokens, or one token if that has more */

/* A head's micro-steps close together: w holds q, k, p [steps][K], v, o [steps][V], beta, decay [steps]. */
struct span {
	float *q, *k, *p, *v, *o, *beta, *decay;
	size_t K, V, N;
};

static struct span begin(const seqp_op_call *c)
{
	struct span s = {.K = seqp_op_dim(c, 'K'), .V = seqp_op_dim(c, 'V'), .N = seqp_op_dim(c, 'N')};
	size_t n = s.N > STEPS ? s.N : STEPS;
	s.q = c->scratch, s.k = s.q + n * s.K, s.p = s.k + n * s.K, s.v = s.p + n * s.K;
	s.o = s.v + n * s.V, s.beta = s.o + n * s.V, s.decay = s.beta + n;
	return s;
}

/* Micro-step j of token t, step i of the span.  Every one is read by q; what the last gives counts. */
static void gather(const seqp_op_call *c, const struct span *s, size_t h, size_t t, size_t j, size_t i)
{
	size_t at = j * seqp_op_dim(c, 'H') + h;
	float *a = s->decay + i;
	seqk_scale(s->q + i * s->K, seqp_op_in(c, Q, t, h * s->K), (float)c->number[0], s->K);
	memcpy(s->k + i * s->K, seqp_op_in(c, K, t, at * s->K), s->K * sizeof *a);
	memcpy(s->v + i * s->V, seqp_op_in(c, V, t, at * s->V), s->V * sizeof *a);
	s->beta[i] = *seqp_op_in(c, BETA, t, at);
	*a = 1;
	if (j == 0 && c->in[G])
		seqk_exp(a, seqp_op_in(c, G, t, h), 1);
	seqk_scale(s->p + i * s->K, s->k + i * s->K, *a, s->K);
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	struct span s = begin(c);
	size_t T = seqp_op_dim(c, 'T'), tokens = s.N < STEPS ? STEPS / s.N : 1;
	for (size_t h = h0; h < h1; h++)
		for (size_t t = 0; t < T; t += tokens) {
			size_t n = T - t < tokens ? T - t : tokens;
			for (size_t i = 0; i < n * s.N; i++)
				gather(c, &s, h, t + i / s.N, i % s.N, i);
			seqk_recur r = {.rule = SEQK_DELTA, .q = s.q, .ldq = s.K, .k = s.k, .ldk = s.K, .p = s.p, .ldp = s.K, .v = s.v,
				.ldv = s.V, .beta = s.beta, .ldbeta = 1, .a1 = c->in[G] ? s.decay : NULL, .lda1 = 1, .o = s.o, .ldo = s.V,
				.S = c->state[0] + h * s.K * s.V, .n = n * s.N, .K = s.K, .V = s.V};
			seqk_recur_run(&r, 0, s.V);
			for (size_t i = 0; i < n; i++)
				memcpy(seqp_op_out(c, 0, t + i, h * s.V), s.o + ((i + 1) * s.N - 1) * s.V, s.V * sizeof *s.o);
		}
}

static size_t scratch(const seqp_op_call *c)
{
	size_t N = seqp_op_dim(c, 'N');
	return (N > STEPS ? N : STEPS) * (3 * seqp_op_dim(c, 'K') + 2 * seqp_op_dim(c, 'V') + 2);
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "TNHK"}, {.name = "v", .dims = "TNHV"},
	{.name = "beta", .dims = "TNH"}, {.name = "g", .dims = "TH", .how = SEQP_OP_OPT}, {0}};

const seqp_op_row seqp_op_deltaproduct = {
	.name = "deltaproduct", .paper = "Siems et al., DeltaProduct, 2025",
	.bytes = "H K V", .cost = "3 N H K V", .in = in, .state = seqp_heads_state, .out = seqp_heads_out,
	.number = seqp_heads_scale, .split = 'H', .check = seqp_heads_check, .scratch = scratch, .run = run,
};
