/* SPDX-License-Identifier: MIT */
/* RWKV-7 (Goose; Peng et al., 2025).  x_i = shift_i(x), i = r, w, k, v, a, g;  r, k, v = W x_i;
 *   log w = -e^-0.5 sigmoid(w0 + W2 tanh(W1 x_w));  a = sigmoid(a0 + A2 A1 x_a);  g = G2 sigmoid(G1 x_g);
 *   v += (v' - v) sigmoid(v0 + V2 V1 x_v), v' being the v of the first layer for the same token;
 *   kk = k k_k, every head divided by its length;  k *= 1 + (a - 1) k_a;  the operator rwkv7;
 *   y = Wo((norm by heads + (sum over a head of r k r_k) v) g).
 * Norm (number "norm" 0) and gate may be absent (ARWKV).  Number "v_first" is 1 in the layer that hands its v on (needs->carry). */
#include <stdio.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "mixer/mixer.h"
#include "mixer/wkv.h"
#include "op/op_rows.h"

enum { R, W, K, V, A, G, INPUTS };
enum { LOW_W, LOW_A, LOW_V, LOW_G, LOWS };
static const char low_letters[LOWS + 1] = "wavg";
static const int low_input[LOWS] = {W, A, V, G};

struct rwkv7 {
	seqp_wkv wkv;
	seqp_linear one[LOWS], two[LOWS];
	const float *mix[INPUTS], *k_k, *k_a, *r_k;
	int first;
	size_t rank, px, ph; /* inputs, later what is made of them; [LOWS][rows][rank] */
};

static int open_low(struct rwkv7 *m, const seqp_bind *b, int i, seq_error *err)
{
	char one[4], two[4];
	snprintf(one, sizeof one, "%c1", low_letters[i]);
	snprintf(two, sizeof two, "%c2", low_letters[i]);
	const seqp_view *v = seqp_bind_weight(b, one);
	if (!v)
		return seqp_bind_fail(b, one, err, "is missing");
	seqp_raise(&m->rank, (size_t)v->rows);
	int rc = seqp_linear_open(b, one, v->rows, b->in, 1, &m->one[i], err);
	return rc < 0 ? rc : seqp_linear_open(b, two, (int64_t)(m->wkv.H * m->wkv.V), v->rows, 1, &m->two[i], err);
}

static int open_vectors(struct rwkv7 *m, const seqp_bind *b, seq_error *err)
{
	static const char letters[INPUTS + 1] = "rwkvag";
	int64_t n = (int64_t)(m->wkv.H * m->wkv.K);
	int rc = 0;
	for (int i = 0; i < INPUTS && rc >= 0; i++) {
		char name[8];
		snprintf(name, sizeof name, "mix_%c", letters[i]);
		if (i == G && !m->one[LOW_G].w.data)
			continue;
		rc = seqp_shift_factors(b, name, (size_t)b->in, &m->mix[i], err);
	}
	if (rc < 0 || (rc = seqp_bind_vector(b, "k_k", n, 1, &m->k_k, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "k_a", n, 1, &m->k_a, err)) < 0)
		return rc;
	return seqp_bind_vector(b, "r_k", n, 1, &m->r_k, err);
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct rwkv7 *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	size_t at = 0;
	if (!m)
		return seqp_nomem(err, sizeof *m);
	m->first = seqp_bind_number(b, "v_first", 0) != 0;
	int rc = seqp_wkv_open(&m->wkv, b, 0, spec, &at, err);
	if (rc >= 0 && (m->wkv.K != m->wkv.V || m->wkv.H * m->wkv.K != (size_t)b->in))
		rc = seqp_fail(err, SEQ_E_FORMAT, "layer %lld: %zu heads of %zu do not fit a width of %lld", (long long)b->layer,
		               m->wkv.H, m->wkv.K, (long long)b->in);
	for (int i = 0; i < LOWS && rc >= 0; i++)
		if (i == LOW_V ? !m->first : i != LOW_G || seqp_bind_weight(b, "g1"))
			rc = open_low(m, b, i, err);
	if (rc < 0 || (rc = open_vectors(m, b, err)) < 0)
		return rc;
	m->px = seqp_place(&at, INPUTS * b->max_rows * (size_t)b->in, 4);
	m->ph = seqp_place(&at, LOWS * b->max_rows * m->rank, 4);
	seqp_raise(&b->needs->shared, at);
	seqp_raise(&b->needs->carry, (size_t)b->in);
	*self = m;
	return 0;
}

static void squash(int i, float *y, size_t n)
{
	if (i == LOW_W)
		seqk_tanh(y, y, n);
	if (i == LOW_G)
		seqk_sigmoid(y, y, n);
}

/* The first halves, by columns; whole after a barrier. */
static void low(const struct rwkv7 *m, const seqp_ctx *ctx, const float *in, float *h)
{
	size_t rows = ctx->batch->rows, all = rows * m->wkv.shift.width;
	for (int i = 0; i < LOWS; i++) {
		const seqp_linear *l = &m->one[i];
		float *to = h + (size_t)i * rows * m->rank;
		size_t c0, c1;
		if (!l->w.data)
			continue;
		seqp_linear_columns(&ctx->lane, l->out, &c0, &c1);
		seqp_wkv_part(ctx, l, in + (size_t)low_input[i] * all, to, c0, c1);
		for (size_t r = 0; r < rows; r++)
			squash(i, to + r * l->out + c0, c1 - c0);
	}
}

/* Columns [c0, c1) of a row, from here on. */
struct part {
	float *w, *a, *g, *mv, *kk, *k, *v, *carry;
	const float *k_k, *k_a;
	size_t n, N;
	int first;
};

static void adapt_row(const struct part *p)
{
	seqk_sigmoid(p->w, p->w, p->n);
	seqk_scale(p->w, p->w, -0.60653066f, p->n);
	seqk_sigmoid(p->a, p->a, p->n);
	seqk_mul(p->kk, p->k, p->k_k, p->n);
	for (size_t i = 0; i < p->n; i += p->N)
		seqk_l2norm(p->kk + i, p->kk + i, p->N, 1e-24f);
	for (size_t i = 0; i < p->n; i++)
		p->k[i] += p->k[i] * (p->a[i] - 1) * p->k_a[i];
	if (!p->first)
		seqk_sigmoid(p->mv, p->mv, p->n);
	for (size_t i = 0; i < p->n; i++) {
		if (p->first)
			p->carry[i] = p->v[i];
		else
			p->v[i] += (p->carry[i] - p->v[i]) * p->mv[i];
	}
}

/* Second halves into the places of inputs nobody reads any more: [w | a | v | g | kk]. */
static void adapt(const struct rwkv7 *m, const seqp_ctx *ctx, const seqp_heads *own, float *in)
{
	const seqp_wkv *s = &m->wkv;
	size_t rows = ctx->batch->rows, C = s->shift.width, all = rows * C, n = own->k1 - own->k0;
	const float *h = seqp_wkv_at(ctx, m->ph);
	for (size_t i = 0; i < LOWS; i++)
		if (m->two[i].w.data)
			seqp_wkv_part(ctx, &m->two[i], h + i * rows * m->rank, in + i * all, own->k0, own->k1);
	for (size_t i = own->k0; i < all; i += C) {
		float *p = in + i;
		adapt_row(&(struct part){.w = p + LOW_W * all, .a = p + LOW_A * all, .mv = p + LOW_V * all, .kk = p + LOWS * all,
			.k = seqp_wkv_at(ctx, s->pk) + i, .v = seqp_wkv_at(ctx, s->pv) + i, .carry = ctx->carry + i, .n = n,
			.N = s->K, .k_k = m->k_k + own->k0, .k_a = m->k_a + own->k0, .first = m->first});
	}
}

/* What a token sees of itself, and the gate. */
static void finish(const struct rwkv7 *m, const seqp_ctx *ctx, const seqp_heads *own, const float *g)
{
	const seqp_wkv *s = &m->wkv;
	float *y = seqp_wkv_at(ctx, s->py), *r = seqp_wkv_at(ctx, s->pr), *k = seqp_wkv_at(ctx, s->pk), *v = seqp_wkv_at(ctx, s->pv);
	size_t C = s->shift.width, N = s->K;
	for (size_t row = 0; row < ctx->batch->rows; row++)
		for (size_t c = own->k0; c < own->k1; c += N) {
			size_t i = row * C + c;
			seqk_mul(r + i, r + i, k + i, N);
			float self = seqk_dot(r + i, m->r_k + c, N);
			for (size_t j = i; j < i + N; j++)
				y[j] += self * v[j];
			if (m->mix[G])
				seqk_mul(y + i, y + i, g + i, N);
		}
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct rwkv7 *m = self;
	const seqp_wkv *s = &m->wkv;
	seqp_heads own = seqp_wkv_heads(s, ctx);
	size_t c0, c1, C = s->shift.width, all = ctx->batch->rows * C;
	float *in = seqp_wkv_at(ctx, m->px);
	seqp_linear_columns(&ctx->lane, C, &c0, &c1);
	for (size_t i = 0; i < INPUTS && m->mix[i]; i++) /* the gate's is the last */
		seqp_shift_mix(&s->shift, ctx, state, x, m->mix[i], 0, in + i * all, c0, c1);
	seqp_team_barrier(&ctx->lane);
	seqp_shift_keep(&s->shift, ctx, state, x, c0, c1);
	seqp_wkv_project(s, ctx, &own, in + R * all, in + K * all, in + V * all);
	low(m, ctx, in, seqp_wkv_at(ctx, m->ph));
	seqp_team_barrier(&ctx->lane);
	adapt(m, ctx, &own, in);
	seqp_op_call c = {.in = {seqp_wkv_at(ctx, s->pr), in + LOW_W * all, seqp_wkv_at(ctx, s->pk), seqp_wkv_at(ctx, s->pv),
			in + LOWS * all, in + LOW_A * all}, .ld = {C, C, C, C, C, C}};
	seqp_wkv_mix(s, ctx, state, &seqp_op_rwkv7, &c, &own);
	finish(m, ctx, &own, in + LOW_G * all);
	seqp_wkv_out(s, ctx, &own, y);
}

const seqp_mixer_row seqp_mixer_rwkv7 = {
	.name = "rwkv7",
	.paper = "Peng et al., RWKV-7 \"Goose\", 2025",
	.open = open,
	.run = run,
};
