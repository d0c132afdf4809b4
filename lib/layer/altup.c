/* SPDX-License-Identifier: MIT */
/* Alternating updates: Baykal et al., 2023, as Gemma 3n has them, in four kinds of feed-forward layer.
 *
 * A token has n streams.  The first is the register that the block works on; the others, and what each layer takes in of
 * the token itself, are carried beside (ctx->carry): [n - 1][width], then [layers][per].
 *   in       streams from the first by a matrix each, of its length; per-layer inputs from a table and the embedding
 *   predict  stream j += sum over i of c[j][i] * stream i, c from a small router
 *   correct  of [made | predicted] streams: each predicted stream + c[j] * (made - predicted first); then the layer's own
 *            input, gated, is added to all but the first
 *   out      the mean of the streams, each by a matrix, of the first's length */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/linear.h"
#include "layer/mlp.h"

enum { STREAMS = 8 };

struct altup {
	size_t n, width, per, layers, layer, stride;
	seqp_linear turn[STREAMS]; /* in, out: of stream i + 1 */
	seqp_linear project, gate, back;
	const float *project_norm, *router_norm, *router, *predict, *correct, *scale, *back_norm;
	seqp_view table;
	float eps;
	size_t pfirst, pgate, pback; /* places in the shared scratch */
};

static int open_sizes(struct altup **out, const seqp_bind *b, seq_error *err)
{
	int64_t n, per, layers;
	int rc;
	struct altup *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	if (!m)
		return seqp_nomem(err, sizeof *m);
	if ((rc = seqp_bind_int(b, "streams", 0, 2, STREAMS, &n, err)) < 0 || (rc = seqp_bind_int(b, "per_layer", 0, 1, 1 << 16, &per, err)) < 0)
		return rc;
	layers = (int64_t)b->number(b->from, -1, "layers", 0);
	if (layers < 1 || layers > 10000 || b->in < b->width)
		return seqp_fail(err, SEQ_E_FORMAT, "streams of %lld layers", (long long)layers);
	m->n = (size_t)n;
	m->per = (size_t)per;
	m->layers = (size_t)layers;
	m->layer = b->layer < 0 ? 0 : (size_t)b->layer;
	m->width = (size_t)b->width;
	m->stride = (m->n - 1) * m->width + m->layers * m->per;
	m->eps = seqp_bind_eps(b, "");
	seqp_raise(&b->needs->carry, m->stride);
	*out = m;
	return 0;
}

static int open_turns(struct altup *m, const seqp_bind *b, const char *name, seq_error *err)
{
	for (size_t i = 0; i + 1 < m->n; i++) {
		char what[32];
		snprintf(what, sizeof what, "%s%zu", name, i);
		int rc = seqp_linear_open(b, what, b->width, b->width, 1, &m->turn[i], err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int open_in(void **self, const seqp_bind *b, seq_error *err)
{
	struct altup *m;
	int rc = open_sizes(&m, b, err);
	if (rc < 0 || (rc = open_turns(m, b, "in", err)) < 0 ||
	    (rc = seqp_linear_open(b, "project", (int64_t)(m->layers * m->per), b->width, 1, &m->project, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "project_norm.w", (int64_t)m->per, 1, &m->project_norm, err)) < 0)
		return rc;
	const seqp_view *t = seqp_bind_weight(b, "table");
	if (!t || t->cols != (int64_t)(m->layers * m->per) || !seqk_matmul_can(t->dtype, (size_t)t->cols))
		return seqp_bind_fail(b, "table", err, "is missing or has the wrong shape");
	m->table = *t;
	seqp_raise(&b->needs->own, m->layers * m->per * sizeof(float));
	*self = m;
	return 0;
}

static int open_router(struct altup *m, const seqp_bind *b, seq_error *err)
{
	int rc = seqp_bind_vector(b, "router_norm.w", b->width, 1, &m->router_norm, err);
	seqp_raise(&b->needs->own, m->width * sizeof(float));
	return rc < 0 ? rc : seqp_bind_vector(b, "router", (int64_t)m->n * b->width, 1, &m->router, err);
}

static int open_predict(void **self, const seqp_bind *b, seq_error *err)
{
	struct altup *m;
	int rc = open_sizes(&m, b, err);
	if (rc < 0 || (rc = open_router(m, b, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "predict", (int64_t)(m->n * m->n * m->n), 1, &m->predict, err)) < 0)
		return rc;
	*self = m;
	return 0;
}

static int open_correct(void **self, const seqp_bind *b, seq_error *err)
{
	struct altup *m;
	size_t at = 0;
	int rc = open_sizes(&m, b, err);
	if (rc < 0 || (rc = open_router(m, b, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "correct", (int64_t)(m->n * m->n), 1, &m->correct, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "scale", b->width, 0, &m->scale, err)) < 0 ||
	    (rc = seqp_linear_open(b, "gate", (int64_t)m->per, b->width, 1, &m->gate, err)) < 0 ||
	    (rc = seqp_linear_open(b, "back", b->width, (int64_t)m->per, 1, &m->back, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "back_norm.w", b->width, 1, &m->back_norm, err)) < 0)
		return rc;
	if (seqp_bind_number(b, "scaled", 1) == 0)
		m->scale = NULL;
	if (b->in != 2 * b->width)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: what is corrected comes without its prediction", (long long)b->layer);
	m->pfirst = seqp_place(&at, b->max_rows * m->width, 4);
	m->pgate = seqp_place(&at, b->max_rows * m->per, 4);
	m->pback = seqp_place(&at, b->max_rows * m->width, 4);
	seqp_raise(&b->needs->shared, at);
	*self = m;
	return 0;
}

static int open_out(void **self, const seqp_bind *b, seq_error *err)
{
	struct altup *m;
	size_t at = 0;
	int rc = open_sizes(&m, b, err);
	if (rc < 0 || (rc = open_turns(m, b, "out", err)) < 0)
		return rc;
	m->pback = seqp_place(&at, b->max_rows * (m->n - 1) * m->width, 4);
	seqp_raise(&b->needs->shared, at);
	*self = m;
	return 0;
}

static float *stream(const struct altup *m, const seqp_ctx *ctx, size_t row, size_t j)
{
	return ctx->carry + row * m->stride + (j - 1) * m->width;
}

static float *input(const struct altup *m, const seqp_ctx *ctx, size_t row, size_t layer)
{
	return ctx->carry + row * m->stride + (m->n - 1) * m->width + layer * m->per;
}

/* y as long as x. */
static void lengthen(const struct altup *m, float *y, const float *x)
{
	float n = (float)m->width, want = sqrtf(seqk_sumsq(x, m->width) / n), have = seqk_sumsq(y, m->width) / n;
	seqk_scale(y, y, want / sqrtf(have > 1e-5f ? have : 1e-5f), m->width);
}

/* A layer's input: (rms(projection) + sqrt(per) * table) / sqrt(2). */
static void finish_inputs(const struct altup *m, const seqp_ctx *ctx, size_t row)
{
	float *table = (float *)(void *)ctx->own, shrink = (float)(1 / sqrt((double)m->width)), grow = sqrtf((float)m->per);
	int64_t id = ctx->batch->token[row];
	size_t count = m->layers * m->per;
	if (id < 0 || id >= m->table.rows)
		id = 0;
	seqk_dequant(m->table.dtype, (const char *)m->table.data + (size_t)id * m->table.stride, table, count);
	for (size_t l = 0; l < m->layers; l++) {
		float *p = input(m, ctx, row, l);
		seqk_scale(p, p, shrink, m->per);
		seqk_rmsnorm(p, p, m->project_norm, m->per, m->eps);
		seqk_axpby(p, grow, table + l * m->per, 1, p, m->per);
		seqk_scale(p, p, sqrtf(0.5f), m->per);
	}
}

static void run_in(const void *self, const seqp_ctx *ctx, const float *x, float *y)
{
	const struct altup *m = self;
	size_t r0, r1, rows = ctx->batch->rows, d = m->width;
	seqp_linear_run(ctx, &m->project, x, d, input(m, ctx, 0, 0), m->stride, rows);
	for (size_t j = 1; j < m->n; j++)
		seqp_linear_run(ctx, &m->turn[j - 1], x, d, stream(m, ctx, 0, j), m->stride, rows);
	seqp_team_barrier(&ctx->lane);
	seqp_ctx_rows(ctx, &r0, &r1);
	for (size_t r = r0; r < r1; r++) {
		finish_inputs(m, ctx, r);
		for (size_t j = 1; j < m->n; j++)
			lengthen(m, stream(m, ctx, r, j), x + r * d);
		if (y != x)
			memcpy(y + r * d, x + r * d, d * sizeof *y);
	}
	seqp_team_barrier(&ctx->lane);
}

/* c = W tanh(router of x). */
static void coefficients(const struct altup *m, const seqp_ctx *ctx, const float *x, const float *w, size_t count, float *c)
{
	float *t = (float *)(void *)ctx->own, mode[STREAMS];
	seqk_rmsnorm(t, x, m->router_norm, m->width, m->eps);
	seqk_scale(t, t, 1.0f / (float)m->width, m->width);
	for (size_t i = 0; i < m->n; i++)
		mode[i] = seqk_dot(m->router + i * m->width, t, m->width);
	seqk_tanh(mode, mode, m->n);
	for (size_t i = 0; i < count; i++)
		c[i] = seqk_dot(w + i * m->n, mode, m->n);
}

static void predict(const struct altup *m, const float *c, float *const *h, const float *x, float *y)
{
	for (size_t k = 0; k < m->width; k++) {
		float old[STREAMS];
		for (size_t i = 0; i < m->n; i++)
			old[i] = i ? h[i][k] : x[k];
		for (size_t j = 0; j < m->n; j++) {
			float sum = old[j];
			for (size_t i = 0; i < m->n; i++)
				sum += c[j * m->n + i] * old[i];
			*(j ? &h[j][k] : &y[k]) = sum;
		}
	}
}

static void run_predict(const void *self, const seqp_ctx *ctx, const float *x, float *y)
{
	const struct altup *m = self;
	float c[STREAMS * STREAMS], *h[STREAMS] = {NULL};
	size_t r0, r1, d = m->width;
	seqp_ctx_rows(ctx, &r0, &r1);
	for (size_t r = r0; r < r1; r++) {
		for (size_t j = 1; j < m->n; j++)
			h[j] = stream(m, ctx, r, j);
		coefficients(m, ctx, x + r * d, m->predict, m->n * m->n, c);
		predict(m, c, h, x + r * d, y + r * d);
	}
	seqp_team_barrier(&ctx->lane);
}

/* Row r of x: what the block made, then what was predicted. */
static void correct(const struct altup *m, const seqp_ctx *ctx, size_t r, const float *x, float *y, float *first)
{
	float c[STREAMS];
	size_t d = m->width;
	const float *made = x + r * 2 * d;
	coefficients(m, ctx, made, m->correct, m->n, c);
	float *news = (float *)(void *)ctx->own;
	seqk_axpby(news, -1, made + d, 1, made, d);
	for (size_t j = 1; j < m->n; j++)
		seqk_axpby(stream(m, ctx, r, j), c[j] + 1, news, 1, stream(m, ctx, r, j), d);
	seqk_axpby(y + r * d, c[0] + 1, news, 1, made + d, d);
	memcpy(first + r * d, y + r * d, d * sizeof *first);
	if (m->scale)
		seqk_mul(first + r * d, first + r * d, m->scale, d);
}

static void run_correct(const void *self, const seqp_ctx *ctx, const float *x, float *y)
{
	const struct altup *m = self;
	float *first = (void *)(ctx->shared + m->pfirst), *gate = (void *)(ctx->shared + m->pgate), *back = (void *)(ctx->shared + m->pback);
	size_t r0, r1, rows = ctx->batch->rows, d = m->width;
	seqp_ctx_rows(ctx, &r0, &r1);
	for (size_t r = r0; r < r1; r++)
		correct(m, ctx, r, x, y, first);
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &m->gate, first, d, gate, m->per, rows);
	seqp_team_barrier(&ctx->lane);
	for (size_t r = r0; r < r1; r++) {
		seqk_gelu_tanh(gate + r * m->per, gate + r * m->per, m->per);
		seqk_mul(gate + r * m->per, gate + r * m->per, input(m, ctx, r, m->layer), m->per);
	}
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &m->back, gate, m->per, back, d, rows);
	seqp_team_barrier(&ctx->lane);
	for (size_t r = r0; r < r1; r++) {
		seqk_rmsnorm(back + r * d, back + r * d, m->back_norm, d, m->eps);
		for (size_t j = 1; j < m->n; j++)
			seqk_add(stream(m, ctx, r, j), stream(m, ctx, r, j), back + r * d, d);
	}
	seqp_team_barrier(&ctx->lane);
}

static void run_out(const void *self, const seqp_ctx *ctx, const float *x, float *y)
{
	const struct altup *m = self;
	float *turned = (void *)(ctx->shared + m->pback);
	size_t r0, r1, rows = ctx->batch->rows, d = m->width;
	for (size_t j = 1; j < m->n; j++)
		seqp_linear_run(ctx, &m->turn[j - 1], stream(m, ctx, 0, j), m->stride, turned + (j - 1) * rows * d, d, rows);
	seqp_team_barrier(&ctx->lane);
	seqp_ctx_rows(ctx, &r0, &r1);
	for (size_t r = r0; r < r1; r++) {
		for (size_t j = 1; j < m->n; j++)
			lengthen(m, turned + ((j - 1) * rows + r) * d, x + r * d);
		if (y != x)
			memcpy(y + r * d, x + r * d, d * sizeof *y);
		for (size_t j = 1; j < m->n; j++)
			seqk_add(y + r * d, y + r * d, turned + ((j - 1) * rows + r) * d, d);
		seqk_scale(y + r * d, y + r * d, 1.0f / (float)m->n, d);
	}
	seqp_team_barrier(&ctx->lane);
}

const seqp_mlp_row seqp_mlp_altup_in = {"altup-in", "streams of a token from the first (Baykal et al., AltUp, 2023)", open_in, run_in};
const seqp_mlp_row seqp_mlp_altup_predict = {"altup-predict", "each stream plus a mixture of all", open_predict, run_predict};
const seqp_mlp_row seqp_mlp_altup_correct = {"altup-correct", "predicted streams moved by what the block made", open_correct, run_correct};
const seqp_mlp_row seqp_mlp_altup_out = {"altup-out", "the mean of the streams", open_out, run_out};
