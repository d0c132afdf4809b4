/* SPDX-License-Identifier: MIT */
/* RG-LRU: log a = -c sigmoid(gate_a) softplus(Lambda), h = a h + sqrt(1 - a^2) sigmoid(gate_x) x; at position 0 (a new
 * sequence in a packed row) h begins anew with the factor 1.  De et al., Griffin, 2024. */
#include <math.h>
#include <string.h>

#include "kernel/vec.h"
#include "op/op_rows.h"

enum { X, GATE_A, GATE_X, LAMBDA, POSITION };

/* a [n] and the factor of x [n] for token t; softplus(Lambda) times -c in rate. */
static void gates(const seqp_op_call *c, size_t t, size_t c0, size_t n, const float *rate, float *a, float *f)
{
	bool fresh = c->in[POSITION] && *seqp_op_in(c, POSITION, t, 0) == 0;
	seqk_sigmoid(a, seqp_op_in(c, GATE_A, t, c0), n);
	seqk_mul(a, a, rate, n);
	seqk_exp(a, a, n);
	seqk_sigmoid(f, seqp_op_in(c, GATE_X, t, c0), n);
	for (size_t i = 0; i < n; i++) {
		f[i] *= fresh ? 1 : sqrtf(fmaf(-a[i], a[i], 1));
		a[i] = fresh ? 0 : a[i];
	}
}

static void run(const seqp_op_call *c, size_t c0, size_t c1)
{
	size_t n = c1 - c0;
	float *rate = c->scratch, *a = rate + n, *f = a + n, *h = c->state[0] + c0;
	seqk_softplus(rate, c->in[LAMBDA] + c0, n);
	seqk_scale(rate, rate, -(float)c->number[0], n);
	for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++) {
		gates(c, t, c0, n, rate, a, f);
		seqk_mul(f, f, seqp_op_in(c, X, t, c0), n);
		seqk_mul(h, a, h, n);
		seqk_add(h, h, f, n);
		memcpy(seqp_op_out(c, 0, t, c0), h, n * sizeof *h);
	}
}

static size_t scratch(const seqp_op_call *c)
{
	return 3 * seqp_op_dim(c, 'C');
}

static const seqp_op_array in[] = {{.name = "x", .dims = "TC"}, {.name = "gate_a", .dims = "TC"}, {.name = "gate_x", .dims = "TC"},
	{.name = "Lambda", .dims = "C"}, {.name = "position", .dims = "T", .how = SEQP_OP_OPT}, {0}};
static const seqp_op_array state[] = {{.name = "state", .dims = "C"}, {0}};
static const seqp_op_array out[] = {{.name = "o", .dims = "TC"}, {0}};
static const seqp_op_number number[] = {{"c", 8, 0, 1000, NULL, "sharpness of the decay"}, {0}};

const seqp_op_row seqp_op_rglru = {
	.name = "rg-lru", .paper = "De et al., Griffin, 2024",
	.bytes = "C", .cost = "C", .in = in, .state = state, .out = out, .number = number, .split = 'C', .scratch = scratch,
	.run = run,
};
