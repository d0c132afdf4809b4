/* SPDX-License-Identifier: MIT */
/* Channel mix of RWKV 4 to 7, in the place of an MLP:
 *   y = Wv relu(Wk shift_k(x))^2, times sigmoid(Wr shift_r(x)) where there is a receptance (not in 7). */
#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/linear.h"
#include "mixer/mixer.h"
#include "mixer/shift.h"

struct ffn {
	seqp_linear k, v, r;
	seqp_shift shift;
	const float *mix_k, *mix_r;
	size_t pk, pr, ph, pgate;
};

static int open_weights(struct ffn *m, const seqp_bind *b, seq_error *err)
{
	const seqp_view *k = seqp_bind_weight(b, "k");
	int rc;
	if (!k)
		return seqp_bind_fail(b, "k", err, "is missing");
	if ((rc = seqp_linear_open(b, "k", k->rows, b->in, 1, &m->k, err)) < 0 ||
	    (rc = seqp_linear_open(b, "v", b->width, k->rows, 1, &m->v, err)) < 0 ||
	    (rc = seqp_linear_open(b, "r", b->width, b->in, 0, &m->r, err)) < 0 ||
	    (rc = seqp_shift_factors(b, "mix_k", (size_t)b->in, &m->mix_k, err)) < 0)
		return rc;
	return m->r.w.data ? seqp_shift_factors(b, "mix_r", (size_t)b->in, &m->mix_r, err) : 0;
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct ffn *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	if (!m)
		return seqp_nomem(err, sizeof *m);
	int rc = open_weights(m, b, err);
	if (rc < 0)
		return rc;
	seqp_shift_open(&m->shift, "ffn_shift", (size_t)b->in, spec);
	size_t at = 0;
	m->pk = seqp_place(&at, b->max_rows * m->k.in, 4);
	m->pr = seqp_place(&at, b->max_rows * m->k.in, 4);
	m->ph = seqp_place(&at, b->max_rows * m->k.out, 4);
	m->pgate = seqp_place(&at, b->max_rows * m->v.out, 4);
	seqp_raise(&b->needs->shared, at);
	*self = m;
	return 0;
}

static void inner(const struct ffn *m, const seqp_ctx *ctx, const float *xk, float *h)
{
	size_t f0, f1, F = m->k.out;
	seqp_linear_run(ctx, &m->k, xk, m->k.in, h, F, ctx->batch->rows);
	seqp_linear_columns(&ctx->lane, F, &f0, &f1);
	for (size_t r = 0; r < ctx->batch->rows; r++)
		seqk_relu2(h + r * F + f0, h + r * F + f0, f1 - f0);
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct ffn *m = self;
	float *xk = (void *)(ctx->shared + m->pk), *xr = (void *)(ctx->shared + m->pr), *h = (void *)(ctx->shared + m->ph);
	float *gate = (void *)(ctx->shared + m->pgate);
	size_t c0, c1, rows = ctx->batch->rows, width = m->v.out;
	seqp_linear_columns(&ctx->lane, m->k.in, &c0, &c1);
	seqp_shift_mix(&m->shift, ctx, state, x, m->mix_k, 0, xk, c0, c1);
	if (m->mix_r)
		seqp_shift_mix(&m->shift, ctx, state, x, m->mix_r, 0, xr, c0, c1);
	seqp_team_barrier(&ctx->lane);
	seqp_shift_keep(&m->shift, ctx, state, x, c0, c1);
	inner(m, ctx, xk, h);
	if (m->mix_r) {
		seqp_linear_next(ctx, &m->r);
		seqp_linear_run(ctx, &m->r, xr, m->r.in, gate, width, rows);
	}
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &m->v, h, m->v.in, y, width, rows);
	seqp_linear_columns(&ctx->lane, width, &c0, &c1);
	for (size_t i = c0; m->mix_r && i < rows * width; i += width) {
		seqk_sigmoid(gate + i, gate + i, c1 - c0);
		seqk_mul(y + i, y + i, gate + i, c1 - c0);
	}
}

const seqp_mixer_row seqp_mixer_rwkv_ffn = {
	.name = "rwkv_ffn",
	.paper = "Peng et al., RWKV: Reinventing RNNs for the Transformer Era, 2023 (channel mix)",
	.open = open,
	.run = run,
};
