/* SPDX-License-Identifier: MIT */
/* State-space duality: Dao, Gu, Transformers are SSMs (Mamba-2), 2024.
 *
 *   [z | xBC | dt] = Win u;  xBC = silu(conv(xBC));  dt = clamp(softplus(dt + b), dt_min, dt_max), in
 *   prompts and in steps alike;  scan (kernel/scan.h);  y * silu(z), rms norm by groups
 *   (norm_first: the norm, then the gate);  Wout. */
#include <math.h>

#include "base/fail.h"
#include "base/size.h"
#include "kernel/matmul.h"
#include "kernel/scan.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/linear.h"
#include "mixer/mixer.h"

struct mamba2 {
	seqp_linear in, out;
	const float *conv, *conv_b, *dt_b, *A, *D, *norm;
	size_t I, N, K, H, G, C, ld; /* C: I + 2 G N; ld: width of what in gives */
	size_t norm_group;
	int norm_first;
	float eps, dt_min, dt_max;
	size_t fconv, fssm;
	size_t pzx, pdt, py, pown; /* places in the shared scratch, the last in the lane's own */
};

static int read_numbers(struct mamba2 *m, const seqp_bind *b, seq_error *err)
{
	int64_t I, N, K, H, G, ng, first;
	int rc;
	if ((rc = seqp_bind_int(b, "inner", 2 * b->width, 1, 1 << 24, &I, err)) < 0 ||
	    (rc = seqp_bind_int(b, "state", 128, 1, 4096, &N, err)) < 0 ||
	    (rc = seqp_bind_int(b, "conv", 4, 2, 8, &K, err)) < 0 ||
	    (rc = seqp_bind_int(b, "heads", 0, 1, I, &H, err)) < 0 ||
	    (rc = seqp_bind_int(b, "groups", 1, 1, H, &G, err)) < 0 ||
	    (rc = seqp_bind_int(b, "norm_group", 0, 0, I, &ng, err)) < 0 ||
	    (rc = seqp_bind_int(b, "norm_first", 0, 0, 1, &first, err)) < 0)
		return rc;
	ng = ng ? ng : I / G;
	if (I % H || H % G || !ng || I % ng)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: %lld channels, %lld heads and %lld groups do not divide evenly",
		                 (long long)b->layer, (long long)I, (long long)H, (long long)G);
	*m = (struct mamba2){.I = (size_t)I, .N = (size_t)N, .K = (size_t)K, .H = (size_t)H, .G = (size_t)G,
		.norm_group = (size_t)ng, .norm_first = (int)first, .eps = (float)seqp_bind_number(b, "norm_eps", 1e-5),
		.dt_min = (float)seqp_bind_number(b, "dt_min", 0), .dt_max = (float)seqp_bind_number(b, "dt_max", INFINITY)};
	m->C = m->I + 2 * m->G * m->N;
	m->ld = m->I + m->C + m->H;
	return 0;
}

static int open_weights(struct mamba2 *m, const seqp_bind *b, seq_error *err)
{
	int64_t I = (int64_t)m->I, C = (int64_t)m->C, H = (int64_t)m->H;
	int rc;
	if ((rc = seqp_linear_open(b, "in", (int64_t)m->ld, b->width, 1, &m->in, err)) < 0 ||
	    (rc = seqp_linear_open(b, "out", b->width, I, 1, &m->out, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "conv.w", C * (int64_t)m->K, 1, &m->conv, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "conv.b", C, 0, &m->conv_b, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "dt.b", H, 0, &m->dt_b, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "A", H, 1, &m->A, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "D", H, 1, &m->D, err)) < 0)
		return rc;
	return seqp_bind_vector(b, "norm.w", I, 0, &m->norm, err);
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct mamba2 *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	int rc;
	if (!m)
		return seqp_nomem(err, sizeof *m);
	if ((rc = read_numbers(m, b, err)) < 0 || (rc = open_weights(m, b, err)) < 0)
		return rc;
	m->fconv = seqp_spec_fixed(spec, "conv", m->C, m->K - 1, 1, 0);
	m->fssm = seqp_spec_fixed(spec, "ssm", m->H, m->I / m->H, m->N, 0);
	size_t at = 0;
	m->pzx = seqp_place(&at, b->max_rows * m->ld, 4);
	m->pdt = seqp_place(&at, b->max_rows * m->H, 4);
	m->py = seqp_place(&at, b->max_rows * m->I, 4);
	seqp_raise(&b->needs->shared, at);
	m->pown = seqp_round_up(seqp_linear_own_bytes(m->I), 64);
	seqp_raise(&b->needs->own, m->pown + SEQP_OWN_ROWS * m->I * 4);
	*self = m;
	return 0;
}

/* What a lane makes of the input: columns of z, channels of the convolution, heads of dt and of the scan. */
struct share {
	size_t i0, i1, c0, c1, h0, h1;
};

static struct share share(const struct mamba2 *m, const seqp_lane *lane)
{
	struct share s;
	seqp_linear_columns(lane, m->I, &s.i0, &s.i1);
	seqp_linear_columns(lane, m->C, &s.c0, &s.c1);
	seqp_lane_split(lane, m->H, 1, &s.h0, &s.h1);
	return s;
}

static void project(const struct mamba2 *m, const seqp_ctx *ctx, const struct share *s, const float *x, float *zx)
{
	seqk_act a;
	seqp_linear_act(ctx, &a, x, m->in.in, ctx->batch->rows, m->in.in, m->in.q);
	seqp_linear_part(ctx, &m->in, &a, zx, m->ld, s->i0, s->i1);
	seqp_linear_part(ctx, &m->in, &a, zx, m->ld, m->I + s->c0, m->I + s->c1);
	seqp_linear_part(ctx, &m->in, &a, zx, m->ld, m->I + m->C + s->h0, m->I + m->C + s->h1);
}

static void convolve(const struct mamba2 *m, const seqp_ctx *ctx, const struct share *own, seqp_slot *const *state, float *zx)
{
	for (size_t i = 0; i < ctx->batch->nseq; i++) {
		size_t r = ctx->batch->first[i], n = ctx->batch->first[i + 1] - r;
		float *x = zx + r * m->ld + m->I;
		seqk_conv(x, m->ld, x, m->ld, n, m->conv, m->conv_b, m->K, 1, state[i]->fixed[m->fconv], own->c0,
		          own->c1);
	}
}

static void steps(const struct mamba2 *m, const seqp_ctx *ctx, const struct share *own, const float *zx, float *dt)
{
	size_t h0 = own->h0, n = own->h1 - own->h0;
	for (size_t r = 0; r < ctx->batch->rows; r++) {
		const float *in = zx + r * m->ld + m->I + m->C + h0;
		float *d = dt + r * m->H + h0;
		if (m->dt_b)
			seqk_add(d, in, m->dt_b + h0, n);
		seqk_softplus(d, m->dt_b ? d : in, n);
		for (size_t h = 0; h < n; h++)
			d[h] = d[h] < m->dt_min ? m->dt_min : d[h] > m->dt_max ? m->dt_max : d[h];
	}
}

/* The scan, and its output times silu(z) unless a norm comes between. */
static void scan(const struct mamba2 *m, const seqp_ctx *ctx, const struct share *own, seqp_slot *const *state,
                 const float *zx, const float *dt, float *y)
{
	size_t P = m->I / m->H, at = own->h0 * P, n = own->h1 * P - at;
	if (!n)
		return;
	for (size_t i = 0; i < ctx->batch->nseq; i++) {
		size_t r = ctx->batch->first[i];
		const float *x = zx + r * m->ld + m->I;
		seqk_scan2 s = {.x = x, .B = x + m->I, .C = x + m->I + m->G * m->N, .dt = dt + r * m->H, .ldx = m->ld,
			.ldbc = m->ld, .lddt = m->H, .A = m->A, .D = m->D, .y = y + r * m->I, .ldy = m->I,
			.S = state[i]->fixed[m->fssm], .n = ctx->batch->first[i + 1] - r, .H = m->H, .G = m->G, .P = P, .N = m->N};
		seqk_scan_mamba2(&s, own->h0, own->h1);
	}
	for (size_t r = 0; r < ctx->batch->rows && !(m->norm && m->norm_first); r++)
		seqk_silu_mul(y + r * m->I + at, zx + r * m->ld + at, y + r * m->I + at, n);
}

/* Rows [r0, r1) of y, normed by groups, to rows [r0, r1) of to. */
static void norms(const struct mamba2 *m, const float *zx, const float *y, float *to, size_t r0, size_t r1)
{
	size_t n = m->norm_group;
	for (size_t at = r0 * m->I; at < r1 * m->I; at += n)
		seqk_rmsnorm(to + at, y + at, m->norm + at % m->I, n, m->eps);
	for (size_t r = r0; r < r1 && m->norm_first; r++)
		seqk_silu_mul(to + r * m->I, zx + r * m->ld, to + r * m->I, m->I);
}

/* Few rows are normed by every lane for itself. */
static const float *norm(const struct mamba2 *m, const seqp_ctx *ctx, const float *zx, float *y)
{
	size_t rows = ctx->batch->rows, r0, r1;
	if (!m->norm)
		return y;
	if (rows <= SEQP_OWN_ROWS) {
		float *own = (void *)(ctx->own + m->pown);
		norms(m, zx, y, own, 0, rows);
		return own;
	}
	seqp_ctx_rows(ctx, &r0, &r1);
	norms(m, zx, y, y, r0, r1);
	seqp_team_barrier(&ctx->lane);
	return y;
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct mamba2 *m = self;
	float *zx = (void *)(ctx->shared + m->pzx), *dt = (void *)(ctx->shared + m->pdt), *out = (void *)(ctx->shared + m->py);
	struct share own = share(m, &ctx->lane);
	project(m, ctx, &own, x, zx);
	convolve(m, ctx, &own, state, zx);
	steps(m, ctx, &own, zx, dt);
	seqp_team_barrier(&ctx->lane);
	scan(m, ctx, &own, state, zx, dt, out);
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &m->out, norm(m, ctx, zx, out), m->I, y, m->out.out, ctx->batch->rows);
}

const seqp_mixer_row seqp_mixer_mamba2 = {
	.name = "mamba2",
	.paper = "Dao, Gu, Transformers are SSMs, 2024",
	.open = open,
	.run = run,
};
