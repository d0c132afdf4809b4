/* SPDX-License-Identifier: MIT */
/* One decay a head.  Retention: constant, exp(g[h]); Sun et al., Retentive Network, 2023.  simple-gla: g[t][h], as in
 * Lightning attention (Qin et al., 2024) and MiniMax.  S = exp(g) S + outer(k, v), o = scale q S. */
#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V, G };

static void constant(const seqp_op_call *c, seqp_span *s)
{
	seqp_span_query(c, s, Q);
	SEQP_ROWS(s, c, k, K);
	seqk_exp(s->a1, c->in[G] + s->h, 1);
	s->r.a1 = s->a1;
}

static void run_retention(const seqp_op_call *c, size_t h0, size_t h1)
{
	seqp_heads_run(c, SEQK_OUTER, V, h0, h1, constant, NULL);
}

static void gated(const seqp_op_call *c, seqp_span *s)
{
	seqp_span_query(c, s, Q);
	SEQP_ROWS(s, c, k, K);
	seqp_span_exp1(c, s, s->a1, G);
	SEQP_MADE_SCALARS(s, a1);
}

static void run_simple(const seqp_op_call *c, size_t h0, size_t h1)
{
	seqp_heads_run(c, SEQK_OUTER, V, h0, h1, gated, NULL);
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"},
	{.name = "g", .dims = "H"}, {0}};
static const seqp_op_array in_t[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"},
	{.name = "g", .dims = "TH"}, {0}};

const seqp_op_row seqp_op_retention = {
	.name = "retention", .paper = "Sun et al., Retentive Network, 2023",
	.bytes = "H K V", .cost = "3 H K V", .in = in, .state = seqp_heads_state, .out = seqp_heads_out,
	.number = seqp_heads_scale, .split = 'H', .check = seqp_heads_check, .scratch = seqp_heads_scratch, .run = run_retention,
};
const seqp_op_row seqp_op_simple_gla = {
	.name = "simple-gla", .paper = "Qin et al., Lightning Attention-2, 2024; Yang et al., 2023",
	.bytes = "H K V", .cost = "3 H K V", .in = in_t, .state = seqp_heads_state, .out = seqp_heads_out,
	.number = seqp_heads_scale, .split = 'H', .check = seqp_heads_check, .scratch = seqp_heads_scratch, .run = run_simple,
};
