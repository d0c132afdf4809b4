/* SPDX-License-Identifier: MIT */
/* State-space duality (Mamba-2; Dao, Gu, 2024): dt = clamp(softplus(dt + dt_bias)), S = exp(dt A) S + outer(dt B, x),
 * y = C S + D x; B and C in G groups of heads.  Phi-Mamba (Bick et al., MOHAWK, 2024): decay sigmoid(-a), no dt. */
#include <math.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { X, DT, B, C, D, A, BIAS };
enum { LOW, HIGH };

static void skip(const seqp_op_call *c, seqp_span *s)
{
	for (size_t j = 0; j < s->n; j++) {
		float *y = seqp_op_out(c, 0, s->t + j, s->h * s->V);
		seqk_axpby(y, c->in[D][s->h], seqp_op_in(c, X, s->t + j, s->h * s->V), 1, y, s->V);
	}
}

/* dt into beta, exp(dt A) into a1. */
static void steps(const seqp_op_call *c, seqp_span *s)
{
	float lo = (float)c->number[LOW], hi = (float)c->number[HIGH];
	for (size_t j = 0; j < s->n; j++)
		s->beta[j] = *seqp_op_in(c, DT, s->t + j, s->h) + (c->in[BIAS] ? c->in[BIAS][s->h] : 0);
	seqk_softplus(s->beta, s->beta, s->n);
	for (size_t j = 0; j < s->n; j++)
		s->beta[j] = s->beta[j] < lo ? lo : s->beta[j] > hi ? hi : s->beta[j];
	seqk_scale(s->a1, s->beta, c->in[A][s->h], s->n);
	seqk_exp(s->a1, s->a1, s->n);
	SEQP_MADE_SCALARS(s, a1);
}

static void factors(const seqp_op_call *c, seqp_span *s)
{
	size_t at = s->h / (seqp_op_dim(c, 'H') / seqp_op_dim(c, 'G')) * s->K;
	steps(c, s);
	for (size_t j = 0; j < s->n; j++)
		seqk_scale(s->k + j * s->K, seqp_op_in(c, B, s->t + j, at), s->beta[j], s->K);
	SEQP_MADE(s, k);
	s->r.q = seqp_op_in(c, C, s->t, at), s->r.ldq = c->ld[C];
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	seqp_heads_run(c, SEQK_OUTER, X, h0, h1, factors, skip);
}

static void phi(const seqp_op_call *c, seqp_span *s)
{
	for (size_t j = 0; j < s->n; j++)
		s->a1[j] = -*seqp_op_in(c, DT, s->t + j, s->h);
	seqk_sigmoid(s->a1, s->a1, s->n);
	SEQP_MADE_SCALARS(s, a1);
	SEQP_ROWS(s, c, k, B);
	SEQP_ROWS(s, c, q, C);
}

/* The gate a stands where dt does. */
static void run_phi(const seqp_op_call *c, size_t h0, size_t h1)
{
	seqp_heads_run(c, SEQK_OUTER, X, h0, h1, phi, skip);
}

static int check(seqp_op_call *c, seq_error *err)
{
	size_t H = seqp_op_dim(c, 'H'), G = seqp_op_dim(c, 'G');
	if (H % G)
		return seqp_fail(err, SEQ_E_MISMATCH, "%zu heads do not divide into %zu groups", H, G);
	return 0;
}

static const seqp_op_array in[] = {{.name = "x", .dims = "THV"}, {.name = "dt", .dims = "TH"}, {.name = "B", .dims = "TGK"},
	{.name = "C", .dims = "TGK"}, {.name = "D", .dims = "H"}, {.name = "A", .dims = "H"},
	{.name = "dt_bias", .dims = "H", .how = SEQP_OP_OPT}, {0}};
static const seqp_op_array in_phi[] = {{.name = "x", .dims = "THV"}, {.name = "a", .dims = "TH"}, {.name = "B", .dims = "THK"},
	{.name = "C", .dims = "THK"}, {.name = "D", .dims = "H"}, {0}};
static const seqp_op_array out[] = {{.name = "y", .dims = "THV"}, {0}};
static const seqp_op_number number[] = {{"dt_min", 0, 0, 1e30, NULL, "least step size"},
	{"dt_max", 1e30, 0, 1e30, NULL, "largest step size"}, {0}};

const seqp_op_row seqp_op_ssd = {
	.name = "ssd", .paper = "Dao, Gu, Transformers are SSMs (Mamba-2), 2024",
	.bytes = "H K V", .cost = "3 H K V", .in = in, .state = seqp_heads_state, .out = out, .number = number, .split = 'H',
	.check = check, .scratch = seqp_heads_scratch, .run = run,
};
const seqp_op_row seqp_op_phi_mamba = {
	.name = "phi-mamba", .paper = "Bick et al., Transformers to SSMs (MOHAWK), 2024",
	.bytes = "H K V", .cost = "3 H K V", .in = in_phi, .state = seqp_heads_state, .out = out, .split = 'H',
	.scratch = seqp_heads_scratch, .run = run_phi,
};
