/* SPDX-License-Identifier: MIT */
/* sLSTM: scalar memory, exponential input gate, sigmoid forget gate, stabiliser m, recurrence within a head.
 *   gates i, f, z, o = x + R h;  m' = max(log sigmoid(f) + m, i);  i' = exp(i - m'), f' = exp(log sigmoid(f) + m - m')
 *   c = f' c + i' tanh(z);  n = f' n + i';  h = sigmoid(o) c / n.   Beck et al., xLSTM, 2024. */
#include <math.h>
#include <string.h>

#include "kernel/vec.h"
#include "op/op_rows.h"

enum { X, R };
enum { CELL, NORM, HIDDEN, STAB };

static void gates(const seqp_op_call *c, size_t t, size_t h, float *g)
{
	size_t V = seqp_op_dim(c, 'V'), H = seqp_op_dim(c, 'H');
	for (size_t k = 0; k < 4; k++)
		for (size_t i = 0; i < V; i++)
			g[k * V + i] = seqp_op_in(c, X, t, (k * H + h) * V)[i] +
			               seqk_dot(c->in[R] + ((k * H + h) * V + i) * V, c->state[HIDDEN] + h * V, V);
}

static void token(const seqp_op_call *c, size_t t, size_t h, float *g)
{
	size_t V = seqp_op_dim(c, 'V');
	float *cell = c->state[CELL] + h * V, *n = c->state[NORM] + h * V, *hid = c->state[HIDDEN] + h * V,
	      *m = c->state[STAB] + h * V, *i_ = g, *f = g + V, *z = g + 2 * V, *o = g + 3 * V;
	gates(c, t, h, g);
	seqk_scale(f, f, -1, V);
	seqk_softplus(f, f, V);
	for (size_t j = 0; j < V; j++) {
		/* a fresh cell has n = 0: its stabiliser counts for nothing */
		float keep = m[j] - f[j], next = n[j] == 0 ? i_[j] : fmaxf(keep, i_[j]);
		i_[j] -= next, f[j] = keep - next, m[j] = next;
	}
	seqk_exp(i_, i_, V);
	seqk_exp(f, f, V);
	seqk_tanh(z, z, V);
	seqk_sigmoid(o, o, V);
	for (size_t j = 0; j < V; j++) {
		cell[j] = fmaf(i_[j], z[j], f[j] * cell[j]);
		n[j] = fmaf(f[j], n[j], i_[j]);
		hid[j] = o[j] * (cell[j] / n[j]);
	}
	memcpy(seqp_op_out(c, 0, t, h * V), hid, V * sizeof *hid);
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	for (size_t h = h0; h < h1; h++)
		for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++)
			token(c, t, h, c->scratch);
}

static size_t scratch(const seqp_op_call *c)
{
	return 4 * seqp_op_dim(c, 'V');
}

static const seqp_op_array in[] = {{.name = "x", .dims = "T4HV"}, {.name = "R", .dims = "4HVV"}, {0}};
static const seqp_op_array state[] = {{.name = "c", .dims = "HV"}, {.name = "n", .dims = "HV"},
	{.name = "hidden", .dims = "HV", .from = "h0"}, {.name = "m", .dims = "HV"}, {0}};
static const seqp_op_array out[] = {{.name = "h", .dims = "THV"}, {0}};

const seqp_op_row seqp_op_slstm = {
	.name = "slstm", .paper = "Beck et al., xLSTM, 2024",
	.bytes = "4 H V", .cost = "4 H V^2", .in = in, .state = state, .out = out, .split = 'H', .scratch = scratch, .run = run,
};
