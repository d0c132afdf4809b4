/* SPDX-License-Identifier: MIT */
/* Leaky integrate and fire: u += (x - u) / tau; a spike where u >= threshold, then u = 0.  SpikeGPT (Zhu et al., 2023),
 * LMUFormer. */
#include "op/op_rows.h"

enum { TAU, THRESHOLD };

static void run(const seqp_op_call *c, size_t c0, size_t c1)
{
	float *u = c->state[0], tau = (float)c->number[TAU], top = (float)c->number[THRESHOLD];
	for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++)
		for (size_t i = c0; i < c1; i++) {
			u[i] += (seqp_op_in(c, 0, t, 0)[i] - u[i]) / tau;
			float spike = u[i] >= top;
			seqp_op_out(c, 0, t, 0)[i] = spike;
			u[i] = spike > 0 ? 0 : u[i];
		}
}

static const seqp_op_array in[] = {{.name = "x", .dims = "TC"}, {0}};
static const seqp_op_array state[] = {{.name = "u", .dims = "C"}, {0}};
static const seqp_op_array out[] = {{.name = "spikes", .dims = "TC"}, {0}};
static const seqp_op_number number[] = {{"tau", 2, 1e-6, 1e6, NULL, "time constant"},
	{"threshold", 1, -1e6, 1e6, NULL, "where it fires"}, {0}};

const seqp_op_row seqp_op_lif = {
	.name = "lif", .paper = "Zhu et al., SpikeGPT, 2023",
	.bytes = "C", .cost = "C", .in = in, .state = state, .out = out, .number = number, .split = 'C', .run = run,
};
