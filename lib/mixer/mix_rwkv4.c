/* SPDX-License-Identifier: MIT */
/* RWKV-4 (Peng et al., 2023): k, v, r = W shift(x), the operator rwkv4, Wo(sigmoid(r) y).  Number "decay": 0 where
 * the file has d of w = -exp(d), 1 where it has w. */
#include <math.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/linear.h"
#include "mixer/mixer.h"
#include "mixer/shift.h"
#include "mixer/spans.h"
#include "op/op_rows.h"

enum { R, K, V, INPUTS };
static const char *const names[INPUTS] = {"r", "k", "v"}, *const mix_names[INPUTS] = {"mix_r", "mix_k", "mix_v"};

struct rwkv4 {
	seqp_linear in[INPUTS], o;
	seqp_shift shift;
	const float *mix[INPUTS], *w, *u;
	size_t C, fixed, px, py;
};

static int open_weights(struct rwkv4 *m, const seqp_bind *b, seq_error *err)
{
	const seqp_view *k = seqp_bind_weight(b, "k");
	int rc;
	if (!k)
		return seqp_bind_fail(b, "k", err, "is missing");
	for (int i = 0; i < INPUTS; i++)
		if ((rc = seqp_linear_open(b, names[i], k->rows, b->in, 1, &m->in[i], err)) < 0 ||
		    (rc = seqp_shift_factors(b, mix_names[i], (size_t)b->in, &m->mix[i], err)) < 0)
			return rc;
	m->C = (size_t)k->rows;
	if ((rc = seqp_linear_open(b, "o", b->width, k->rows, 1, &m->o, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "w", k->rows, 1, &m->w, err)) < 0)
		return rc;
	return seqp_bind_vector(b, "u", k->rows, 1, &m->u, err);
}

static int open_decay(struct rwkv4 *m, const seqp_bind *b, seq_error *err)
{
	if (seqp_bind_number(b, "decay", 0) != 0)
		return 0;
	float *w = seqp_arena_alloc(b->arena, m->C, sizeof *w);
	if (!w)
		return seqp_nomem(err, m->C * sizeof *w);
	for (size_t i = 0; i < m->C; i++)
		w[i] = (float)-exp((double)m->w[i]);
	m->w = w;
	return 0;
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct rwkv4 *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	size_t at = 0;
	if (!m)
		return seqp_nomem(err, sizeof *m);
	int rc = open_weights(m, b, err);
	if (rc < 0 || (rc = open_decay(m, b, err)) < 0)
		return rc;
	seqp_shift_open(&m->shift, "shift", (size_t)b->in, spec);
	/* Nothing seen: both sums weigh e^-1e38, whatever they are. */
	m->fixed = seqp_spec_fixed(spec, "wkv", 3, m->C, 1, -1e38f);
	m->px = seqp_place(&at, INPUTS * b->max_rows * (size_t)b->in, 4);
	m->py = seqp_place(&at, (INPUTS + 1) * b->max_rows * m->C, 4);
	seqp_raise(&b->needs->shared, at);
	seqp_raise(&b->needs->own, 3 * m->C * sizeof(float));
	*self = m;
	return 0;
}

/* Columns [c0, c1) of y: the operator over k and v, times sigmoid(r). */
static void mix(const struct rwkv4 *m, const seqp_ctx *ctx, seqp_slot *const *state, float *const made[INPUTS], float *y,
                size_t c0, size_t c1)
{
	seqp_op_call c = {.in = {made[K], made[V], m->w, m->u}, .ld = {m->C, m->C}, .out = {y}, .ldo = {m->C},
		.scratch = (float *)(void *)ctx->own};
	seqp_op_set_dim(&c, 'C', m->C);
	seqp_op_spans(&seqp_op_rwkv4, &c, ctx, state, &m->fixed, c0, c1);
	for (size_t i = c0; i < ctx->batch->rows * m->C; i += m->C) {
		seqk_sigmoid(made[R] + i, made[R] + i, c1 - c0);
		seqk_mul(y + i, y + i, made[R] + i, c1 - c0);
	}
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct rwkv4 *m = self;
	size_t c0, c1, width = m->shift.width, rows = ctx->batch->rows;
	float *in = (void *)(ctx->shared + m->px), *out = (void *)(ctx->shared + m->py), *made[INPUTS];
	seqp_linear_columns(&ctx->lane, width, &c0, &c1);
	for (size_t i = 0; i < INPUTS; i++)
		seqp_shift_mix(&m->shift, ctx, state, x, m->mix[i], 0, in + i * rows * width, c0, c1);
	seqp_team_barrier(&ctx->lane);
	seqp_shift_keep(&m->shift, ctx, state, x, c0, c1);
	for (size_t i = 0; i < INPUTS; i++) {
		made[i] = out + (i + 1) * rows * m->C;
		seqp_linear_next(ctx, &m->in[i]);
		seqp_linear_run(ctx, &m->in[i], in + i * rows * width, width, made[i], m->C, rows);
	}
	seqp_linear_columns(&ctx->lane, m->C, &c0, &c1);
	mix(m, ctx, state, made, out, c0, c1);
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &m->o, out, m->C, y, m->o.out, rows);
}

const seqp_mixer_row seqp_mixer_rwkv4 = {
	.name = "rwkv4",
	.paper = "Peng et al., RWKV: Reinventing RNNs for the Transformer Era, 2023",
	.open = open,
	.run = run,
};
