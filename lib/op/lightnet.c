/* SPDX-License-Identifier: MIT */
/* LightNet: the keys of all tokens so far as a softmax over time: z = logaddexp(z, k),
 * S = diag(exp(z_old - z)) S + outer(exp(k - z), v), o = scale silu(q) S; without history S begins anew.
 * Qin et al., You Only Scan Once (LightNet), 2024. */
#include <math.h>

#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V };

static void factors(const seqp_op_call *c, seqp_span *s)
{
	for (size_t j = 0; j < s->n; j++) {
		float *q = s->q + j * s->K;
		seqk_silu(q, seqp_op_in(c, Q, s->t + j, s->h * s->K), s->K);
		seqk_scale(q, q, (float)c->number[0], s->K);
		seqp_time_softmax(c->state[1] + s->h * s->K, s->a + j * s->K, s->k + j * s->K, seqp_op_in(c, K, s->t + j, s->h * s->K), s->K);
	}
	SEQP_MADE(s, q);
	SEQP_MADE(s, a);
	SEQP_MADE(s, k);
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	seqp_heads_run(c, SEQK_OUTER, V, h0, h1, factors, NULL);
}

static void fresh(const seqp_op_call *c, int which, float *state)
{
	for (size_t i = 0; which == 1 && i < seqp_op_dim(c, 'H') * seqp_op_dim(c, 'K'); i++)
		state[i] = -INFINITY;
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"}, {0}};
static const seqp_op_array state[] = {{.name = "state", .dims = "HKV"}, {.name = "z", .dims = "HK"}, {0}};

const seqp_op_row seqp_op_lightnet = {
	.name = "lightnet", .paper = "Qin et al., You Only Scan Once (LightNet), 2024",
	.bytes = "H K V + H K", .cost = "3 H K V", .in = in, .state = state, .out = seqp_heads_out, .number = seqp_heads_scale,
	.split = 'H', .check = seqp_heads_check, .fresh = fresh, .scratch = seqp_heads_scratch, .run = run,
};
