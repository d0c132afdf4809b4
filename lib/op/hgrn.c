/* SPDX-License-Identifier: MIT */
/* HGRN: h = exp(g) h + x, a state for each channel; x is the gated input.  Qin et al., Hierarchically Gated
 * Recurrent Neural Network, 2023. */
#include <string.h>

#include "kernel/vec.h"
#include "op/op_rows.h"

enum { X, G };

static void run(const seqp_op_call *c, size_t c0, size_t c1)
{
	float *h = c->state[0] + c0, *a = c->scratch;
	for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++) {
		float *o = seqp_op_out(c, 0, t, c0);
		seqk_exp(a, seqp_op_in(c, G, t, c0), c1 - c0);
		seqk_mul(h, a, h, c1 - c0);
		seqk_add(h, h, seqp_op_in(c, X, t, c0), c1 - c0);
		memcpy(o, h, (c1 - c0) * sizeof *o);
	}
}

static size_t scratch(const seqp_op_call *c)
{
	return seqp_op_dim(c, 'C');
}

static const seqp_op_array in[] = {{.name = "x", .dims = "TC"}, {.name = "g", .dims = "TC"}, {0}};
static const seqp_op_array state[] = {{.name = "state", .dims = "C"}, {0}};
static const seqp_op_array out[] = {{.name = "o", .dims = "TC"}, {0}};

const seqp_op_row seqp_op_hgrn = {
	.name = "hgrn", .paper = "Qin et al., Hierarchically Gated Recurrent Neural Network, 2023",
	.bytes = "C", .cost = "C", .in = in, .state = state, .out = out, .split = 'C', .scratch = scratch, .run = run,
};
