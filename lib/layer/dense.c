/* SPDX-License-Identifier: MIT */
#include "layer/dense.h"

#include <math.h>

#include "kernel/vec.h"
#include "layer/bind.h"

/* Where the normal distribution has reached p. */
static double quantile(double p)
{
	double lo = -40, hi = 40;
	for (int i = 0; i < 200; i++) {
		double mid = (lo + hi) / 2;
		*(0.5 * erfc(-mid / sqrt(2)) < p ? &lo : &hi) = mid;
	}
	return (lo + hi) / 2;
}

int seqp_dense_open(const seqp_bind *b, int gated, seqp_dense *m, size_t *at, seq_error *err)
{
	const seqp_view *up = seqp_bind_weight(b, "up");
	*m = (seqp_dense){.h = 0};
	if (!up)
		return seqp_bind_fail(b, "up", err, "is missing");
	int rc = seqp_act_open(b, &m->act, err);
	if (rc < 0 || (gated && (rc = seqp_linear_open(b, "gate", up->rows, b->in, 1, &m->gate, err)) < 0) ||
	    (rc = seqp_linear_open(b, "up", up->rows, b->in, 1, &m->up, err)) < 0 ||
	    (rc = seqp_linear_open(b, "down", b->width, up->rows, 1, &m->down, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "norm.w", up->rows, 0, &m->norm, err)) < 0)
		return rc;
	if (!gated && !seqp_act_is_plain(&m->act))
		return seqp_bind_fail(b, "gate", err, "is missing");
	m->eps = seqp_bind_eps(b, "norm");
	double share = seqp_bind_number(b, "sparse", 0);
	m->sparse = gated && share > 0 && share < 1;
	m->cut = m->sparse ? (float)quantile(share) : 0;
	m->h = seqp_place(at, b->max_rows * m->up.out, 4);
	m->tmp = seqp_place(at, gated ? b->max_rows * m->up.out : 0, 4);
	return 0;
}

/* Whole rows: small gates go, then as ever. */
static void thin(const seqp_ctx *ctx, const seqp_dense *m, float *h, float *tmp)
{
	size_t r0, r1, n = m->up.out;
	seqp_ctx_rows(ctx, &r0, &r1);
	for (size_t r = r0; r < r1; r++) {
		float *g = h + r * n, mean = seqk_sum(g, n) / (float)n;
		for (size_t i = 0; i < n; i++)
			g[i] -= mean;
		float cut = m->cut * sqrtf(seqk_sumsq(g, n) / (float)n);
		for (size_t i = 0; i < n; i++)
			g[i] = g[i] > cut ? g[i] - cut : 0;
		seqp_act_mul(&m->act, g, tmp + r * n, n);
	}
}

void seqp_dense_inner(const seqp_ctx *ctx, const seqp_dense *m, const float *x)
{
	size_t r0, r1, n = m->up.out, rows = ctx->batch->rows;
	float *h = (float *)(void *)(ctx->shared + m->h), *tmp = (float *)(void *)(ctx->shared + m->tmp);
	seqk_act a;
	seqp_linear_act(ctx, &a, x, m->up.in, rows, m->up.in, m->up.q || m->gate.q);
	seqp_lane_split(&ctx->lane, n, SEQK_MATMUL_GRAIN, &r0, &r1);
	seqp_linear_part(ctx, m->gate.w.data ? &m->gate : &m->up, &a, h, n, r0, r1);
	if (m->gate.w.data)
		seqp_linear_part(ctx, &m->up, &a, tmp, n, r0, r1);
	if (m->sparse) {
		seqp_team_barrier(&ctx->lane);
		thin(ctx, m, h, tmp);
		return;
	}
	for (size_t i = r0; i < rows * n; i += n) {
		if (m->gate.w.data)
			seqp_act_mul(&m->act, h + i, tmp + i, r1 - r0);
		else
			seqp_act_run(&m->act, h + i, h + i, r1 - r0);
	}
}

void seqp_dense_outer(const seqp_ctx *ctx, const seqp_dense *m, float *y)
{
	float *h = (float *)(void *)(ctx->shared + m->h);
	size_t r0, r1, n = m->down.in;
	if (m->norm) {
		seqp_ctx_rows(ctx, &r0, &r1);
		for (size_t r = r0; r < r1; r++)
			seqk_rmsnorm(h + r * n, h + r * n, m->norm, n, m->eps);
		seqp_team_barrier(&ctx->lane);
	}
	seqp_linear_run(ctx, &m->down, h, m->down.in, y, m->down.out, ctx->batch->rows);
}
