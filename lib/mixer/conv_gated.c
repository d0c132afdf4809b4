/* SPDX-License-Identifier: MIT */
/* Gated short convolution: Liquid AI, LFM2, 2025; the gates of Poli et al., Hyena, 2023.
 *
 *   [B | C | u] = Win x;  y = Wout(C * conv(B * u)), the convolution without activation. */
#include "base/fail.h"
#include "kernel/scan.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/linear.h"
#include "mixer/mixer.h"

struct shortconv {
	seqp_linear in, out;
	const float *conv, *conv_b;
	size_t I, K;
	size_t fconv, pbcu; /* a fixed array; a place in the shared scratch */
};

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct shortconv *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	int64_t I, K;
	int rc;
	if (!m)
		return seqp_nomem(err, sizeof *m);
	if ((rc = seqp_bind_int(b, "inner", b->width, 1, 1 << 24, &I, err)) < 0 ||
	    (rc = seqp_bind_int(b, "conv", 3, 2, 8, &K, err)) < 0 ||
	    (rc = seqp_linear_open(b, "in", 3 * I, b->in, 1, &m->in, err)) < 0 ||
	    (rc = seqp_linear_open(b, "out", b->width, I, 1, &m->out, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "conv.w", I * K, 1, &m->conv, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "conv.b", I, 0, &m->conv_b, err)) < 0)
		return rc;
	m->I = (size_t)I;
	m->K = (size_t)K;
	m->fconv = seqp_spec_fixed(spec, "conv", m->I, m->K - 1, 1, 0);
	size_t at = 0;
	m->pbcu = seqp_place(&at, b->max_rows * 3 * m->I, 4);
	seqp_raise(&b->needs->shared, at);
	*self = m;
	return 0;
}

/* The columns of a lane: y stands where B stood. */
static void mix(const struct shortconv *m, const seqp_ctx *ctx, seqp_slot *const *state, float *bcu, size_t c0, size_t c1)
{
	size_t ld = 3 * m->I, n = c1 - c0;
	for (size_t r = 0; r < ctx->batch->rows; r++) {
		float *b = bcu + r * ld + c0;
		seqk_mul(b, b, b + 2 * m->I, n);
	}
	for (size_t i = 0; i < ctx->batch->nseq; i++) {
		float *b = bcu + ctx->batch->first[i] * ld;
		seqk_conv(b, ld, b, ld, ctx->batch->first[i + 1] - ctx->batch->first[i], m->conv, m->conv_b, m->K, 0,
		          state[i]->fixed[m->fconv], c0, c1);
	}
	for (size_t r = 0; r < ctx->batch->rows; r++) {
		float *b = bcu + r * ld + c0;
		seqk_mul(b, b, b + m->I, n);
	}
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct shortconv *m = self;
	float *bcu = (void *)(ctx->shared + m->pbcu);
	size_t c0, c1, rows = ctx->batch->rows;
	seqk_act a;
	seqp_linear_columns(&ctx->lane, m->I, &c0, &c1);
	seqp_linear_act(ctx, &a, x, m->in.in, rows, m->in.in, m->in.q);
	for (size_t part = 0; part < 3; part++)
		seqp_linear_part(ctx, &m->in, &a, bcu, 3 * m->I, part * m->I + c0, part * m->I + c1);
	mix(m, ctx, state, bcu, c0, c1);
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &m->out, bcu, 3 * m->I, y, m->out.out, rows);
}

const seqp_mixer_row seqp_mixer_shortconv = {
	.name = "shortconv",
	.paper = "gated short convolution: LFM2, 2025; Poli et al., Hyena Hierarchy, 2023",
	.open = open,
	.run = run,
};
