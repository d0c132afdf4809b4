/* SPDX-License-Identifier: MIT */
/* Gated slot attention: two linear recurrences over M slots with a softmax between.
 *   hk [K][M] = hk diag(exp(g)) + outer(k, s);  p = softmax(scale q hk)
 *   hv [M][V] = diag(exp(g)) hv + outer(s, v);  o = p hv
 * s is 1 - exp(g) when it is absent.  Zhang et al., Gated Slot Attention, 2024.
 * ABC (Peng et al., 2021): s a softmax over time, z = logaddexp(z, s), g = z_old - z, and exp(s - z) for s. */
#include <math.h>

#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V, G, S };

/* Both passes of one head over n tokens; w: decays, p, s [SEQP_SPAN][M], q [SEQP_SPAN][K]. */
static void passes(const seqp_op_call *c, size_t h, size_t t, size_t n, float *w)
{
	size_t k = seqp_op_dim(c, 'K'), v = seqp_op_dim(c, 'V'), m = seqp_op_dim(c, 'M');
	float *decay = w, *p = decay + SEQP_SPAN * m, *s = p + SEQP_SPAN * m, *q = s + SEQP_SPAN * m;
	for (size_t j = 0; j < n; j++)
		seqk_scale(q + j * k, seqp_op_in(c, Q, t + j, h * k), (float)c->number[0], k);
	seqk_recur keys = {.q = q, .ldq = k, .k = seqp_op_in(c, K, t, h * k), .ldk = c->ld[K], .v = s, .ldv = m, .av = decay, .ldav = m,
		.o = p, .ldo = m, .S = c->state[0] + h * k * m, .n = n, .K = k, .V = m};
	seqk_recur_run(&keys, 0, m);
	for (size_t j = 0; j < n; j++)
		seqk_softmax(p + j * m, p + j * m, m);
	seqk_recur values = {.q = p, .ldq = m, .k = s, .ldk = m, .v = seqp_op_in(c, V, t, h * v), .ldv = c->ld[V], .a = decay, .lda = m,
		.o = seqp_op_out(c, 0, t, h * v), .ldo = c->ldo[0], .S = c->state[1] + h * m * v, .n = n, .K = m, .V = v};
	seqk_recur_run(&values, 0, v);
}

/* decay and s of a token of head h. */
typedef void weigh(const seqp_op_call *c, size_t h, size_t t, float *decay, float *s);

static void gated(const seqp_op_call *c, size_t h, size_t t, float *decay, float *s)
{
	size_t m = seqp_op_dim(c, 'M');
	seqk_exp(decay, seqp_op_in(c, G, t, h * m), m);
	for (size_t i = 0; i < m; i++)
		s[i] = c->in[S] ? seqp_op_in(c, S, t, h * m)[i] : 1 - decay[i];
}

enum { ABC_S = 3 };

static void over_time(const seqp_op_call *c, size_t h, size_t t, float *decay, float *s)
{
	size_t m = seqp_op_dim(c, 'M');
	seqp_time_softmax(c->state[2] + h * m, decay, s, seqp_op_in(c, ABC_S, t, h * m), m);
}

static void spans(const seqp_op_call *c, size_t h0, size_t h1, weigh *one)
{
	size_t m = seqp_op_dim(c, 'M'), T = seqp_op_dim(c, 'T');
	for (size_t h = h0; h < h1; h++)
		for (size_t t = 0; t < T; t += SEQP_SPAN) {
			size_t n = T - t < SEQP_SPAN ? T - t : SEQP_SPAN;
			for (size_t j = 0; j < n; j++)
				one(c, h, t + j, c->scratch + j * m, c->scratch + (2 * SEQP_SPAN + j) * m);
			passes(c, h, t, n, c->scratch);
		}
}

static void run(const seqp_op_call *c, size_t h0, size_t h1) { spans(c, h0, h1, gated); }
static void run_abc(const seqp_op_call *c, size_t h0, size_t h1) { spans(c, h0, h1, over_time); }

static size_t scratch(const seqp_op_call *c)
{
	return SEQP_SPAN * (3 * seqp_op_dim(c, 'M') + seqp_op_dim(c, 'K'));
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"},
	{.name = "g", .dims = "THM"}, {.name = "s", .dims = "THM", .how = SEQP_OP_OPT}, {0}};
static const seqp_op_array state[] = {{.name = "hk", .dims = "HKM"}, {.name = "hv", .dims = "HMV"}, {0}};

const seqp_op_row seqp_op_gsa = {
	.name = "gsa", .paper = "Zhang et al., Gated Slot Attention, 2024",
	.bytes = "H M (K + V)", .cost = "3 H M (K + V)", .in = in, .state = state, .out = seqp_heads_out,
	.number = seqp_heads_scale, .split = 'H', .check = seqp_heads_check, .scratch = scratch, .run = run,
};

static const seqp_op_array in_abc[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"},
	{.name = "s", .dims = "THM"}, {0}};
static const seqp_op_array state_abc[] = {{.name = "hk", .dims = "HKM"}, {.name = "hv", .dims = "HMV"}, {.name = "z", .dims = "HM"}, {0}};

static void fresh(const seqp_op_call *c, int which, float *z)
{
	for (size_t i = 0; which == 2 && i < seqp_op_dim(c, 'H') * seqp_op_dim(c, 'M'); i++)
		z[i] = -INFINITY;
}

const seqp_op_row seqp_op_abc = {
	.name = "abc", .paper = "Peng et al., ABC: Attention with Bounded-memory Control, 2021",
	.bytes = "H M (K + V + 1)", .cost = "3 H M (K + V)", .in = in_abc, .state = state_abc, .out = seqp_heads_out,
	.number = seqp_heads_scale, .split = 'H', .check = seqp_heads_check, .fresh = fresh, .scratch = scratch, .run = run_abc,
};
