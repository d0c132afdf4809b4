/* SPDX-License-Identifier: MIT */
#include "layer/bind.h"

#include <stdio.h>

#include "base/fail.h"
#include "base/size.h"

enum { KEY = 96 };

static const char *join(const seqp_bind *b, const char *name, char key[KEY])
{
	if (!b->role[0])
		snprintf(key, KEY, "%s", name);
	else if (!name[0])
		snprintf(key, KEY, "%s", b->role);
	else
		snprintf(key, KEY, "%s.%s", b->role, name);
	return key;
}

double seqp_bind_number(const seqp_bind *b, const char *key, double dflt)
{
	char k[KEY];
	return b->number(b->from, b->layer, join(b, key, k), dflt);
}

double seqp_bind_global(const seqp_bind *b, const char *key, double dflt)
{
	return b->number(b->from, b->layer, key, dflt);
}

int seqp_bind_int(const seqp_bind *b, const char *key, int64_t dflt, int64_t lo, int64_t hi, int64_t *out,
                  seq_error *err)
{
	char k[KEY];
	double v = b->number(b->from, b->layer, join(b, key, k), (double)dflt);
	if (!(v >= (double)lo && v <= (double)hi) || v != (double)(int64_t)v)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "layer %lld: %s is %g, outside %lld to %lld", (long long)b->layer,
		                 k, v, (long long)lo, (long long)hi);
	*out = (int64_t)v;
	return 0;
}

const seqp_view *seqp_bind_weight(const seqp_bind *b, const char *name)
{
	char k[KEY];
	const seqp_view *v = b->weight(b->from, b->layer, join(b, name, k));
	return v && v->data ? v : NULL;
}

int seqp_bind_fail(const seqp_bind *b, const char *name, seq_error *err, const char *what)
{
	char k[KEY];
	if (b->layer < 0)
		return seqp_fail(err, SEQ_E_FORMAT, "weight %s: %s", join(b, name, k), what);
	return seqp_fail(err, SEQ_E_FORMAT, "layer %lld, weight %s: %s", (long long)b->layer, join(b, name, k), what);
}

int seqp_bind_vector(const seqp_bind *b, const char *name, int64_t n, int needed, const float **out, seq_error *err)
{
	const seqp_view *v = seqp_bind_weight(b, name);
	*out = NULL;
	if (!v)
		return needed ? seqp_bind_fail(b, name, err, "is missing") : 0;
	int gaps = v->rows > 1 && v->stride != (size_t)v->cols * 4;
	if (v->dtype != SEQ_F32 || gaps || v->rows < 1 || v->cols < 1 || v->rows > n || v->rows * v->cols != n) {
		char what[128];
		snprintf(what, sizeof what, "is %lld x %lld, expected %lld floats", (long long)v->rows, (long long)v->cols,
		         (long long)n);
		return seqp_bind_fail(b, name, err, what);
	}
	*out = v->data;
	return 0;
}

float seqp_bind_eps(const seqp_bind *b, const char *name)
{
	char k[KEY], e[KEY + 8];
	snprintf(e, sizeof e, "%s.eps", join(b, name, k));
	double dflt = b->number(b->from, b->layer, "norm_eps", 1e-5);
	return (float)b->number(b->from, b->layer, e, dflt);
}

void seqp_ctx_flat(const seqp_ctx *ctx, size_t width, size_t *begin, size_t *end)
{
	seqp_lane_split(&ctx->lane, ctx->batch->rows * width, 16, begin, end);
}

void seqp_ctx_rows(const seqp_ctx *ctx, size_t *begin, size_t *end)
{
	seqp_lane_split(&ctx->lane, ctx->batch->rows, 1, begin, end);
}

size_t seqp_place(size_t *at, size_t count, size_t size)
{
	size_t here = *at;
	*at += seqp_round_up(count * size, 64);
	return here;
}
