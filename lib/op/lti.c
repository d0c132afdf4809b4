/* SPDX-License-Identifier: MIT */
/* One linear time-invariant system a channel, A dense and shared, a step size for each channel:
 *   x = Abar x + Bbar u;  y = C x + D u, Abar and Bbar made once in double precision.
 * lssl: generalised bilinear (Gu et al., LSSL, 2021); s4: bilinear or zero-order hold (Gu et al., S4, 2021).
 * The number kernel = L makes the convolution kernel C Abar^j Bbar, j < L, an output: y is its causal convolution with
 * u when the state begins at zero.  It is there to look at; the step costs less and keeps its bits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "op/dense64.h"
#include "op/op_rows.h"

enum { U, A, B, C, D, DT };
enum { DISC, ALPHA, KERNEL };
enum { GBT, ZOH };

static size_t made(const seqp_op_call *c)
{
	size_t n = seqp_op_dim(c, 'N');
	return seqp_op_dim(c, 'C') * (n * n + n);
}

static int make_channel(const seqp_op_call *c, size_t ch, double *Ad, double *Bd, seq_error *err)
{
	size_t n = seqp_op_dim(c, 'N');
	double dt = c->in[DT][ch];
	bool ok = (int)c->number[DISC] == ZOH ? seqp_zoh(c->in[A], c->in[B], dt, n, Ad, Bd)
	                                      : seqp_gbt(c->in[A], c->in[B], dt, c->number[ALPHA], n, Ad, Bd);
	if (!ok)
		return seqp_fail(err, SEQ_E_FORMAT, "A cannot be discretised with the step %g of channel %zu", dt, ch);
	for (size_t i = 0; i < n * n; i++)
		c->made[ch * (n * n + n) + i] = (float)Ad[i];
	for (size_t i = 0; i < n; i++)
		c->made[ch * (n * n + n) + n * n + i] = (float)Bd[i];
	return 0;
}

static int make(const seqp_op_call *c, seq_error *err)
{
	size_t n = seqp_op_dim(c, 'N');
	double *Ad = malloc((n * n + n) * sizeof *Ad);
	int rc = Ad ? 0 : seqp_nomem(err, (n * n + n) * sizeof *Ad);
	for (size_t ch = 0; ch < seqp_op_dim(c, 'C') && rc == 0; ch++)
		rc = make_channel(c, ch, Ad, Ad + n * n, err);
	free(Ad);
	return rc;
}

/* x = Abar x + Bbar u, y: n floats. */
static void step(const seqp_op_call *c, size_t ch, float u, float *x, float *y)
{
	size_t n = seqp_op_dim(c, 'N');
	const float *Ad = c->made + ch * (n * n + n), *Bd = Ad + n * n;
	for (size_t i = 0; i < n; i++)
		y[i] = fmaf(Bd[i], u, seqk_dot(Ad + i * n, x, n));
	memcpy(x, y, n * sizeof *x);
}

static void impulse(const seqp_op_call *c, size_t ch)
{
	size_t n = seqp_op_dim(c, 'N'), L = seqp_op_dim(c, 'L');
	float *x = c->scratch, *y = x + n;
	memset(x, 0, n * sizeof *x);
	for (size_t j = 0; j < L; j++) {
		step(c, ch, j == 0, x, y);
		c->out[1][ch * L + j] = seqk_dot(c->in[C] + ch * n, x, n);
	}
}

static void run(const seqp_op_call *c, size_t c0, size_t c1)
{
	size_t n = seqp_op_dim(c, 'N');
	for (size_t ch = c0; ch < c1; ch++) {
		float *x = c->state[0] + ch * n;
		for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++) {
			float u = *seqp_op_in(c, U, t, ch);
			step(c, ch, u, x, c->scratch);
			*seqp_op_out(c, 0, t, ch) = fmaf(c->in[D][ch], u, seqk_dot(c->in[C] + ch * n, x, n));
		}
		if (c->out[1])
			impulse(c, ch);
	}
}

static int check(seqp_op_call *c, seq_error *err)
{
	(void)err;
	c->dim['L' - 'A'] = (size_t)c->number[KERNEL];
	return 0;
}

static size_t scratch(const seqp_op_call *c)
{
	return 2 * seqp_op_dim(c, 'N');
}

static const seqp_op_array in[] = {{.name = "u", .dims = "TC"}, {.name = "A", .dims = "NN"}, {.name = "B", .dims = "N"},
	{.name = "C", .dims = "CN"}, {.name = "D", .dims = "C"}, {.name = "dt", .dims = "C"}, {0}};
static const seqp_op_array state[] = {{.name = "state", .dims = "CN", .from = "x0"}, {0}};
static const seqp_op_array out[] = {{.name = "y", .dims = "TC"}, {.name = "kernel", .dims = "CL", .how = SEQP_OP_OPT}, {0}};
static const char *const discs[] = {"gbt", "zoh", NULL};
static const seqp_op_number number[] = {{"disc", GBT, 0, 1, discs, "discretisation: gbt or zoh"},
	{"alpha", 0.5, 0, 1, NULL, "of gbt: 0 forward Euler, 0.5 bilinear, 1 backward Euler"},
	{"kernel", 0, 0, 1 << 24, NULL, "length of the convolution kernel put out"}, {0}};

const seqp_op_row seqp_op_lssl = {
	.name = "lssl", .paper = "Gu et al., Linear State-Space Layers, 2021",
	.bytes = "C N", .cost = "C N^2", .in = in, .state = state, .out = out, .number = number, .split = 'C', .check = check,
	.made = made, .make = make, .scratch = scratch, .run = run,
};
const seqp_op_row seqp_op_s4 = {
	.name = "s4", .paper = "Gu et al., Efficiently Modeling Long Sequences with Structured State Spaces, 2021",
	.bytes = "C N", .cost = "C N^2", .in = in, .state = state, .out = out, .number = number, .split = 'C', .check = check,
	.made = made, .make = make, .scratch = scratch, .run = run,
};
