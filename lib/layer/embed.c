/* SPDX-License-Identifier: MIT */
#include "layer/embed.h"

#include "base/fail.h"
#include "kernel/matmul.h"
#include "kernel/vec.h"
#include "layer/bind.h"

static int check(const seqp_bind *b, const char *name, const seqp_view *v, int64_t rows, seq_error *err)
{
	const seq_dtype_row *d = seq_dtype_get(v->dtype);
	float probe[1];
	if (v->cols != b->width || v->rows < rows)
		return seqp_bind_fail(b, name, err, "has the wrong shape");
	if (!d || v->cols % d->block || !seqk_dequant(v->dtype, v->data, probe, 0))
		return seqp_bind_fail(b, name, err, "has a type that cannot be read here");
	return 0;
}

int seqp_embed_open(const seqp_bind *b, int64_t vocab, seqp_embed *e, seq_error *err)
{
	const seqp_view *t = seqp_bind_weight(b, "embed"), *p = seqp_bind_weight(b, "pos_embed");
	*e = (seqp_embed){.width = (size_t)b->width, .scale = (float)seqp_bind_global(b, "embed_scale", 1)};
	if (!t)
		return seqp_bind_fail(b, "embed", err, "is missing");
	int rc = check(b, "embed", t, vocab, err);
	if (rc == 0 && p)
		rc = check(b, "pos_embed", p, 1, err);
	if (rc < 0)
		return rc;
	e->table = *t;
	if (p) {
		e->pos = *p;
		seqp_raise(&b->needs->own, (size_t)b->width * 4);
	}
	return 0;
}

static const void *row(const seqp_view *v, int64_t i)
{
	return (const char *)v->data + (size_t)i * v->stride;
}

void seqp_embed_run(const seqp_ctx *ctx, const seqp_embed *e, float *x)
{
	size_t r0, r1, n = e->width;
	float *tmp = (float *)(void *)ctx->own;
	seqp_ctx_rows(ctx, &r0, &r1);
	for (size_t r = r0; r < r1; r++) {
		float *y = x + r * n;
		seqk_dequant(e->table.dtype, row(&e->table, ctx->batch->token[r]), y, n);
		if (e->scale != 1)
			seqk_scale(y, y, e->scale, n);
		if (e->pos.data) {
			seqk_dequant(e->pos.dtype, row(&e->pos, ctx->batch->row_pos[r]), tmp, n);
			seqk_add(y, y, tmp, n);
		}
	}
}
