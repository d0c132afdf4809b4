/* SPDX-License-Identifier: MIT */
/* DeltaProduct: N delta-rule writes a token (k, v, beta [T][N][H]..), one read after the last; a gate, if
 * there is one, acts once, before the first.  Siems et al., DeltaProduct, 2025. */
#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V, BETA, G };

/* Micro-step j of token t. */
static void step(const seqp_op_call *c, seqp_span *s, size_t t, size_t j, bool last)
{
	size_t H = seqp_op_dim(c, 'H'), at = j * H + s->h;
	seqk_recur *r = &s->r;
	r->k = r->p = seqp_op_in(c, K, t, at * s->K);
	r->v = seqp_op_in(c, V, t, at * s->V);
	r->beta = seqp_op_in(c, BETA, t, at);
	r->a1 = NULL;
	r->o = seqp_op_out(c, 0, t, s->h * s->V);
	if (j == 0 && c->in[G]) {
		seqk_exp(s->a1, seqp_op_in(c, G, t, s->h), 1);
		seqk_scale(s->p, r->k, *s->a1, s->K);
		r->a1 = s->a1, r->p = s->p;
	}
	if (last)
		seqk_scale(s->q, seqp_op_in(c, Q, t, s->h * s->K), (float)c->number[0], s->K);
	r->q = last ? s->q : NULL;
	r->n = 1;
	seqk_recur_run(r, 0, s->V);
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	size_t N = seqp_op_dim(c, 'N'), width = seqp_op_dim(c, 'K'), V_ = seqp_op_dim(c, 'V');
	for (size_t h = h0; h < h1; h++) {
		seqp_span s = {.h = h, .K = width, .V = V_, .q = c->scratch, .p = c->scratch + width, .a1 = c->scratch + 2 * width};
		s.r = (seqk_recur){.rule = SEQK_DELTA, .K = width, .V = V_, .S = c->state[0] + h * width * V_};
		for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++)
			for (size_t j = 0; j < N; j++)
				step(c, &s, t, j, j + 1 == N);
	}
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "TNHK"}, {.name = "v", .dims = "TNHV"},
	{.name = "beta", .dims = "TNH"}, {.name = "g", .dims = "TH", .how = SEQP_OP_OPT}, {0}};

const seqp_op_row seqp_op_deltaproduct = {
	.name = "deltaproduct", .paper = "Siems et al., DeltaProduct, 2025",
	.bytes = "H K V", .cost = "(2 N + 1) H K V", .in = in, .state = seqp_heads_state, .out = seqp_heads_out,
	.number = seqp_heads_scale, .split = 'H', .check = seqp_heads_check, .scratch = seqp_heads_scratch, .run = run,
};
