/* SPDX-License-Identifier: MIT */
/* Causal depthwise convolution: y[t] = act(bias + sum over j of w[j] x[t - (W - 1) + j]); the state is the last
 * J = W - 1 inputs, oldest first.  The arithmetic is kernel/scan.h. */
#include "base/fail.h"
#include "kernel/scan.h"
#include "op/op_rows.h"

enum { X, W, BIAS };

/* The kernel keeps [C][J]. */
static void turn(const seqp_op_call *c, size_t c0, size_t c1, bool back)
{
	size_t J = seqp_op_dim(c, 'J'), C = seqp_op_dim(c, 'C');
	for (size_t i = c0; i < c1; i++)
		for (size_t j = 0; j < J; j++) {
			float *near = c->scratch + i * J + j, *far = c->state[0] + j * C + i;
			if (back)
				*far = *near;
			else
				*near = *far;
		}
}

static void run(const seqp_op_call *c, size_t c0, size_t c1)
{
	turn(c, c0, c1, false);
	seqk_conv(c->out[0], c->ldo[0], c->in[X], c->ld[X], seqp_op_dim(c, 'T'), c->in[W], c->in[BIAS], seqp_op_dim(c, 'W'),
	          (int)c->number[0], c->scratch, c0, c1);
	turn(c, c0, c1, true);
}

static int check(seqp_op_call *c, seq_error *err)
{
	size_t W_ = seqp_op_dim(c, 'W'), *J = &c->dim['J' - 'A'];
	if (W_ < 2 || W_ > 8)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "a convolution of width %zu; 2 to 8 are possible", W_);
	if (*J && *J != W_ - 1)
		return seqp_fail(err, SEQ_E_MISMATCH, "the state has %zu rows; %zu are wanted", *J, W_ - 1);
	*J = W_ - 1;
	return 0;
}

static size_t scratch(const seqp_op_call *c)
{
	return seqp_op_dim(c, 'J') * seqp_op_dim(c, 'C');
}

static const seqp_op_array in[] = {{.name = "x", .dims = "TC"}, {.name = "w", .dims = "CW"},
	{.name = "bias", .dims = "C", .how = SEQP_OP_OPT}, {0}};
static const seqp_op_array state[] = {{.name = "state", .dims = "JC"}, {0}};
static const seqp_op_array out[] = {{.name = "y", .dims = "TC"}, {0}};
static const char *const acts[] = {"none", "silu", NULL};
static const seqp_op_number number[] = {{"activation", 0, 0, 1, acts, "none or silu"}, {0}};

const seqp_op_row seqp_op_shortconv = {
	.name = "causal-conv1d", .paper = "short causal convolution (Mamba, Hyena, LFM2)",
	.bytes = "(W - 1) C", .cost = "W C", .in = in, .state = state, .out = out, .number = number, .split = 'C', .check = check,
	.scratch = scratch, .run = run,
};
