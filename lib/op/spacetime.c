/* SPDX-License-Identifier: MIT */
/* SpaceTime: companion matrix (ones below the diagonal, last column a): x = A x + B u, y = C x + D u.  After the last
 * token the closed loop goes on for horizon steps with u = Kc x:
 * forecast C x, and the state it ends in.
 * Zhang et al., Effectively Modeling Time Series with Simple Discrete State Spaces, 2023. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "op/op_rows.h"

enum { U, A, B, C, D, KC };

static float step(const seqp_op_call *c, float u, float *x, float *y)
{
	size_t n = seqp_op_dim(c, 'N');
	for (size_t i = 0; i < n; i++)
		y[i] = fmaf(c->in[B][i], u, fmaf(c->in[A][i], x[n - 1], i ? x[i - 1] : 0));
	memcpy(x, y, n * sizeof *x);
	return fmaf(c->in[D][0], u, seqk_dot(c->in[C], x, n));
}

static void forecast(const seqp_op_call *c)
{
	size_t n = seqp_op_dim(c, 'N');
	float *x = c->out[2];
	memcpy(x, c->state[0], n * sizeof *x);
	for (size_t i = 0; i < seqp_op_dim(c, 'F'); i++) {
		step(c, seqk_dot(c->in[KC], x, n), x, c->scratch);
		c->out[1][i] = seqk_dot(c->in[C], x, n);
	}
}

static void run(const seqp_op_call *c, size_t i0, size_t i1)
{
	(void)i0, (void)i1;
	for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++)
		*seqp_op_out(c, 0, t, 0) = step(c, *seqp_op_in(c, U, t, 0), c->state[0], c->scratch);
	if (c->out[1] && c->in[KC] && (size_t)c->pos + seqp_op_dim(c, 'T') == c->total)
		forecast(c);
}

static int check(seqp_op_call *c, seq_error *err)
{
	c->dim['F' - 'A'] = (size_t)c->number[0];
	if (c->number[0] > 0 && !c->in[KC])
		return seqp_fail(err, SEQ_E_ARG, "a forecast wants the input \"Kc\"");
	return 0;
}

static size_t scratch(const seqp_op_call *c)
{
	return seqp_op_dim(c, 'N');
}

static const seqp_op_array in[] = {{.name = "u", .dims = "T"}, {.name = "a", .dims = "N"}, {.name = "B", .dims = "N"},
	{.name = "C", .dims = "N"}, {.name = "D", .dims = "1"}, {.name = "Kc", .dims = "N", .how = SEQP_OP_OPT}, {0}};
static const seqp_op_array state[] = {{.name = "state", .dims = "N", .from = "x0"}, {0}};
static const seqp_op_array out[] = {{.name = "y", .dims = "T"}, {.name = "forecast", .dims = "F", .how = SEQP_OP_OPT},
	{.name = "state_end", .dims = "N"}, {0}};
static const seqp_op_number number[] = {{"horizon", 0, 0, 1 << 24, NULL, "steps of forecast after the last token"}, {0}};

const seqp_op_row seqp_op_spacetime = {
	.name = "spacetime", .paper = "Zhang et al., SpaceTime, 2023",
	.bytes = "N", .cost = "3 N", .in = in, .state = state, .out = out, .number = number, .check = check, .scratch = scratch,
	.run = run,
};
