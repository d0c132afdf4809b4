/* SPDX-License-Identifier: MIT */
/* pLSTM along one dimension: o = q (mark S + direct outer(k, v)), then S = trans S + source outer(k, v).
 * Poppel et al., pLSTM, 2025. */
#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V, SOURCE, TRANS, MARK, DIRECT };

static void factors(const seqp_op_call *c, seqp_span *s)
{
	for (size_t j = 0; j < s->n; j++) {
		const float *q = seqp_op_in(c, Q, s->t + j, s->h * s->K), *k = seqp_op_in(c, K, s->t + j, s->h * s->K);
		seqk_scale(s->q + j * s->K, q, *seqp_op_in(c, MARK, s->t + j, s->h), s->K);
		seqk_scale(s->k + j * s->K, k, *seqp_op_in(c, SOURCE, s->t + j, s->h), s->K);
		s->bonus[j] = *seqp_op_in(c, DIRECT, s->t + j, s->h) * seqk_dot(q, k, s->K);
	}
	SEQP_MADE(s, q);
	SEQP_MADE(s, k);
	SEQP_MADE_SCALARS(s, bonus);
	SEQP_SCALARS(s, c, a1, TRANS);
	s->r.before = true;
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	seqp_heads_run(c, SEQK_OUTER, V, h0, h1, factors, NULL);
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"},
	{.name = "source", .dims = "TH"}, {.name = "trans", .dims = "TH"}, {.name = "mark", .dims = "TH"},
	{.name = "direct", .dims = "TH"}, {0}};

const seqp_op_row seqp_op_plstm = {
	.name = "plstm-1d", .paper = "Poppel et al., pLSTM, 2025",
	.bytes = "H K V", .cost = "3 H K V", .in = in, .state = seqp_heads_state, .out = seqp_heads_out,
	.split = 'H', .scratch = seqp_heads_scratch, .run = run,
};
