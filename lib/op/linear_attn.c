/* SPDX-License-Identifier: MIT */
/* Linear attention without normaliser: S += outer(k, v), o = scale q S.
 * Katharopoulos et al., Transformers are RNNs, 2020. */
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V };

static void factors(const seqp_op_call *c, seqp_span *s)
{
	seqp_span_query(c, s, Q);
	SEQP_ROWS(s, c, k, K);
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	seqp_heads_run(c, SEQK_OUTER, V, h0, h1, factors, NULL);
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"}, {0}};

const seqp_op_row seqp_op_linear = {
	.name = "linear", .paper = "Katharopoulos et al., Transformers are RNNs, 2020",
	.bytes = "H K V", .cost = "2 H K V", .in = in, .state = seqp_heads_state, .out = seqp_heads_out,
	.number = seqp_heads_scale, .split = 'H', .check = seqp_heads_check, .scratch = seqp_heads_scratch, .run = run,
};
