/* SPDX-License-Identifier: MIT */
/* Gated linear attention: S = diag(exp(g)) S + outer(k, v), o = scale q S; g: log decay of each
 * key channel.  Yang et al., Gated Linear Attention Transformers, 2023.  HGRN2 (Qin et al., 2024) is
 * the same with k = 1 - exp(g), which it makes when k is absent. */
#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V, G };

static void factors(const seqp_op_call *c, seqp_span *s)
{
	seqp_span_query(c, s, Q);
	seqp_span_exp(c, s, s->a, G);
	SEQP_MADE(s, a);
	if (c->in[K]) {
		SEQP_ROWS(s, c, k, K);
		return;
	}
	for (size_t i = 0; i < s->n * s->K; i++)
		s->k[i] = 1 - s->a[i];
	SEQP_MADE(s, k);
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	seqp_heads_run(c, SEQK_OUTER, V, h0, h1, factors, NULL);
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"},
	{.name = "g", .dims = "THK"}, {0}};
static const seqp_op_array in2[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK", .how = SEQP_OP_OPT},
	{.name = "v", .dims = "THV"}, {.name = "g", .dims = "THK"}, {0}};

const seqp_op_row seqp_op_gla = {
	.name = "gla", .paper = "Yang et al., Gated Linear Attention Transformers, 2023",
	.bytes = "H K V", .cost = "3 H K V", .in = in, .state = seqp_heads_state, .out = seqp_heads_out,
	.number = seqp_heads_scale, .split = 'H', .check = seqp_heads_check, .scratch = seqp_heads_scratch, .run = run,
};
const seqp_op_row seqp_op_hgrn2 = {
	.name = "hgrn2", .paper = "Qin et al., HGRN2: Gated Linear RNNs with State Expansion, 2024",
	.bytes = "H K V", .cost = "3 H K V", .in = in2, .state = seqp_heads_state, .out = seqp_heads_out,
	.number = seqp_heads_scale, .split = 'H', .check = seqp_heads_check, .scratch = seqp_heads_scratch, .run = run,
};
