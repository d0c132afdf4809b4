/* SPDX-License-Identifier: MIT */
/* Diagonal plus low rank: S = diag(exp(g)) S + outer(b, a S) + outer(k, v), all of the old S; o = scale q S.
 * RWKV-7 (Peng et al., 2025) in its own names: decay w, q = r (no scale), removal key -kk, its replacement kk * a. */
#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V, A, B, G };

static void factors(const seqp_op_call *c, seqp_span *s)
{
	seqp_span_query(c, s, Q);
	SEQP_ROWS(s, c, k, K);
	SEQP_ROWS(s, c, p, A);
	SEQP_ROWS(s, c, x, B);
	seqp_span_exp(c, s, s->a, G);
	SEQP_MADE(s, a);
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	seqp_heads_run(c, SEQK_RANK1, V, h0, h1, factors, NULL);
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"},
	{.name = "a", .dims = "THK"}, {.name = "b", .dims = "THK"}, {.name = "g", .dims = "THK"}, {0}};

const seqp_op_row seqp_op_dplr = {
	.name = "dplr", .paper = "Peng et al., RWKV-7, 2025 (general form)",
	.bytes = "H K V", .cost = "4 H K V", .in = in, .state = seqp_heads_state, .out = seqp_heads_out,
	.number = seqp_heads_scale, .split = 'H', .check = seqp_heads_check, .scratch = seqp_heads_scratch, .run = run,
};

enum { R, W, K7, V7, KK, A7 };

static void factors7(const seqp_op_call *c, seqp_span *s)
{
	SEQP_ROWS(s, c, q, R);
	SEQP_ROWS(s, c, k, K7);
	seqp_span_exp(c, s, s->a, W);
	SEQP_MADE(s, a);
	seqp_span_scale(c, s, s->p, KK, -1);
	SEQP_MADE(s, p);
	for (size_t j = 0; j < s->n; j++)
		seqk_mul(s->x + j * s->K, seqp_op_in(c, KK, s->t + j, s->h * s->K), seqp_op_in(c, A7, s->t + j, s->h * s->K), s->K);
	SEQP_MADE(s, x);
}

static void run7(const seqp_op_call *c, size_t h0, size_t h1)
{
	seqp_heads_run(c, SEQK_RANK1, V7, h0, h1, factors7, NULL);
}

static const seqp_op_array in7[] = {{.name = "r", .dims = "THK"}, {.name = "w", .dims = "THK"}, {.name = "k", .dims = "THK"},
	{.name = "v", .dims = "THV"}, {.name = "kk", .dims = "THK"}, {.name = "a", .dims = "THK"}, {0}};

const seqp_op_row seqp_op_rwkv7 = {
	.name = "rwkv7", .paper = "Peng et al., RWKV-7 \"Goose\", 2025",
	.bytes = "H K V", .cost = "4 H K V", .in = in7, .state = seqp_heads_state, .out = seqp_heads_out,
	.split = 'H', .scratch = seqp_heads_scratch, .run = run7,
};
