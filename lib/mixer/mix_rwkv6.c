/* SPDX-License-Identifier: MIT */
/* RWKV-6 (Finch; Peng et al., 2024): how much of the token before is mixed in depends on the data,
 *   m = shift_x(x);  x_i = x + (before - x) (mu_i + X2_i tanh(X1_i m)), i = r, w, k, v, g;
 *   w = -exp(D2 tanh(D1 x_w) + d);  the operator rwkv6;  norm by heads, silu(Wg x_g), Wo.
 * Number "linear" is 1 for QRWKV, where a transformer's weights (biases, fewer heads of k and v) run as k (1 - e^w) through the
 * operator gla, without a bonus or a norm, the gate sigmoid(Wg x_g). */
#include <math.h>
#include <stdio.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "mixer/mixer.h"
#include "mixer/wkv.h"
#include "op/op_rows.h"

enum { R, W, K, V, G, INPUTS };
static const char letters[INPUTS + 1] = "rwkvg";

struct rwkv6 {
	seqp_wkv wkv;
	seqp_linear x1[INPUTS], x2[INPUTS], d1, d2;
	const float *mix_x, *mix[INPUTS], *u;
	int linear;
	size_t rank; /* columns at most between the halves of x1, x2 and of d1, d2 */
	size_t px, ph, pw, pk, pv; /* inputs, halves, log of the decay, k and v repeated */
};

/* Weight name, as wide inside as it likes. */
static int open_pair(const seqp_bind *b, const char *one, const char *two, int64_t out, seqp_linear *l1, seqp_linear *l2,
                     seq_error *err)
{
	const seqp_view *v = seqp_bind_weight(b, one);
	if (!v)
		return seqp_bind_fail(b, one, err, "is missing");
	int rc = seqp_linear_open(b, one, v->rows, b->in, 1, l1, err);
	return rc < 0 ? rc : seqp_linear_open(b, two, out, v->rows, 1, l2, err);
}

static int open_inputs(struct rwkv6 *m, const seqp_bind *b, seq_error *err)
{
	size_t C = (size_t)b->in;
	int rc = seqp_shift_factors(b, "mix_x", C, &m->mix_x, err);
	for (int i = 0; i < INPUTS && rc >= 0; i++) {
		char mu[8], one[8], two[8];
		snprintf(mu, sizeof mu, "mix_%c", letters[i]);
		snprintf(one, sizeof one, "x1.%c", letters[i]);
		snprintf(two, sizeof two, "x2.%c", letters[i]);
		rc = seqp_shift_factors(b, mu, C, &m->mix[i], err);
		if (rc >= 0)
			rc = open_pair(b, one, two, b->in, &m->x1[i], &m->x2[i], err);
	}
	return rc;
}

static size_t widest(const struct rwkv6 *m)
{
	size_t n = m->d1.out;
	for (int i = 0; i < INPUTS; i++)
		seqp_raise(&n, m->x1[i].out);
	return n;
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct rwkv6 *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	size_t at = 0;
	if (!m)
		return seqp_nomem(err, sizeof *m);
	int rc = open_inputs(m, b, err);
	if (rc < 0 || (rc = seqp_wkv_open(&m->wkv, b, 1, spec, &at, err)) < 0)
		return rc;
	int64_t k = (int64_t)(m->wkv.H * m->wkv.K);
	if (!m->wkv.g.w.data)
		return seqp_bind_fail(b, "g", err, "is missing");
	m->linear = m->wkv.sigmoid = seqp_bind_number(b, "linear", 0) != 0;
	if (!m->linear && m->wkv.KV != m->wkv.H)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: RWKV-6 with fewer heads of k and v", (long long)b->layer);
	if ((!m->linear && (rc = seqp_bind_vector(b, "u", k, 1, &m->u, err)) < 0) ||
	    (rc = open_pair(b, "d1", "d2", k, &m->d1, &m->d2, err)) < 0)
		return rc;
	m->px = seqp_place(&at, INPUTS * b->max_rows * (size_t)b->in, 4);
	m->rank = widest(m);
	m->ph = seqp_place(&at, INPUTS * b->max_rows * m->rank, 4);
	m->pw = seqp_place(&at, b->max_rows * (size_t)k, 4);
	m->pk = seqp_place(&at, m->linear ? b->max_rows * (size_t)k : 0, 4);
	m->pv = seqp_place(&at, m->linear ? b->max_rows * m->wkv.o.in : 0, 4);
	seqp_raise(&b->needs->shared, at);
	*self = m;
	return 0;
}

/* This lane's columns of tanh(W x). */
static void squash(const seqp_ctx *ctx, const seqp_linear *l, const seqk_act *a, float *y)
{
	size_t r0, r1;
	seqp_linear_columns(&ctx->lane, l->out, &r0, &r1);
	seqp_linear_part(ctx, l, a, y, l->out, r0, r1);
	for (size_t r = 0; r < a->n; r++)
		seqk_tanh(y + r * l->out + r0, y + r * l->out + r0, r1 - r0);
}

/* Inputs of all projections, whole after a barrier. */
static void inputs(const struct rwkv6 *m, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *in)
{
	const seqp_shift *s = &m->wkv.shift;
	size_t c0, c1, C = s->width, rows = ctx->batch->rows, all = rows * C;
	float *h = seqp_wkv_at(ctx, m->ph);
	int q = 0;
	seqk_act a;
	seqp_linear_columns(&ctx->lane, C, &c0, &c1);
	seqp_shift_mix(s, ctx, state, x, m->mix_x, 0, in, c0, c1);
	seqp_team_barrier(&ctx->lane);
	for (int i = 0; i < INPUTS; i++)
		q |= m->x1[i].q;
	seqp_linear_act(ctx, &a, in, C, rows, C, q);
	for (int i = 0; i < INPUTS; i++)
		squash(ctx, &m->x1[i], &a, h + (size_t)i * rows * m->rank);
	seqp_team_barrier(&ctx->lane);
	for (size_t i = 0; i < INPUTS; i++) {
		float *to = in + i * all;
		seqp_wkv_part(ctx, &m->x2[i], h + i * rows * m->rank, to, c0, c1);
		for (size_t r = 0; r < rows; r++)
			seqk_add(to + r * C + c0, to + r * C + c0, m->mix[i] + c0, c1 - c0);
		seqp_shift_mix(s, ctx, state, x, to, C, to, c0, c1);
	}
	seqp_team_barrier(&ctx->lane);
	seqp_shift_keep(s, ctx, state, x, c0, c1);
}

/* -exp(D2 h + d) on own columns. */
static void decay(const struct rwkv6 *m, const seqp_ctx *ctx, const seqp_heads *own, float *w)
{
	size_t ld = m->d2.out, n = own->k1 - own->k0;
	seqp_wkv_part(ctx, &m->d2, seqp_wkv_at(ctx, m->ph), w, own->k0, own->k1);
	for (size_t i = own->k0; i < ctx->batch->rows * ld; i += ld) {
		seqk_exp(w + i, w + i, n);
		seqk_scale(w + i, w + i, -1, n);
	}
}

static void fade(float *k, const float *w, size_t n)
{
	float e[64];
	for (size_t i = 0; i < n; i += 64) {
		size_t some = n - i < 64 ? n - i : 64;
		seqk_exp(e, w + i, some);
		for (size_t j = 0; j < some; j++)
			k[i + j] *= 1 - e[j];
	}
}

/* k (1 - e^w) and v through gla. */
static void linear(const struct rwkv6 *m, const seqp_ctx *ctx, seqp_slot *const *state, const seqp_heads *own, const float *w)
{
	const seqp_wkv *s = &m->wkv;
	float *k = seqp_wkv_at(ctx, m->pk), *v = seqp_wkv_at(ctx, m->pv);
	size_t ldk = s->H * s->K;
	seqp_wkv_repeat(s, ctx, own, k, v);
	for (size_t r = 0; r < ctx->batch->rows; r++)
		fade(k + r * ldk + own->k0, w + r * ldk + own->k0, own->k1 - own->k0);
	seqp_op_call c = {.in = {seqp_wkv_at(ctx, s->pr), k, v, w}, .ld = {ldk, ldk, s->H * s->V, ldk},
		.number = {1 / sqrt((double)s->K)}};
	seqp_wkv_mix(s, ctx, state, &seqp_op_gla, &c, own);
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct rwkv6 *m = self;
	const seqp_wkv *s = &m->wkv;
	seqp_heads own = seqp_wkv_heads(s, ctx);
	size_t rows = ctx->batch->rows, C = s->shift.width, all = rows * C, ldk = s->H * s->K;
	float *in = seqp_wkv_at(ctx, m->px), *w = seqp_wkv_at(ctx, m->pw);
	seqk_act a;
	inputs(m, ctx, state, x, in);
	seqp_linear_next(ctx, &m->d1);
	seqp_linear_act(ctx, &a, in + W * all, C, rows, C, m->d1.q);
	squash(ctx, &m->d1, &a, seqp_wkv_at(ctx, m->ph));
	seqp_wkv_project(s, ctx, &own, in + R * all, in + K * all, in + V * all);
	seqp_wkv_part(ctx, &s->g, in + G * all, seqp_wkv_at(ctx, s->pg), own.v0, own.v1);
	seqp_team_barrier(&ctx->lane);
	decay(m, ctx, &own, w);
	if (m->linear) {
		linear(m, ctx, state, &own, w);
		seqp_wkv_out(s, ctx, &own, y);
		return;
	}
	seqp_op_call c = {.in = {seqp_wkv_at(ctx, s->pr), seqp_wkv_at(ctx, s->pk), seqp_wkv_at(ctx, s->pv), w, m->u},
		.ld = {ldk, ldk, s->H * s->V, ldk}};
	seqp_wkv_mix(s, ctx, state, &seqp_op_rwkv6, &c, &own);
	seqp_wkv_out(s, ctx, &own, y);
}

const seqp_mixer_row seqp_mixer_rwkv6 = {
	.name = "rwkv6",
	.paper = "Peng et al., Eagle and Finch, 2024",
	.open = open,
	.run = run,
};
