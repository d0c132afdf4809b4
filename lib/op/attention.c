/* SPDX-License-Identifier: MIT */
/* Softmax attention over keys and values given whole: T queries at the end of S keys; grouped heads (Q query heads
 * for H key heads), window, sinks, a sink's bias in the denominator, cap, ALiBi slopes.  Vaswani et al., 2017; Shazeer,
 * 2019; Press et al. (ALiBi), 2021; Xiao et al. (sinks), 2023.
 * Forgetting attention (Lin et al., Forgetting Transformer, 2025): the logit gets the sum of g over (j, i].
 * Stick-breaking attention (Tan et al., 2024): a = sigmoid(s_ij) times what keys nearer than j left; its own
 * position is not seen; rem is what is left at the end.  */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V, SLOPES, BIAS, G = BIAS };
enum { SCALE, CAP, WINDOW, SINKS };

/* Head h of the queries, query at position i, keys [0, i]: logits into w. */
static void logits(const seqp_op_call *c, size_t t, size_t h, size_t i, float *w)
{
	size_t n = seqp_op_dim(c, 'K'), H = seqp_op_dim(c, 'H'), kv = h / (seqp_op_dim(c, 'Q') / H);
	const float *q = seqp_op_in(c, Q, t, h * n);
	for (size_t j = 0; j <= i; j++)
		w[j] = seqk_dot(q, c->in[K] + (j * H + kv) * n, n) * (float)c->number[SCALE];
	if (c->number[CAP] > 0)
		seqk_softcap(w, w, (float)c->number[CAP], i + 1);
	for (size_t j = 0; j <= i && c->in[SLOPES]; j++)
		w[j] -= c->in[SLOPES][h] * (float)(i - j);
}

static bool seen(const seqp_op_call *c, size_t i, size_t j)
{
	return c->number[WINDOW] == 0 || (double)(i - j) < c->number[WINDOW] || (double)j < c->number[SINKS];
}

/* o += sum of w[j] v[j] over j <= i. */
static void values(const seqp_op_call *c, size_t h, size_t i, const float *w, float *o)
{
	size_t n = seqp_op_dim(c, 'V'), H = seqp_op_dim(c, 'H'), kv = h / (seqp_op_dim(c, 'Q') / H);
	memset(o, 0, n * sizeof *o);
	for (size_t j = 0; j <= i; j++)
		seqk_axpby(o, w[j], c->in[V] + (j * H + kv) * n, 1, o, n);
}

static void query(const seqp_op_call *c, size_t t, size_t h)
{
	size_t i = (size_t)c->pos + t + seqp_op_dim(c, 'S') - c->total;
	float *w = c->scratch, sink = 0;
	logits(c, t, h, i, w);
	for (size_t j = 0; j <= i; j++)
		w[j] = seen(c, i, j) ? w[j] : -INFINITY;
	float top = seqk_max(w, i + 1);
	if (c->in[BIAS]) {
		sink = c->in[BIAS][h];
		top = fmaxf(top, sink);
		sink -= top;
		seqk_exp(&sink, &sink, 1);
	}
	for (size_t j = 0; j <= i; j++)
		w[j] -= top;
	seqk_exp(w, w, i + 1);
	float sum = seqk_sum(w, i + 1), *lse = seqp_op_out(c, 1, t, h);
	*lse = (float)(log((double)sum) + (double)top);
	seqk_scale(w, w, 1 / (sum + sink), i + 1);
	values(c, h, i, w, seqp_op_out(c, 0, t, h * seqp_op_dim(c, 'V')));
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	for (size_t h = h0; h < h1; h++)
		for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++)
			query(c, t, h);
}

static int check(seqp_op_call *c, seq_error *err)
{
	size_t Q_ = seqp_op_dim(c, 'Q'), H = seqp_op_dim(c, 'H'), T = seqp_op_dim(c, 'T'), S = seqp_op_dim(c, 'S');
	if (Q_ % H)
		return seqp_fail(err, SEQ_E_MISMATCH, "%zu query heads for %zu key heads", Q_, H);
	if (T > S)
		return seqp_fail(err, SEQ_E_MISMATCH, "%zu queries for %zu keys", T, S);
	return seqp_heads_check(c, err);
}

static size_t scratch(const seqp_op_call *c)
{
	return 3 * seqp_op_dim(c, 'S');
}

/* Forgetting attention: as many keys as queries; w2 is the sum of g from j + 1 to i. */
static void run_forget(const seqp_op_call *c, size_t h0, size_t h1)
{
	float *w = c->scratch;
	for (size_t h = h0; h < h1; h++)
		for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++) {
			size_t i = (size_t)c->pos + t;
			float sum = 0, *o = seqp_op_out(c, 0, t, h * seqp_op_dim(c, 'V'));
			logits(c, t, h, i, w);
			for (size_t j = i + 1; j-- > 0; sum += c->in[G][j * seqp_op_dim(c, 'H') + h])
				w[j] += sum;
			float top = seqk_max(w, i + 1);
			for (size_t j = 0; j <= i; j++)
				w[j] -= top;
			seqk_exp(w, w, i + 1);
			sum = seqk_sum(w, i + 1);
			*seqp_op_out(c, 1, t, h) = (float)(log((double)sum) + (double)top);
			seqk_scale(w, w, 1 / sum, i + 1);
			values(c, h, i, w, o);
		}
}

static void run_stick(const seqp_op_call *c, size_t h0, size_t h1)
{
	float *w = c->scratch, *a = w + seqp_op_dim(c, 'S');
	for (size_t h = h0; h < h1; h++)
		for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++) {
			size_t i = (size_t)c->pos + t;
			float left = 1;
			logits(c, t, h, i, w);
			seqk_sigmoid(a, w, i + 1);
			seqk_scale(w, w, -1, i + 1);
			seqk_sigmoid(w, w, i + 1); /* 1 - a, exactly as small as it is */
			a[i] = 0;
			for (size_t j = i; j-- > 0;) {
				a[j] *= left;
				left *= w[j];
			}
			*seqp_op_out(c, 1, t, h) = left;
			values(c, h, i, a, seqp_op_out(c, 0, t, h * seqp_op_dim(c, 'V')));
		}
}

static int check_same(seqp_op_call *c, seq_error *err)
{
	size_t *Q_ = &c->dim['Q' - 'A'];
	*Q_ = *Q_ ? *Q_ : seqp_op_dim(c, 'H');
	if (seqp_op_dim(c, 'T') != seqp_op_dim(c, 'S') || *Q_ != seqp_op_dim(c, 'H'))
		return seqp_fail(err, SEQ_E_MISMATCH, "as many keys as queries are wanted, and as many heads");
	return seqp_heads_check(c, err);
}

#define QKV {.name = "q", .dims = "TQK"}, {.name = "k", .dims = "SHK"}, {.name = "v", .dims = "SHV"}
#define NO(name_, dims_) {.name = name_, .dims = dims_, .how = SEQP_OP_OPT}
static const seqp_op_array in[] = {QKV, NO("slopes", "Q"), NO("sink_bias", "Q"), {0}};
static const seqp_op_array in_forget[] = {QKV, NO("slopes", "Q"), {.name = "g", .dims = "SH"}, {0}};
static const seqp_op_array in_stick[] = {QKV, {0}};
static const seqp_op_array out[] = {{.name = "o", .dims = "TQV"}, {.name = "lse", .dims = "TQ"}, {0}};
static const seqp_op_array out_stick[] = {{.name = "o", .dims = "TQV"}, {.name = "rem", .dims = "TQ"}, {0}};
#define LOGIT_NUMBERS {"scale", NAN, -1e30, 1e30, NULL, "factor of q . k; 1 / sqrt(K) unless given"}, \
	{"softcap", 0, 0, 1e30, NULL, "cap tanh(x / cap); 0: none"}
static const seqp_op_number number[] = {LOGIT_NUMBERS, {"window", 0, 0, 1e15, NULL, "keys seen, the own included; 0: all"},
	{"sinks", 0, 0, 1e15, NULL, "first keys, always seen"}, {0}};
static const seqp_op_number number_forget[] = {LOGIT_NUMBERS, {0}};

const seqp_op_row seqp_op_attention = {
	.name = "attention", .paper = "Vaswani et al., Attention Is All You Need, 2017",
	.bytes = "S H (K + V), the inputs themselves", .cost = "S Q (K + V)", .in = in, .out = out, .number = number, .split = 'Q',
	.check = check, .scratch = scratch, .run = run,
};
const seqp_op_row seqp_op_forgetting = {
	.name = "forgetting-attention", .paper = "Lin et al., Forgetting Transformer, 2025",
	.bytes = "S H (K + V), the inputs themselves", .cost = "S Q (K + V)", .in = in_forget, .out = out, .number = number_forget,
	.split = 'Q', .check = check_same, .scratch = scratch, .run = run_forget,
};
const seqp_op_row seqp_op_stickbreaking = {
	.name = "stickbreaking-attention", .paper = "Tan et al., Stick-breaking Attention, 2024",
	.bytes = "S H (K + V), the inputs themselves", .cost = "S Q (K + V)", .in = in_stick, .out = out_stick, .number = seqp_heads_scale,
	.split = 'Q', .check = check_same, .scratch = scratch, .run = run_stick,
};
