/* SPDX-License-Identifier: MIT */
#include "layer/norm.h"

#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"

static void rms(float *y, const float *x, const float *w, const float *b, size_t n, float eps)
{
	seqk_rmsnorm(y, x, w, n, eps);
	if (b)
		seqk_add(y, y, b, n);
}

static const seqp_norm_row table[] = {
	{"rms", "x / sqrt(mean of squares + eps) * w (Zhang, Sennrich 2019)", rms},
	{"layer", "(x - mean) / sqrt(variance + eps) * w + b (Ba, Kiros, Hinton 2016)", seqk_layernorm},
};

const seqp_norm_row *seqp_norm_at(size_t i)
{
	return i < sizeof table / sizeof table[0] ? &table[i] : NULL;
}

const seqp_norm_row *seqp_norm_find(const char *name)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

int seqp_norm_open(const seqp_bind *b, const char *kind, seqp_norm *out, seq_error *err)
{
	*out = (seqp_norm){.kind = seqp_norm_find(kind), .n = (size_t)b->in, .eps = seqp_bind_eps(b, "")};
	if (!out->kind)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "layer %lld: no norm is called %s", (long long)b->layer, kind);
	int rc = seqp_bind_vector(b, "w", b->in, 0, &out->w, err);
	return rc < 0 ? rc : seqp_bind_vector(b, "b", b->in, 0, &out->b, err);
}

void seqp_norm_run(const seqp_ctx *ctx, const seqp_norm *m, const float *x, float *y)
{
	size_t r0, r1;
	seqp_ctx_rows(ctx, &r0, &r1);
	for (size_t r = r0; r < r1; r++)
		seqp_norm_one(m, y + r * m->n, x + r * m->n);
}
