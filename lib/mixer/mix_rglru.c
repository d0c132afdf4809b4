/* SPDX-License-Identifier: MIT */
/* The recurrent block of Griffin: De et al., 2024.
 *
 *   x = conv(Wx u), y = gelu(Wy u);  two gates of x, each channel's from the channels of its head;  the real-gated
 *   linear recurrent unit (op/rglru.c), which begins anew at position 0;  Wout(h * y). */
#include "base/fail.h"
#include "base/size.h"
#include "kernel/scan.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/linear.h"
#include "mixer/mixer.h"
#include "op/op_rows.h"

struct rglru {
	seqp_linear x, y, gate_a, gate_x, out;
	const float *conv, *conv_b, *lambda;
	size_t I, K, B; /* B: channels of a head */
	size_t fconv, fh;
	size_t px, py, pa, pg, pown; /* places in the shared scratch, the last in the lane's own */
	size_t rows;
};

static int open_weights(struct rglru *m, const seqp_bind *b, seq_error *err)
{
	int64_t I = (int64_t)m->I, B = (int64_t)m->B;
	int rc;
	if ((rc = seqp_linear_open(b, "x", I, b->in, 1, &m->x, err)) < 0 ||
	    (rc = seqp_linear_open(b, "y", I, b->in, 1, &m->y, err)) < 0 ||
	    (rc = seqp_linear_open(b, "gate_a", I, B, 1, &m->gate_a, err)) < 0 ||
	    (rc = seqp_linear_open(b, "gate_x", I, B, 1, &m->gate_x, err)) < 0 ||
	    (rc = seqp_linear_open(b, "out", b->width, I, 1, &m->out, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "conv.w", I * (int64_t)m->K, 1, &m->conv, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "conv.b", I, 0, &m->conv_b, err)) < 0)
		return rc;
	if (I != B && (m->gate_a.q || m->gate_x.q))
		return seqp_bind_fail(b, m->gate_a.q ? "gate_a" : "gate_x", err, "a quantised matrix for several heads");
	return seqp_bind_vector(b, "lambda", I, 1, &m->lambda, err);
}

static void place(struct rglru *m, const seqp_bind *b)
{
	size_t at = 0;
	m->rows = b->max_rows;
	m->px = seqp_place(&at, m->rows * m->I, 4);
	m->py = seqp_place(&at, m->rows * m->I, 4);
	m->pa = seqp_place(&at, m->rows * m->I, 4);
	m->pg = seqp_place(&at, m->rows * m->I, 4);
	seqp_raise(&b->needs->shared, at);
	m->pown = seqp_round_up(seqp_linear_own_bytes(m->I > m->x.in ? m->I : m->x.in), 64);
	seqp_raise(&b->needs->own, m->pown + (m->rows + 3 * m->I) * 4);
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct rglru *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	int64_t I, K, H;
	int rc;
	if (!m)
		return seqp_nomem(err, sizeof *m);
	if ((rc = seqp_bind_int(b, "inner", b->width, 1, 1 << 24, &I, err)) < 0 ||
	    (rc = seqp_bind_int(b, "heads", 1, 1, I, &H, err)) < 0 || (rc = seqp_bind_int(b, "conv", 4, 2, 8, &K, err)) < 0)
		return rc;
	if (I % H)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: %lld channels do not divide into %lld heads", (long long)b->layer,
		                 (long long)I, (long long)H);
	*m = (struct rglru){.I = (size_t)I, .K = (size_t)K, .B = (size_t)(I / H)};
	if ((rc = open_weights(m, b, err)) < 0)
		return rc;
	m->fconv = seqp_spec_fixed(spec, "conv", m->I, m->K - 1, 1, 0);
	m->fh = seqp_spec_fixed(spec, "h", m->I, 1, 1, 0);
	place(m, b);
	*self = m;
	return 0;
}

/* The recurrence of sequence i, columns [c0, c1); h into g, where the gate was. */
static void recur(const struct rglru *m, const seqp_ctx *ctx, const seqp_slot *slot, size_t i, const float *x, const float *a,
                  float *g, size_t c0, size_t c1)
{
	size_t r = ctx->batch->first[i], n = ctx->batch->first[i + 1] - r;
	float *pos = (void *)(ctx->own + m->pown);
	for (size_t t = 0; t < n; t++)
		pos[t] = (float)(ctx->batch->row_pos[r + t] != 0);
	seqp_op_call c = {.in = {x + r * m->I, a + r * m->I, g + r * m->I, m->lambda, pos}, .ld = {m->I, m->I, m->I, 0, 1},
		.out = {g + r * m->I}, .ldo = {m->I}, .state = {slot->fixed[m->fh]}, .number = {8}, .scratch = pos + m->rows};
	c.dim['T' - 'A'] = n;
	c.dim['C' - 'A'] = m->I;
	seqp_op_rglru.run(&c, c0, c1);
}

static void project(const struct rglru *m, const seqp_ctx *ctx, seqp_slot *const *state, const float *u, float *x, float *y,
                    size_t c0, size_t c1)
{
	size_t rows = ctx->batch->rows;
	seqk_act a;
	seqp_linear_act(ctx, &a, u, m->x.in, rows, m->x.in, m->x.q || m->y.q);
	seqp_linear_part(ctx, &m->x, &a, x, m->I, c0, c1);
	seqp_linear_part(ctx, &m->y, &a, y, m->I, c0, c1);
	for (size_t r = 0; r < rows; r++)
		seqk_gelu_tanh(y + r * m->I + c0, y + r * m->I + c0, c1 - c0);
	for (size_t i = 0; i < ctx->batch->nseq; i++) {
		float *from = x + ctx->batch->first[i] * m->I;
		seqk_conv(from, m->I, from, m->I, ctx->batch->first[i + 1] - ctx->batch->first[i], m->conv, m->conv_b, m->K, 0,
		          state[i]->fixed[m->fconv], c0, c1);
	}
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *u, float *out)
{
	const struct rglru *m = self;
	size_t rows = ctx->batch->rows, c0, c1;
	float *x = (void *)(ctx->shared + m->px), *y = (void *)(ctx->shared + m->py);
	float *a = (void *)(ctx->shared + m->pa), *g = (void *)(ctx->shared + m->pg);
	seqp_linear_columns(&ctx->lane, m->I, &c0, &c1);
	project(m, ctx, state, u, x, y, c0, c1);
	seqp_team_barrier(&ctx->lane);
	seqp_linear_blocks(ctx, &m->gate_a, x, m->I, m->B, a, m->I, m->B, c0, c1);
	seqp_linear_blocks(ctx, &m->gate_x, x, m->I, m->B, g, m->I, m->B, c0, c1);
	for (size_t i = 0; i < ctx->batch->nseq && c0 < c1; i++)
		recur(m, ctx, state[i], i, x, a, g, c0, c1);
	for (size_t r = 0; r < rows; r++)
		seqk_mul(g + r * m->I + c0, g + r * m->I + c0, y + r * m->I + c0, c1 - c0);
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &m->out, g, m->I, out, m->out.out, rows);
}

const seqp_mixer_row seqp_mixer_rglru = {
	.name = "rglru",
	.paper = "De et al., Griffin, 2024",
	.open = open,
	.run = run,
};
