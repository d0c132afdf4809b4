/* SPDX-License-Identifier: MIT */
/* Running a linear-attention mixer: columns, heads, output. */
#include <string.h>

#include "kernel/scan.h"
#include "kernel/vec.h"
#include "layer/rope.h"
#include "mixer/linmix.h"
#include "mixer/spans.h"

typedef struct frame {
	const seqp_linmix_state *m;
	const seqp_ctx *ctx;
	seqp_slot *const *state;
	size_t rows;
} frame;

static float *at(const frame *f, size_t place)
{
	return (void *)(f->ctx->shared + place);
}

/* Convolution and map of this lane's columns. */
static void shape(const frame *f, const seqp_linmix_stream *s)
{
	size_t c0, c1;
	const seqp_batch *b = f->ctx->batch;
	float *x = at(f, s->pcols);
	bool fused = s->map == SEQP_MAP_SILU && !f->m->conv_silu;
	seqp_linear_columns(&f->ctx->lane, s->cols, &c0, &c1);
	for (size_t i = 0; s->conv && i < b->nseq; i++) {
		float *seq = x + b->first[i] * s->cols;
		seqk_conv(seq, s->cols, seq, s->cols, b->first[i + 1] - b->first[i], s->conv, s->conv_b, s->K, fused || f->m->conv_silu,
		          f->state[i]->fixed[s->fconv], c0, c1);
	}
	if (s->map == SEQP_MAP_NONE || (s->conv && fused) || c0 == c1)
		return;
	for (size_t r = 0; r < f->rows; r++)
		seqp_linmix_apply(s, x + r * s->cols + c0, c0, c1 - c0);
}

static void columns(const frame *f)
{
	size_t c0, c1, width = f->m->in[0].cols;
	seqp_linear_columns(&f->ctx->lane, width, &c0, &c1);
	for (size_t r = 0; r < f->rows && c0 < c1; r++) {
		float *row[SEQP_LINMIX_STREAMS];
		for (int i = 0; i < SEQP_LINMIX_STREAMS; i++)
			row[i] = f->m->in[i].there ? at(f, f->m->in[i].pcols) + r * width : NULL;
		f->m->sys->columns(f->m, row, c0, c1);
	}
}

static void project(const frame *f, const float *x)
{
	const seqp_linmix_stream *s = f->m->in, *end = s + SEQP_LINMIX_STREAMS;
	int q = 0;
	seqk_act a;
	for (const seqp_linmix_stream *i = s; i < end; i++)
		q |= i->low.w.data ? i->low.q : i->w.q;
	seqp_linear_act(f->ctx, &a, x, f->m->input, f->rows, f->m->input, q);
	for (; s < end; s++) {
		if (!s->there || !s->w.w.data)
			continue;
		if (s->low.w.data) {
			seqp_linear_share(f->ctx, &s->low, &a, at(f, s->plow), s->low.out);
			continue;
		}
		seqp_linear_share(f->ctx, &s->w, &a, at(f, s->pcols), s->cols);
		shape(f, s);
	}
}

/* Inputs that are projected twice. */
static void project_again(const frame *f)
{
	for (const seqp_linmix_stream *s = f->m->in; s < f->m->in + SEQP_LINMIX_STREAMS; s++) {
		if (!s->low.w.data)
			continue;
		seqp_team_barrier(&f->ctx->lane);
		seqp_linear_run(f->ctx, &s->w, at(f, s->plow), s->low.out, at(f, s->pcols), s->cols, f->rows);
		shape(f, s);
	}
}

/* Block n of head h in a row: where it was projected, and where the operator reads it. */
static float *block(const frame *f, const seqp_linmix_stream *s, size_t row, size_t n, size_t h)
{
	size_t H = f->m->heads, from = s->heads == H ? h : f->m->tiled ? h % s->heads : h / (H / s->heads);
	return at(f, s->pcols) + row * s->cols + (n * s->heads + from) * s->wide;
}

static float *read_block(const frame *f, const seqp_linmix_stream *s, size_t row, size_t n, size_t h)
{
	if (!s->apart)
		return block(f, s, row, n, h);
	return at(f, s->papart) + ((row * s->blocks + n) * f->m->heads + h) * s->high;
}

static void copy(const frame *f, int i, size_t row, size_t h)
{
	const seqp_linmix_stream *s = &f->m->in[i];
	for (size_t n = 0; n < s->blocks; n++) {
		const float *x = block(f, s, row, n, h);
		float *y = read_block(f, s, row, n, h);
		if (f->m->sys->feature && s->unit)
			f->m->sys->feature(f->m, i, h, x, y);
		else
			memcpy(y, x, s->wide * sizeof *y);
	}
}

static void unit(const frame *f, const seqp_linmix_stream *s, size_t row, float *x)
{
	if (s->unit_norm == SEQP_UNIT_L2)
		seqk_l2norm(x, x, s->high, f->m->unit_eps);
	else if (s->unit_norm == SEQP_UNIT_SUM)
		seqk_scale(x, x, 1 / (seqk_sum(x, s->high) + f->m->unit_eps), s->high);
	else if (s->unit_norm == SEQP_UNIT_RMS)
		seqk_rmsnorm(x, x, s->norm, s->high, f->m->unit_eps);
	seqp_rope_turn(f->ctx, f->m->rope_index, (int)f->m->rope, row, x, f->m->pairs);
}

static void head(const frame *f, size_t row, size_t h)
{
	const seqp_linmix_state *m = f->m;
	float *at[SEQP_OP_IN] = {0};
	for (int i = 0; i < SEQP_OP_IN; i++)
		if (m->in[i].there && m->in[i].apart)
			copy(f, i, row, h);
	for (int i = 0; i < SEQP_OP_IN && m->sys->head; i++)
		at[i] = m->in[i].there ? read_block(f, &m->in[i], row, 0, h) : NULL;
	if (m->sys->head)
		m->sys->head(m, h, at);
	for (int i = 0; i < SEQP_OP_IN; i++)
		for (size_t n = 0; n < m->in[i].blocks && m->in[i].unit; n++)
			unit(f, &m->in[i], row, read_block(f, &m->in[i], row, n, h));
}

/* The operator on heads (channels) [h0, h1) of every sequence. */
static void operate(const frame *f, size_t h0, size_t h1)
{
	seqp_op_call c = f->m->call;
	c.scratch = (void *)f->ctx->own;
	for (int j = 0; j < SEQP_OP_IN; j++)
		if (f->m->in[j].there)
			c.in[j] = at(f, f->m->in[j].apart ? f->m->in[j].papart : f->m->in[j].pcols);
	c.out[0] = at(f, f->m->po);
	seqp_op_spans(f->m->sys->op, &c, f->ctx, f->state, f->m->fstate, h0, h1);
}

/* Columns [c0, c1) of a row of o, whole groups if there is a norm: map, norm, gate. */
static void polish(const frame *f, size_t row, const float *o, float *to, size_t c0, size_t c1)
{
	const seqp_linmix_state *m = f->m;
	const seqp_linmix_stream *g = &m->in[SEQP_LINMIX_GATE], map = {.map = m->o_map, .factor = 1};
	if (to != o)
		memcpy(to + c0, o + c0, (c1 - c0) * sizeof *to);
	seqp_linmix_apply(&map, to + c0, c0, c1 - c0);
	for (size_t c = c0; c < c1 && m->group; c += m->group) {
		size_t w = m->norm_n == m->width ? c : 0;
		if (m->mean)
			seqk_layernorm(to + c, to + c, m->norm ? m->norm + w : NULL, m->norm_b ? m->norm_b + w : NULL, m->group, m->eps);
		else
			seqk_rmsnorm(to + c, to + c, m->norm ? m->norm + w : NULL, m->group, m->eps);
	}
	if (g->there)
		seqk_mul(to + c0, to + c0, at(f, g->pcols) + row * m->width + c0, c1 - c0);
}

/* Are the columns of a head whole groups? */
static bool groups_in_heads(const seqp_linmix_state *m)
{
	return !m->group || m->width / m->heads % m->group == 0;
}

static void heads(const frame *f)
{
	const seqp_linmix_state *m = f->m;
	size_t h0, h1, V = m->width / m->heads;
	seqp_lane_split(&f->ctx->lane, m->heads, m->sys->op->split == 'C' ? 16 : 1, &h0, &h1);
	if (h0 == h1)
		return;
	for (size_t h = h0; h < h1 && m->prepares; h++)
		for (size_t r = 0; r < f->rows; r++)
			head(f, r, h);
	operate(f, h0, h1);
	for (size_t r = 0; r < f->rows && groups_in_heads(m); r++)
		polish(f, r, at(f, m->po) + r * m->width, at(f, m->po) + r * m->width, h0 * V, h1 * V);
}

/* What spans heads; few rows by every lane for itself. */
static const float *polish_rows(const frame *f)
{
	const seqp_linmix_state *m = f->m;
	float *o = at(f, m->po), *own = (void *)(f->ctx->own + m->pown);
	size_t r0 = 0, r1 = f->rows, W = m->width;
	if (groups_in_heads(m))
		return o;
	if (f->rows > SEQP_OWN_ROWS)
		seqp_ctx_rows(f->ctx, &r0, &r1);
	float *to = f->rows > SEQP_OWN_ROWS ? o : own;
	for (size_t r = r0; r < r1; r++)
		polish(f, r, o + r * W, to + r * W, 0, W);
	if (to == o)
		seqp_team_barrier(&f->ctx->lane);
	return to;
}

void seqp_linmix_run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const seqp_linmix_state *m = self;
	frame f = {m, ctx, state, ctx->batch->rows};
	project(&f, x);
	if (m->low)
		project_again(&f);
	if (m->sys->columns)
		columns(&f);
	seqp_team_barrier(&ctx->lane);
	heads(&f);
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &m->o, polish_rows(&f), m->width, y, m->o.out, f.rows);
}
