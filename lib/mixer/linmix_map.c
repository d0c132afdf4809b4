/* SPDX-License-Identifier: MIT */
/* Maps of the columns of a projection: activations, gates, decays. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "mixer/linmix.h"

static void elu1(float *x, size_t n)
{
	float e[64];
	for (size_t i = 0; i < n; i += 64) {
		size_t m = n - i < 64 ? n - i : 64;
		seqk_exp(e, x + i, m);
		for (size_t j = 0; j < m; j++)
			x[i + j] = x[i + j] > 0 ? x[i + j] + 1 : e[j];
	}
}

/* log sigmoid(x) = -softplus(-x) */
static void log_sigmoid(const seqp_linmix_stream *s, float *x, size_t n)
{
	seqk_scale(x, x, -1, n);
	seqk_softplus(x, x, n);
	for (size_t i = 0; i < n; i++) {
		float y = -s->factor * x[i];
		x[i] = y < s->floor ? s->floor : y;
	}
}

static void decay(const seqp_linmix_stream *s, float *x, size_t c0, size_t n)
{
	seqk_softplus(x, x, n);
	for (size_t i = 0; i < n; i++) {
		float y = s->par[c0 + i] * x[i];
		x[i] = y < s->floor ? s->floor : y;
	}
}

static void bounded(const seqp_linmix_stream *s, float *x, size_t c0, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = -s->par[c0 + i] * x[i];
	seqk_sigmoid(x, x, n);
	seqk_scale(x, x, s->factor, n);
}

/* log(lb + (1 - lb) / (1 + e^-x)) = softplus(log lb - x) - softplus(-x) */
static void lower(const seqp_linmix_stream *s, float *x, size_t c0, size_t n)
{
	float e[64];
	for (size_t i = 0; i < n; i += 64) {
		size_t m = n - i < 64 ? n - i : 64;
		for (size_t j = 0; j < m; j++) {
			e[j] = s->par[c0 + i + j] - x[i + j];
			x[i + j] = -x[i + j];
		}
		seqk_softplus(e, e, m);
		seqk_softplus(x + i, x + i, m);
		for (size_t j = 0; j < m; j++)
			x[i + j] = e[j] - x[i + j];
	}
}

void seqp_linmix_apply(const seqp_linmix_stream *s, float *x, size_t c0, size_t n)
{
	switch (s->map) {
	case SEQP_MAP_NONE:
	case SEQP_MAPS: break;
	case SEQP_MAP_SILU: seqk_silu(x, x, n); break;
	case SEQP_MAP_RELU: seqk_relu(x, x, n); break;
	case SEQP_MAP_ELU1: elu1(x, n); break;
	case SEQP_MAP_SIGMOID:
		seqk_sigmoid(x, x, n);
		if (s->factor != 1)
			seqk_scale(x, x, s->factor, n);
		break;
	case SEQP_MAP_LOGSIGMOID: log_sigmoid(s, x, n); break;
	case SEQP_MAP_DECAY: decay(s, x, c0, n); break;
	case SEQP_MAP_BOUNDED: bounded(s, x, c0, n); break;
	case SEQP_MAP_CLAMP:
		for (size_t i = 0; i < n; i++)
			x[i] = x[i] < s->floor ? s->floor : x[i] > s->factor ? s->factor : x[i];
		break;
	case SEQP_MAP_LOWER: lower(s, x, c0, n); break;
	case SEQP_MAP_CAP: seqk_softcap(x, x, s->factor, n); break;
	}
}

/* A of each column: its own, or its head's. */
static int open_A(const seqp_bind *b, seqp_linmix_stream *s, seq_error *err)
{
	const seqp_view *v = seqp_bind_weight(b, "A");
	size_t n = v && v->rows * v->cols == (int64_t)s->cols ? s->cols : s->heads;
	const float *A;
	float *par = seqp_arena_alloc(b->arena, s->cols, sizeof *par);
	int rc = seqp_bind_vector(b, "A", (int64_t)n, 1, &A, err);
	if (rc < 0 || !par)
		return rc < 0 ? rc : seqp_nomem(err, s->cols * sizeof *par);
	for (size_t i = 0; i < s->cols; i++)
		par[i] = A[n == s->cols ? i : i / s->wide % s->heads];
	s->par = par;
	return 0;
}

/* P.lower [layers][columns], the model's, needed when P.use_lower is 1: softmax over the layers, summed up to this one without the first. */
static int open_lower(const seqp_bind *b, seqp_linmix_stream *s, seq_error *err)
{
	const seqp_view *v = seqp_bind_weight(b, "lower");
	float *par = seqp_arena_alloc(b->arena, s->cols, sizeof *par);
	if (!par)
		return seqp_nomem(err, s->cols * sizeof *par);
	if (!v && seqp_bind_number(b, "use_lower", 0) != 0)
		return seqp_bind_fail(b, "lower", err, "is missing");
	if (v && (v->dtype != SEQ_F32 || v->cols != (int64_t)s->cols || (double)v->rows != seqp_bind_global(b, "layers", 0) || v->stride != s->cols * 4))
		return seqp_bind_fail(b, "lower", err, "is not a float for each layer and column");
	s->par = par;
	for (size_t c = 0; c < s->cols; c++) {
		const float *w = v ? v->data : NULL;
		double sum = 0, upto = 0, top = -INFINITY;
		for (int64_t l = 0; v && l < v->rows; l++)
			top = fmax(top, (double)w[(size_t)l * s->cols + c]);
		for (int64_t l = 0; v && l < v->rows; l++) {
			double e = exp((double)w[(size_t)l * s->cols + c] - top);
			sum += e;
			upto += l > 0 && l <= b->layer ? e : 0;
		}
		par[c] = upto > 0 ? (float)log(upto / sum) : -1e30f;
	}
	return 0;
}

int seqp_linmix_map_open(const seqp_bind *b, seqp_linmix_stream *s, seq_error *err)
{
	char key[32];
	int64_t map;
	snprintf(key, sizeof key, "%s.map", s->name);
	int rc = seqp_bind_int(b, key, s->map, 0, SEQP_MAPS - 1, &map, err);
	s->map = (enum seqp_linmix_map)map;
	snprintf(key, sizeof key, "%s.factor", s->name);
	s->factor = (float)seqp_bind_number(b, key, 1);
	snprintf(key, sizeof key, "%s.floor", s->name);
	s->floor = (float)seqp_bind_number(b, key, -INFINITY);
	if (rc < 0 || (s->map != SEQP_MAP_DECAY && s->map != SEQP_MAP_BOUNDED && s->map != SEQP_MAP_LOWER))
		return rc;
	return s->map == SEQP_MAP_LOWER ? open_lower(b, s, err) : open_A(b, s, err);
}
