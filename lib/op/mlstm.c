/* SPDX-License-Identifier: MIT */
/* mLSTM: matrix memory with exponential input gate, stabilised by a running maximum m of logarithms.
 *   m' = max(log sigmoid(f) + m, i);  C = exp(log sigmoid(f) + m - m') C + exp(i - m') outer(k, v);  n the same with k
 *   o = scale q C / (max(|scale q . n|, exp(-m')) + eps).  Beck et al., xLSTM, 2024. */
#include <math.h>

#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V, I, F };
enum { SCALE, EPS };

static void token(const seqp_op_call *c, seqp_span *s, size_t j)
{
	float *n = c->state[1] + s->h * s->K, *m = c->state[2] + s->h;
	const float *k = seqp_op_in(c, K, s->t + j, s->h * s->K);
	float forget = -*seqp_op_in(c, F, s->t + j, s->h), gate = *seqp_op_in(c, I, s->t + j, s->h), e[3];
	seqk_softplus(&forget, &forget, 1);
	float next = fmaxf(*m - forget, gate);
	e[0] = *m - forget - next, e[1] = gate - next, e[2] = -next;
	seqk_exp(e, e, 3);
	*m = next;
	s->a1[j] = e[0];
	seqk_scale(s->k + j * s->K, k, e[1], s->K);
	seqk_axpby(n, e[0], n, 1, s->k + j * s->K, s->K);
	s->bonus[j] = fmaxf(fabsf(seqk_dot(s->q + j * s->K, n, s->K)), e[2]) + (float)c->number[EPS];
}

static void factors(const seqp_op_call *c, seqp_span *s)
{
	seqp_span_query(c, s, Q);
	for (size_t j = 0; j < s->n; j++)
		token(c, s, j);
	SEQP_MADE(s, k);
	SEQP_MADE_SCALARS(s, a1);
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	seqp_heads_run(c, SEQK_OUTER, V, h0, h1, factors, seqp_span_divide);
}

static void fresh(const seqp_op_call *c, int which, float *state)
{
	for (size_t i = 0; which == 2 && i < seqp_op_dim(c, 'H'); i++)
		state[i] = -INFINITY;
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"},
	{.name = "i", .dims = "TH"}, {.name = "f", .dims = "TH"}, {0}};
static const seqp_op_array state[] = {{.name = "C", .dims = "HKV"}, {.name = "n", .dims = "HK"}, {.name = "m", .dims = "H"}, {0}};
static const seqp_op_number number[] = {{"scale", NAN, -1e30, 1e30, NULL, "factor of q; 1 / sqrt(K) unless given"},
	{"eps", 1e-6, 0, 1, NULL, "added to the denominator"}, {0}};

const seqp_op_row seqp_op_mlstm = {
	.name = "mlstm", .paper = "Beck et al., xLSTM, 2024",
	.bytes = "H K V + H K + H", .cost = "3 H K V", .in = in, .state = state, .out = seqp_heads_out, .number = number,
	.split = 'H', .check = seqp_heads_check, .fresh = fresh, .scratch = seqp_heads_scratch, .run = run,
};
