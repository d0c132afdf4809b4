/* SPDX-License-Identifier: MIT */
/* Linear attention (Katharopoulos et al., 2020) with feature maps of q and k, plain or (P.normalise 1, P.eps) normalised.  P.head_dim is the
 * number of features, P.feature_in = D what a head is projected to.  Number P.feature, weights P.N.f1, P.N.f2 (+ .b)
 * for N = q, k, the same for all heads:
 *   0  none (maps may still act)             D
 *   1  (W1 x + b1) * (W2 x + b2)             D
 *   2  relu(W1 x + b1)                       D (T2R; Kasai et al., 2021)
 *   3  softmax of [2 y | -2 y], y = W1 x + b1  2 D (Hedgehog; Zhang et al., 2024)
 *   4  y_i y_{i - j}, y = relu [x | -x], j = 1..4  8 D (DPFP; Schlag et al., 2021) */
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "mixer/linmix.h"

enum { NONE, PRODUCT, T2R, HEDGEHOG, DPFP, ROLLS = 4 };

struct features {
	int kind;
	struct {
		const float *w1, *b1, *w2, *b2;
	} of[2]; /* q, k */
};

static int open_one(struct features *f, int i, const char *stream, int64_t D, const seqp_bind *b, seq_error *err)
{
	char name[24];
	int rc;
	snprintf(name, sizeof name, "%s.f1.w", stream);
	if ((rc = seqp_bind_vector(b, name, D * D, 1, &f->of[i].w1, err)) < 0)
		return rc;
	snprintf(name, sizeof name, "%s.f1.b", stream);
	if ((rc = seqp_bind_vector(b, name, D, 0, &f->of[i].b1, err)) < 0 || f->kind != PRODUCT)
		return rc;
	snprintf(name, sizeof name, "%s.f2.w", stream);
	if ((rc = seqp_bind_vector(b, name, D * D, 1, &f->of[i].w2, err)) < 0)
		return rc;
	snprintf(name, sizeof name, "%s.f2.b", stream);
	return seqp_bind_vector(b, name, D, 0, &f->of[i].b2, err);
}

static int open(seqp_linmix_state *m, const seqp_bind *b, seq_error *err)
{
	static const int wider[] = {1, 1, 1, 2, 2 * ROLLS};
	struct features *f = seqp_arena_alloc(b->arena, 1, sizeof *f);
	int64_t kind;
	size_t D = m->in[0].wide;
	int rc = seqp_bind_int(b, "feature", NONE, NONE, DPFP, &kind, err);
	if (rc < 0 || !f)
		return rc < 0 ? rc : seqp_nomem(err, sizeof *f);
	f->kind = (int)kind;
	if (m->in[0].high != D * (size_t)wider[kind])
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: %zu features of %zu columns", (long long)b->layer, m->in[0].high, D);
	m->own = f;
	if (kind == NONE || kind == DPFP)
		return 0;
	rc = open_one(f, 0, "q", (int64_t)D, b, err);
	return rc < 0 ? rc : open_one(f, 1, "k", (int64_t)D, b, err);
}

/* The operator's own feature map stays out of it. */
static int open_normalised(seqp_linmix_state *m, const seqp_bind *b, seq_error *err)
{
	m->call.number[0] = 0;
	return open(m, b, err);
}

static float dot(const float *w, const float *b, size_t j, const float *x, size_t D)
{
	float y = seqk_dot(w + j * D, x, D);
	return b ? y + b[j] : y;
}

static void hedgehog(float *y, size_t D)
{
	seqk_scale(y, y, 2, D);
	seqk_scale(y + D, y, -1, D);
	seqk_softmax(y, y, 2 * D);
}

static float rectified(const float *x, size_t D, size_t i)
{
	float v = i < D ? x[i] : -x[i - D];
	return v > 0 ? v : 0;
}

static void dpfp(const float *x, float *y, size_t D)
{
	for (size_t j = 1; j <= ROLLS; j++)
		for (size_t i = 0; i < 2 * D; i++)
			*y++ = rectified(x, D, i) * rectified(x, D, (i + 2 * D * ROLLS - j) % (2 * D));
}

static void feature(const seqp_linmix_state *m, int i, size_t h, const float *x, float *y)
{
	const struct features *f = m->own;
	size_t D = m->in[i].wide;
	(void)h;
	if (f->kind == NONE)
		memcpy(y, x, D * sizeof *y);
	if (f->kind == DPFP)
		dpfp(x, y, D);
	if (f->kind == NONE || f->kind == DPFP)
		return;
	for (size_t j = 0; j < D; j++) {
		y[j] = dot(f->of[i].w1, f->of[i].b1, j, x, D);
		if (f->kind == PRODUCT)
			y[j] *= dot(f->of[i].w2, f->of[i].b2, j, x, D);
	}
	if (f->kind == T2R)
		seqk_relu(y, y, D);
	if (f->kind == HEDGEHOG)
		hedgehog(y, D);
}

#define IN {{"q", SEQP_UNIT | SEQP_CONVOLVED, 0}, {"k", SEQP_UNIT | SEQP_CONVOLVED, 0}, {"v", SEQP_CONVOLVED, 0}}
static const seqp_linmix plain = {.op = &seqp_op_linear, .in = IN, .open = open, .feature = feature};
static const seqp_linmix normalised = {.op = &seqp_op_linear_norm, .in = IN, .open = open_normalised, .feature = feature};

static int open_mixer(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	int64_t norm;
	int rc = seqp_bind_int(b, "normalise", 0, 0, 1, &norm, err);
	return rc < 0 ? rc : seqp_linmix_open(self, b, spec, norm ? &normalised : &plain, err);
}

const seqp_mixer_row seqp_mixer_linear = {
	.name = "linear",
	.paper = "Katharopoulos et al., Transformers are RNNs, 2020",
	.open = open_mixer,
	.run = seqp_linmix_run,
};
