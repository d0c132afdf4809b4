/* SPDX-License-Identifier: MIT */
/* RWKV-5 and 6: o = r (S + diag(u) outer(k, v)), then S = diag(exp(w)) S + outer(k, v).  The decay is
 * constant in 5 (w [H][K]) and data dependent in 6 (w [T][H][K]).  Peng et al., Eagle and Finch, 2024. */
#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { R, K, V, W, U };

/* r (diag(u) outer(k, v)) is a number times v. */
static void bonus(const seqp_op_call *c, seqp_span *s)
{
	for (size_t j = 0; j < s->n; j++) {
		float *ru = s->p + j * s->K;
		seqk_mul(ru, seqp_op_in(c, R, s->t + j, s->h * s->K), c->in[U] + s->h * s->K, s->K);
		s->bonus[j] = seqk_dot(ru, seqp_op_in(c, K, s->t + j, s->h * s->K), s->K);
	}
	SEQP_MADE_SCALARS(s, bonus);
	s->r.before = true;
	SEQP_ROWS(s, c, q, R);
	SEQP_ROWS(s, c, k, K);
}

static void constant(const seqp_op_call *c, seqp_span *s)
{
	bonus(c, s);
	seqk_exp(s->a, c->in[W] + s->h * s->K, s->K);
	s->r.a = s->a;
}

static void dependent(const seqp_op_call *c, seqp_span *s)
{
	bonus(c, s);
	seqp_span_exp(c, s, s->a, W);
	SEQP_MADE(s, a);
}

static void run5(const seqp_op_call *c, size_t h0, size_t h1) { seqp_heads_run(c, SEQK_OUTER, V, h0, h1, constant, NULL); }
static void run6(const seqp_op_call *c, size_t h0, size_t h1) { seqp_heads_run(c, SEQK_OUTER, V, h0, h1, dependent, NULL); }

static const seqp_op_array in5[] = {{.name = "r", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"},
	{.name = "w", .dims = "HK"}, {.name = "u", .dims = "HK"}, {0}};
static const seqp_op_array in6[] = {{.name = "r", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"},
	{.name = "w", .dims = "THK"}, {.name = "u", .dims = "HK"}, {0}};

const seqp_op_row seqp_op_rwkv5 = {
	.name = "rwkv5", .paper = "Peng et al., Eagle and Finch, 2024",
	.bytes = "H K V", .cost = "3 H K V", .in = in5, .state = seqp_heads_state, .out = seqp_heads_out,
	.split = 'H', .scratch = seqp_heads_scratch, .run = run5,
};
const seqp_op_row seqp_op_rwkv6 = {
	.name = "rwkv6", .paper = "Peng et al., Eagle and Finch, 2024",
	.bytes = "H K V", .cost = "3 H K V", .in = in6, .state = seqp_heads_state, .out = seqp_heads_out,
	.split = 'H', .scratch = seqp_heads_scratch, .run = run6,
};
