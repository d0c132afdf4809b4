/* SPDX-License-Identifier: MIT */
/* The delta rule and its gates: u = beta (v - k S'), S = S' + outer(k, u), o = scale q S, where S' is
 * S (delta-rule; Yang et al., 2024), exp(g[t][h]) S (gated-delta-rule; Yang, Kautz, Hatamizadeh, 2024) or
 * diag(exp(g[t][h][k])) S (kda: Kimi Linear, 2025).  Comba (Hu et al., 2025) reads the error with p for k, of S' as its
 * paper has it, or of S as its models were trained.
 * The kernel reads the old state: k S' is (k * decay) S. */
#include <math.h>

#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V, BETA, G, P };
enum { SCALE, READ };

static void common(const seqp_op_call *c, seqp_span *s)
{
	seqp_span_query(c, s, Q);
	SEQP_ROWS(s, c, k, K);
	SEQP_SCALARS(s, c, beta, BETA);
}

static void plain(const seqp_op_call *c, seqp_span *s)
{
	common(c, s);
	SEQP_ROWS(s, c, p, K);
}

static void gated(const seqp_op_call *c, seqp_span *s)
{
	int error = c->in[P] ? P : K;
	common(c, s);
	seqp_span_exp1(c, s, s->a1, G);
	SEQP_MADE_SCALARS(s, a1);
	if (c->in[P] && c->number[READ]) {
		SEQP_ROWS(s, c, p, P);
		return;
	}
	for (size_t j = 0; j < s->n; j++)
		seqk_scale(s->p + j * s->K, seqp_op_in(c, error, s->t + j, s->h * s->K), s->a1[j], s->K);
	SEQP_MADE(s, p);
}

static void channels(const seqp_op_call *c, seqp_span *s)
{
	common(c, s);
	seqp_span_exp(c, s, s->a, G);
	SEQP_MADE(s, a);
	for (size_t j = 0; j < s->n; j++)
		seqk_mul(s->p + j * s->K, seqp_op_in(c, K, s->t + j, s->h * s->K), s->a + j * s->K, s->K);
	SEQP_MADE(s, p);
}

static void run_delta(const seqp_op_call *c, size_t h0, size_t h1) { seqp_heads_run(c, SEQK_DELTA, V, h0, h1, plain, NULL); }
static void run_gated(const seqp_op_call *c, size_t h0, size_t h1) { seqp_heads_run(c, SEQK_DELTA, V, h0, h1, gated, NULL); }
static void run_kda(const seqp_op_call *c, size_t h0, size_t h1) { seqp_heads_run(c, SEQK_DELTA, V, h0, h1, channels, NULL); }

#define QKVB {.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"}, {.name = "beta", .dims = "TH"}
static const seqp_op_array in_delta[] = {QKVB, {0}};
static const seqp_op_array in_gated[] = {QKVB, {.name = "g", .dims = "TH"}, {0}};
static const seqp_op_array in_kda[] = {QKVB, {.name = "g", .dims = "THK"}, {0}};
static const seqp_op_array in_comba[] = {QKVB, {.name = "g", .dims = "TH"}, {.name = "p", .dims = "THK"}, {0}};

static const char *const reads[] = {"decayed", "old", NULL};
static const seqp_op_number comba_number[] = {{"scale", NAN, -1e30, 1e30, NULL, "factor of q; 1 / sqrt(K) unless given"},
	{"read", 0, 0, 1, reads, "the state that p reads: decayed, or old as in published models"}, {0}};

#define ROW(symbol, title, source, work, inputs, numbers, how) \
	const seqp_op_row symbol = {.name = title, .paper = source, .bytes = "H K V", .cost = work, .in = inputs, \
		.state = seqp_heads_state, .out = seqp_heads_out, .number = numbers, .split = 'H', \
		.check = seqp_heads_check, .scratch = seqp_heads_scratch, .run = how}
ROW(seqp_op_delta, "delta-rule", "Yang et al., Parallelizing Linear Transformers with the Delta Rule, 2024", "3 H K V", in_delta, seqp_heads_scale, run_delta);
ROW(seqp_op_gated_delta, "gated-delta-rule", "Yang, Kautz, Hatamizadeh, Gated Delta Networks, 2024", "4 H K V", in_gated, seqp_heads_scale, run_gated);
ROW(seqp_op_kda, "kda", "Kimi Team, Kimi Linear, 2025", "4 H K V", in_kda, seqp_heads_scale, run_kda);
ROW(seqp_op_comba, "comba", "Hu et al., Comba, 2025", "4 H K V", in_comba, comba_number, run_gated);
