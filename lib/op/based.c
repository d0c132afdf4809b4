/* SPDX-License-Identifier: MIT */
/* Taylor features: phi(x) = [1, x / K^(1/4), outer(x, x) / sqrt(2 K)], so phi(q) . phi(k) = 1 + s + s^2 / 2
 * with s = q . k / sqrt(K); o = phi(q) S / (phi(q) . z + eps).  Arora et al., Simple linear attention (Based), 2024.
 * JRT-RNN (Arora et al., Just read twice, 2024) is the same after the M encoder keys and values were put into the state. */
#include <math.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V, KE, VE };

static size_t features(const seqp_op_call *c)
{
	size_t n = seqp_op_dim(c, 'K');
	return 1 + n + n * n;
}

static void phi(float *y, const float *x, size_t n)
{
	float one = (float)(1 / sqrt(sqrt((double)n))), two = (float)(1 / sqrt(2 * (double)n));
	*y++ = 1;
	seqk_scale(y, x, one, n);
	for (size_t i = 0; i < n; i++)
		seqk_scale(y + n + i * n, x, x[i] * two, n);
}

static void factors(const seqp_op_call *c, seqp_span *s)
{
	float *z = c->state[1] + s->h * s->K;
	size_t n = seqp_op_dim(c, 'K');
	for (size_t j = 0; j < s->n; j++) {
		float *q = s->q + j * s->K, *k = s->k + j * s->K;
		phi(q, seqp_op_in(c, Q, s->t + j, s->h * n), n);
		phi(k, seqp_op_in(c, K, s->t + j, s->h * n), n);
		seqk_add(z, z, k, s->K);
		s->bonus[j] = seqk_dot(q, z, s->K) + (float)c->number[0];
	}
	SEQP_MADE(s, q);
	SEQP_MADE(s, k);
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	seqp_heads_rows(c, features(c), SEQK_OUTER, V, h0, h1, factors, seqp_span_divide);
}

/* The M encoder tokens into the state of head h. */
static void encode(const seqp_op_call *c, size_t h)
{
	size_t n = seqp_op_dim(c, 'K'), F = features(c), W = seqp_op_dim(c, 'V'), H = seqp_op_dim(c, 'H');
	seqk_recur r = {.rule = SEQK_OUTER, .k = c->scratch, .S = c->state[0] + h * F * W, .n = 1, .K = F, .V = W};
	for (size_t m = 0; m < seqp_op_dim(c, 'M'); m++) {
		phi(c->scratch, c->in[KE] + (m * H + h) * n, n);
		seqk_add(c->state[1] + h * F, c->state[1] + h * F, c->scratch, F);
		r.v = c->in[VE] + (m * H + h) * W;
		seqk_recur_run(&r, 0, W);
	}
}

static void run_jrt(const seqp_op_call *c, size_t h0, size_t h1)
{
	for (size_t h = h0; h < h1 && c->pos == 0; h++)
		encode(c, h);
	run(c, h0, h1);
}

static int check(seqp_op_call *c, seq_error *err)
{
	if (seqp_op_dim(c, 'K') > 64)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "Taylor features of %zu channels are too many (64 at most)", seqp_op_dim(c, 'K'));
	size_t *F = &c->dim['F' - 'A'];
	if (*F && *F != features(c))
		return seqp_fail(err, SEQ_E_MISMATCH, "the state has %zu rows; %zu are wanted", *F, features(c));
	*F = features(c);
	return 0;
}

static size_t scratch(const seqp_op_call *c)
{
	return seqp_rows_scratch(features(c), seqp_op_dim(c, 'V'));
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"}, {0}};
static const seqp_op_array in_jrt[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"},
	{.name = "ke", .dims = "MHK"}, {.name = "ve", .dims = "MHV"}, {0}};
static const seqp_op_array state[] = {{.name = "state", .dims = "HFV"}, {.name = "z", .dims = "HF"}, {0}};
static const seqp_op_number number[] = {{"eps", 1e-6, 0, 1, NULL, "added to the denominator"}, {0}};

const seqp_op_row seqp_op_based = {
	.name = "based", .paper = "Arora et al., Simple linear attention language models (Based), 2024",
	.bytes = "H (1 + K + K^2) (V + 1)", .cost = "2 H (1 + K + K^2) (V + 1)", .in = in, .state = state,
	.out = seqp_heads_out, .number = number, .split = 'H', .check = check, .scratch = scratch, .run = run,
};
const seqp_op_row seqp_op_jrt = {
	.name = "jrt-rnn", .paper = "Arora et al., Just read twice, 2024",
	.bytes = "H (1 + K + K^2) (V + 1)", .cost = "2 H (1 + K + K^2) (V + 1)", .in = in_jrt, .state = state,
	.out = seqp_heads_out, .number = number, .split = 'H', .check = check, .scratch = scratch, .run = run_jrt,
};
