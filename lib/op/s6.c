/* SPDX-License-Identifier: MIT */
/* Selective scan: dt = softplus(dt + dt_bias), h = exp(dt A) h + dt B x, y = (C h + D x) silu(z); y_no_gate is
 * without silu(z).  Gu, Dao, Mamba, 2023.  The arithmetic is kernel/scan.h. */
#include <string.h>

#include "kernel/scan.h"
#include "kernel/vec.h"
#include "op/op_rows.h"

enum { X, DT, A, B, C, D, Z, BIAS };
enum { SPAN = 32 };

static void span(const seqp_op_call *c, size_t t, size_t n, size_t c0, size_t c1)
{
	size_t w = seqp_op_dim(c, 'C');
	for (size_t j = 0; j < n; j++) {
		float *dt = c->scratch + j * w;
		const float *raw = seqp_op_in(c, DT, t + j, 0);
		if (c->in[BIAS])
			seqk_add(dt + c0, raw + c0, c->in[BIAS] + c0, c1 - c0);
		seqk_softplus(dt + c0, (c->in[BIAS] ? dt : raw) + c0, c1 - c0);
	}
	seqk_scan1 s = {.x = seqp_op_in(c, X, t, 0), .dt = c->scratch, .B = seqp_op_in(c, B, t, 0), .C = seqp_op_in(c, C, t, 0),
		.ldx = c->ld[X], .lddt = w, .ldbc = c->ld[B], .A = c->in[A], .D = c->in[D], .y = seqp_op_out(c, 1, t, 0),
		.ldy = c->ldo[1], .h = c->state[0], .n = n, .N = seqp_op_dim(c, 'N')};
	seqk_scan_mamba(&s, c0, c1);
	for (size_t j = 0; j < n; j++) {
		float *y = seqp_op_out(c, 0, t + j, c0);
		const float *raw = seqp_op_out(c, 1, t + j, c0);
		if (c->in[Z])
			seqk_silu_mul(y, seqp_op_in(c, Z, t + j, c0), raw, c1 - c0);
		else
			memcpy(y, raw, (c1 - c0) * sizeof *y);
	}
}

static void run(const seqp_op_call *c, size_t c0, size_t c1)
{
	size_t T = seqp_op_dim(c, 'T');
	for (size_t t = 0; t < T; t += SPAN)
		span(c, t, T - t < SPAN ? T - t : SPAN, c0, c1);
}

static size_t scratch(const seqp_op_call *c)
{
	return SPAN * seqp_op_dim(c, 'C');
}

static const seqp_op_array in[] = {{.name = "x", .dims = "TC"}, {.name = "dt", .dims = "TC"}, {.name = "A", .dims = "CN"},
	{.name = "B", .dims = "TN"}, {.name = "C", .dims = "TN"}, {.name = "D", .dims = "C"},
	{.name = "z", .dims = "TC", .how = SEQP_OP_OPT}, {.name = "dt_bias", .dims = "C", .how = SEQP_OP_OPT}, {0}};
static const seqp_op_array state[] = {{.name = "state", .dims = "CN"}, {0}};
static const seqp_op_array out[] = {{.name = "y", .dims = "TC"}, {.name = "y_no_gate", .dims = "TC"}, {0}};

const seqp_op_row seqp_op_s6 = {
	.name = "s6", .paper = "Gu, Dao, Mamba, 2023",
	.bytes = "C N", .cost = "3 C N", .in = in, .state = state, .out = out, .split = 'C', .scratch = scratch, .run = run,
};
