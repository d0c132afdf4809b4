/* SPDX-License-Identifier: MIT */
/* Selective state spaces: Gu, Dao, Mamba, 2023.
 *
 *   [x | z] = Win u;  x = silu(conv(x));  [dt | B | C] = Wx x  (falcon_mamba, jamba: each through an
 *   rms norm);  dt = softplus(Wdt dt + b);  scan (kernel/scan.h);  y = Wout(y * silu(z)).
 * Heads (zamba): each makes dt, B and C of its own channels alone. */
#include "base/fail.h"
#include "kernel/scan.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/linear.h"
#include "mixer/mixer.h"

struct mamba {
	seqp_linear in, z, x, dt, out; /* z: where it has a matrix of its own */
	const float *conv, *conv_b, *A, *D, *dt_norm, *b_norm, *c_norm;
	size_t I, N, K, R, H, P, W; /* H heads of P channels, each with W of dt, B and C */
	int bcdt_norm;
	float eps;
	size_t fconv, fssm;                  /* fixed arrays */
	size_t pxz, pbc, pdt, py;            /* places in the shared scratch */
};

static int open_weights(struct mamba *m, const seqp_bind *b, seq_error *err)
{
	int64_t I = (int64_t)m->I, N = (int64_t)m->N, R = (int64_t)m->R;
	int rc;
	if ((rc = seqp_linear_open(b, "z", I, b->in, 0, &m->z, err)) < 0 ||
	    (rc = seqp_linear_open(b, "in", m->z.w.data ? I : 2 * I, b->in, 1, &m->in, err)) < 0 ||
	    (rc = seqp_linear_open(b, "x", (int64_t)(m->H * m->W), (int64_t)m->P, 1, &m->x, err)) < 0 ||
	    (rc = seqp_linear_open(b, "dt", I, R, 1, &m->dt, err)) < 0 ||
	    (rc = seqp_linear_open(b, "out", b->width, I, 1, &m->out, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "conv.w", I * (int64_t)m->K, 1, &m->conv, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "conv.b", I, 0, &m->conv_b, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "A", I * N, 1, &m->A, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "dt_norm.w", R, 0, &m->dt_norm, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "b_norm.w", N, 0, &m->b_norm, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "c_norm.w", N, 0, &m->c_norm, err)) < 0)
		return rc;
	if (m->H > 1 && (m->x.q || m->dt.q))
		return seqp_bind_fail(b, m->x.q ? "x" : "dt", err, "a quantised matrix for several heads");
	return seqp_bind_vector(b, "D", I, 1, &m->D, err);
}

static int read_numbers(struct mamba *m, const seqp_bind *b, seq_error *err)
{
	int64_t I, N, K, R, H, bcdt;
	int rc;
	if ((rc = seqp_bind_int(b, "inner", 2 * b->width, 1, 1 << 24, &I, err)) < 0 ||
	    (rc = seqp_bind_int(b, "state", 16, 1, 4096, &N, err)) < 0 ||
	    (rc = seqp_bind_int(b, "conv", 4, 2, 8, &K, err)) < 0 ||
	    (rc = seqp_bind_int(b, "rank", (b->width + 15) / 16, 1, 1 << 20, &R, err)) < 0 ||
	    (rc = seqp_bind_int(b, "heads", 1, 1, I, &H, err)) < 0 ||
	    (rc = seqp_bind_int(b, "bcdt_norm", 0, 0, 1, &bcdt, err)) < 0)
		return rc;
	if (I % H)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: %lld channels do not divide into %lld heads", (long long)b->layer,
		                 (long long)I, (long long)H);
	*m = (struct mamba){.I = (size_t)I, .N = (size_t)N, .K = (size_t)K, .R = (size_t)R, .H = (size_t)H,
		.P = (size_t)(I / H), .W = (size_t)(R + 2 * N), .bcdt_norm = (int)bcdt,
		.eps = (float)seqp_bind_number(b, "norm_eps", 1e-6)};
	return 0;
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct mamba *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	int rc;
	if (!m)
		return seqp_nomem(err, sizeof *m);
	if ((rc = read_numbers(m, b, err)) < 0 || (rc = open_weights(m, b, err)) < 0)
		return rc;
	m->fconv = seqp_spec_fixed(spec, "conv", m->I, m->K - 1, 1, 0);
	m->fssm = seqp_spec_fixed(spec, "ssm", m->I, m->N, 1, 0);
	size_t at = 0;
	m->pxz = seqp_place(&at, b->max_rows * 2 * m->I, 4);
	m->pbc = seqp_place(&at, b->max_rows * m->x.out, 4);
	m->pdt = seqp_place(&at, b->max_rows * m->I, 4);
	m->py = seqp_place(&at, b->max_rows * m->I, 4);
	seqp_raise(&b->needs->shared, at);
	*self = m;
	return 0;
}

/* x and z of this lane's channels. */
static void project(const struct mamba *m, const seqp_ctx *ctx, const float *x, float *xz, size_t c0, size_t c1)
{
	seqk_act a;
	seqp_linear_act(ctx, &a, x, m->in.in, ctx->batch->rows, m->in.in, m->in.q || m->z.q);
	seqp_linear_part(ctx, &m->in, &a, xz, 2 * m->I, c0, c1);
	if (m->z.w.data)
		seqp_linear_part(ctx, &m->z, &a, xz + m->I, 2 * m->I, c0, c1);
	else
		seqp_linear_part(ctx, &m->in, &a, xz, 2 * m->I, m->I + c0, m->I + c1);
}

static void convolve(const struct mamba *m, const seqp_ctx *ctx, seqp_slot *const *state, float *xz, size_t c0, size_t c1)
{
	for (size_t i = 0; i < ctx->batch->nseq; i++) {
		size_t r = ctx->batch->first[i], n = ctx->batch->first[i + 1] - r;
		float *x = xz + r * 2 * m->I;
		seqk_conv(x, 2 * m->I, x, 2 * m->I, n, m->conv, m->conv_b, m->K, 1, state[i]->fixed[m->fconv], c0, c1);
	}
}

static void norms(const struct mamba *m, const seqp_ctx *ctx, float *bc)
{
	size_t r0, r1;
	seqp_ctx_rows(ctx, &r0, &r1);
	for (float *p = bc + r0 * m->x.out; p < bc + r1 * m->x.out; p += m->W) {
		seqk_rmsnorm(p, p, m->dt_norm, m->R, m->eps);
		seqk_rmsnorm(p + m->R, p + m->R, m->b_norm, m->N, m->eps);
		seqk_rmsnorm(p + m->R + m->N, p + m->R + m->N, m->c_norm, m->N, m->eps);
	}
}

/* Sequence i, head h: channels [c0, c1) of it. */
static void scan(const struct mamba *m, const seqp_ctx *ctx, seqp_slot *const *state, const float *xz, const float *bc,
                 const float *dt, float *y, size_t i, size_t h, size_t c0, size_t c1)
{
	size_t r = ctx->batch->first[i], ld = m->x.out;
	const float *head = bc + r * ld + h * m->W;
	seqk_scan1 s = {.x = xz + r * 2 * m->I, .z = xz + r * 2 * m->I + m->I, .dt = dt + r * m->I, .B = head + m->R,
		.C = head + m->R + m->N, .ldx = 2 * m->I, .ldz = 2 * m->I, .lddt = m->I, .ldbc = ld, .A = m->A, .D = m->D,
		.y = y + r * m->I, .ldy = m->I, .h = state[i]->fixed[m->fssm], .n = ctx->batch->first[i + 1] - r, .N = m->N};
	if (c0 < c1)
		seqk_scan_mamba(&s, c0, c1);
}

static void scans(const struct mamba *m, const seqp_ctx *ctx, seqp_slot *const *state, const float *xz, const float *bc,
                  float *dt, float *y, size_t c0, size_t c1)
{
	for (size_t r = 0; r < ctx->batch->rows; r++)
		seqk_softplus(dt + r * m->I + c0, dt + r * m->I + c0, c1 - c0);
	for (size_t i = 0; i < ctx->batch->nseq; i++)
		for (size_t h = 0; h < m->H; h++)
			scan(m, ctx, state, xz, bc, dt, y, i, h, h * m->P > c0 ? h * m->P : c0,
			     (h + 1) * m->P < c1 ? (h + 1) * m->P : c1);
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct mamba *m = self;
	size_t c0, c1, r0, r1;
	float *xz = (void *)(ctx->shared + m->pxz), *bc = (void *)(ctx->shared + m->pbc);
	float *dt = (void *)(ctx->shared + m->pdt), *out = (void *)(ctx->shared + m->py);
	seqp_linear_columns(&ctx->lane, m->I, &c0, &c1);
	seqp_linear_columns(&ctx->lane, m->x.out, &r0, &r1);
	project(m, ctx, x, xz, c0, c1);
	convolve(m, ctx, state, xz, c0, c1);
	seqp_team_barrier(&ctx->lane);
	seqp_linear_blocks(ctx, &m->x, xz, 2 * m->I, m->P, bc, m->x.out, m->W, r0, r1);
	seqp_team_barrier(&ctx->lane);
	if (m->bcdt_norm) {
		norms(m, ctx, bc);
		seqp_team_barrier(&ctx->lane);
	}
	seqp_linear_blocks(ctx, &m->dt, bc, m->x.out, m->W, dt, m->I, m->P, c0, c1);
	scans(m, ctx, state, xz, bc, dt, out, c0, c1);
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &m->out, out, m->I, y, m->out.out, ctx->batch->rows);
}

const seqp_mixer_row seqp_mixer_mamba = {
	.name = "mamba",
	.paper = "Gu, Dao, Mamba: Linear-Time Sequence Modeling with Selective State Spaces, 2023",
	.open = open,
	.run = run,
};
