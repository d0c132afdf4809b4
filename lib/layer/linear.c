/* SPDX-License-Identifier: MIT */
#include "layer/linear.h"

#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/size.h"
#include "kernel/vec.h"
#include "layer/adapter.h"
#include "layer/bind.h"
#include "layer/tally_inputs.h"

static size_t padded(size_t k)
{
	return seqp_round_up(k, 32);
}

size_t seqp_linear_act_bytes(size_t rows, size_t cols)
{
	size_t at = 0, k = padded(cols);
	seqp_place(&at, rows * k, 1);
	seqp_place(&at, rows * (k / 32), 4);
	seqp_place(&at, rows * (k / 16), 4);
	return at;
}

size_t seqp_linear_own_bytes(size_t cols)
{
	return seqp_round_up(seqk_matmul_scratch(cols), 64) + seqp_linear_act_bytes(SEQP_OWN_ROWS, cols);
}

int seqp_linear_open(const seqp_bind *b, const char *name, int64_t out, int64_t in, int needed, seqp_linear *l,
                     seq_error *err)
{
	char what[160], bias[96];
	const seqp_view *v = seqp_bind_weight(b, name);
	*l = (seqp_linear){.in = (size_t)in, .out = (size_t)out};
	if (!v)
		return needed ? seqp_bind_fail(b, name, err, "is missing") : 0;
	if (v->rows != out || v->cols != in) {
		snprintf(what, sizeof what, "is %lld x %lld, expected %lld x %lld", (long long)v->rows, (long long)v->cols,
		         (long long)out, (long long)in);
		return seqp_bind_fail(b, name, err, what);
	}
	if (!seqk_matmul_can(v->dtype, (size_t)v->cols)) {
		const seq_dtype_row *d = seq_dtype_get(v->dtype);
		snprintf(what, sizeof what, "type %s with %lld columns cannot be multiplied here", d ? d->name : "?",
		         (long long)v->cols);
		seqp_bind_fail(b, name, err, what);
		return err ? (err->code = SEQ_E_UNSUPPORTED) : SEQ_E_UNSUPPORTED;
	}
	l->w = *v;
	l->q = !b->exact && seqk_matmul_wants_q(v->dtype);
	seqp_raise(&b->needs->act_cols, (size_t)in);
	seqp_raise(&b->needs->own, seqp_linear_own_bytes((size_t)in));
	snprintf(bias, sizeof bias, "%s%s%s", b->role, b->role[0] && name[0] ? "." : "", name);
	int rc = b->tallies ? seqp_tally_new(b, bias, (size_t)in, &l->tally, err) : 0;
	if (rc < 0)
		return rc;
	snprintf(bias, sizeof bias, "%s%sb", name, name[0] ? "." : "");
	if ((rc = seqp_bind_vector(b, bias, out, 0, &l->b, err)) < 0)
		return rc;
	bias[strlen(bias) - 1] = 's';
	if ((rc = seqp_bind_vector(b, bias, out, 0, &l->s, err)) < 0)
		return rc;
	return seqp_adapter_open(b, name, out, in, &l->adapter, err);
}

void seqp_linear_act_place(seqk_act *a, char *mem, size_t rows, size_t k)
{
	size_t at = 0, kp = padded(k);
	a->q = (int8_t *)(mem + seqp_place(&at, rows * kp, 1));
	a->scale = (float *)(void *)(mem + seqp_place(&at, rows * (kp / 32), 4));
	a->sum = (float *)(void *)(mem + seqp_place(&at, rows * (kp / 16), 4));
	a->n = rows;
	a->k = k;
}

seqk_act seqp_linear_act_rows(const seqk_act *a, size_t first, size_t n)
{
	seqk_act r = *a;
	size_t kp = padded(a->k);
	r.n = n;
	r.x = a->x ? a->x + first * a->ldx : NULL;
	if (a->q) {
		r.q = a->q + first * kp;
		r.scale = a->scale + first * (kp / 32);
		r.sum = a->sum + first * (kp / 16);
	}
	return r;
}

void seqp_linear_act(const seqp_ctx *ctx, seqk_act *a, const float *x, size_t ldx, size_t rows, size_t k, int quantise)
{
	*a = (seqk_act){.x = x, .ldx = ldx, .n = rows, .k = k};
	if (!quantise)
		return;
	size_t r0 = 0, r1 = rows;
	int own = rows <= SEQP_OWN_ROWS;
	seqp_linear_act_place(a, own ? ctx->own + seqp_round_up(seqk_matmul_scratch(k), 64) : ctx->act,
	                      own ? SEQP_OWN_ROWS : rows, k);
	a->n = rows;
	if (!own)
		seqp_lane_split(&ctx->lane, rows, 1, &r0, &r1);
	for (size_t j = r0; j < r1; j++)
		seqk_act_row(a, j);
	if (!own)
		seqp_team_barrier(&ctx->lane);
}

void seqp_linear_next(const seqp_ctx *ctx, const seqp_linear *l)
{
	if (l->q && ctx->batch->rows > SEQP_OWN_ROWS)
		seqp_team_barrier(&ctx->lane);
}

void seqp_linear_part(const seqp_ctx *ctx, const seqp_linear *l, const seqk_act *a, float *y, size_t ldy, size_t r0,
                      size_t r1)
{
	seqk_act plain = *a;
	if (!l->q)
		plain.q = NULL;
	if (l->tally && ctx->lane.tid == 0)
		seqp_tally_add(l->tally, a);
	if (r0 >= r1 || !a->n)
		return;
	seqk_matmul(l->w.dtype, l->w.data, l->w.stride, &plain, y, ldy, r0, r1, ctx->own);
	for (size_t j = 0; j < a->n && l->s; j++)
		seqk_mul(y + j * ldy + r0, y + j * ldy + r0, l->s + r0, r1 - r0);
	if (l->adapter)
		seqp_adapter_add(l->adapter, a, y, ldy, r0, r1, ctx->own);
	for (size_t j = 0; j < a->n && l->b; j++)
		seqk_add(y + j * ldy + r0, y + j * ldy + r0, l->b + r0, r1 - r0);
}

void seqp_linear_columns(const seqp_lane *lane, size_t out, size_t *begin, size_t *end)
{
	seqp_lane_split(lane, out, SEQK_MATMUL_GRAIN, begin, end);
}

void seqp_linear_share(const seqp_ctx *ctx, const seqp_linear *l, const seqk_act *a, float *y, size_t ldy)
{
	size_t r0, r1;
	seqp_linear_columns(&ctx->lane, l->out, &r0, &r1);
	seqp_linear_part(ctx, l, a, y, ldy, r0, r1);
}

void seqp_linear_blocks(const seqp_ctx *ctx, const seqp_linear *l, const float *x, size_t ldx, size_t step, float *y, size_t ldy,
                        size_t size, size_t r0, size_t r1)
{
	seqk_act a;
	for (size_t h = 0; h < l->out / size; h++) {
		size_t from = h * size > r0 ? h * size : r0, to = (h + 1) * size < r1 ? (h + 1) * size : r1;
		if (from >= to && !l->q && !(l->tally && ctx->lane.tid == 0)) /* that lane counts the inputs of all blocks */
			continue;
		seqp_linear_act(ctx, &a, x + h * step, ldx, ctx->batch->rows, l->in, l->q);
		seqp_linear_part(ctx, l, &a, y, ldy, from, to);
	}
}

void seqp_linear_run(const seqp_ctx *ctx, const seqp_linear *l, const float *x, size_t ldx, float *y, size_t ldy,
                     size_t rows)
{
	seqk_act a;
	seqp_linear_act(ctx, &a, x, ldx, rows, l->in, l->q);
	seqp_linear_share(ctx, l, &a, y, ldy);
}
