/* SPDX-License-Identifier: MIT */
#include "layer/headwise.h"

#include <stdio.h>

#include "base/fail.h"
#include "layer/bind.h"

int seqp_headwise_open(const seqp_bind *b, const char *name, seqp_view w, int64_t first, int64_t step, seqp_headwise *l,
                       size_t *at, seq_error *err)
{
	char what[128];
	int64_t rows = (int64_t)l->heads * step;
	if (w.rows != rows || w.cols != (int64_t)l->in || !seqk_matmul_can(w.dtype, l->in)) {
		const seq_dtype_row *d = seq_dtype_get(w.dtype);
		snprintf(what, sizeof what, "is %lld x %lld of type %s, expected %lld x %zu", (long long)w.rows, (long long)w.cols,
		         d ? d->name : "?", (long long)rows, l->in);
		return seqp_bind_fail(b, name, err, what);
	}
	l->w = seqp_view_rows(w, first, rows - first);
	l->step = step;
	l->q = !b->exact && seqk_matmul_wants_q(w.dtype);
	seqp_raise(&b->needs->own, seqp_linear_own_bytes(l->in));
	l->act = seqp_place(at, l->q ? seqp_linear_act_bytes(b->max_rows * l->heads, l->in) : 0, 1);
	return 0;
}

/* Head by head, the rows of each together. */
static void quantise(const seqp_ctx *ctx, const seqp_headwise *l, seqk_act *all, const float *x, size_t ldx, size_t xstep)
{
	size_t i0, i1, rows = ctx->batch->rows;
	seqp_linear_act_place(all, ctx->shared + l->act, rows * l->heads, l->in);
	seqp_lane_split(&ctx->lane, rows * l->heads, 1, &i0, &i1);
	for (size_t i = i0; i < i1; i++) {
		seqk_act one = seqp_linear_act_rows(all, i, 1);
		one.x = x + i % rows * ldx + i / rows * xstep;
		seqk_act_row(&one, 0);
	}
	seqp_team_barrier(&ctx->lane);
}

void seqp_headwise_run(const seqp_ctx *ctx, const seqp_headwise *l, const float *x, size_t ldx, size_t xstep, float *y,
                       size_t ldy, size_t ystep)
{
	size_t c0, c1, rows = ctx->batch->rows;
	seqk_act all = {.n = rows * l->heads, .k = l->in};
	if (l->q)
		quantise(ctx, l, &all, x, ldx, xstep);
	seqp_linear_columns(&ctx->lane, l->heads * l->out, &c0, &c1);
	for (size_t c = c0, next; c < c1; c = next) {
		size_t h = c / l->out, first = h * l->out;
		next = first + l->out < c1 ? first + l->out : c1;
		seqp_linear one = {.w = seqp_view_rows(l->w, (int64_t)h * l->step, (int64_t)l->out), .in = l->in, .out = l->out, .q = l->q};
		seqk_act a = seqp_linear_act_rows(&all, h * rows, rows);
		a.x = x + h * xstep;
		a.ldx = ldx;
		seqp_linear_part(ctx, &one, &a, y + h * ystep, ldy, c - first, next - first);
	}
}
