/* SPDX-License-Identifier: MIT */
/* PaTH attention (Yang et al., 2025): between a key and a query lies the product of the reflections of the tokens in between,
 *
 *   H_t = I - beta_t w_t w_t';  score(i, j) = q_i . H_i H_(i-1) ... H_(j+1) k_j / sqrt(d), softmax over j, values v;
 *   beta = 2 sigmoid(b), w of length one, from W x or W W0 x, behind a short convolution with silu if there is one.
 *
 * A query walks from its own token to the oldest, reflected on the way: its q against k_j, then q - beta_j (w_j . q) w_j.
 * So nothing that was kept changes later: the cache holds [k | w | beta] and v, in F32.  Softmax is merged by
 * blocks of 64 positions, newest first.
 *
 * Weights: P.q P.k P.v P.o (+ .b), P.w [kv heads * d] (P.w.0: of low rank), P.w.conv.w P.w.conv.b, P.beta (+ .b) [kv heads]. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/attn.h"
#include "kernel/scan.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/linear.h"
#include "mixer/mixer.h"

enum { B = SEQK_ATTN_BLOCK, TILE = 16 };

struct path {
	seqp_linear q, k, v, w0, w, beta, o;
	const float *conv, *conv_b;
	size_t H, KV, G, d, key, taps, fconv; /* G: query heads of a key; key: floats of [k | w | beta] */
	float scale;
	size_t pq, pk, pv, plow, pw, pbeta, pout; /* places in the shared scratch */
};

static int read_numbers(struct path *s, const seqp_bind *b, seq_error *err)
{
	int64_t heads, kv, d;
	int rc;
	if ((rc = seqp_bind_int(b, "heads", 0, 1, 65536, &heads, err)) < 0 ||
	    (rc = seqp_bind_int(b, "kv_heads", heads, 1, heads, &kv, err)) < 0 ||
	    (rc = seqp_bind_int(b, "head_dim", b->width / heads, 1, 4096, &d, err)) < 0)
		return rc;
	if (heads % kv)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: %lld heads cannot share %lld key heads evenly", (long long)b->layer,
		                 (long long)heads, (long long)kv);
	s->H = (size_t)heads, s->KV = (size_t)kv, s->G = s->H / s->KV, s->d = (size_t)d, s->key = 2 * s->d + 1;
	s->scale = (float)(1 / sqrt((double)d));
	return 0;
}

static int open_w(struct path *s, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	int64_t n = (int64_t)(s->KV * s->d), in = b->in, K;
	const seqp_view *low = seqp_bind_weight(b, "w.0"), *conv = seqp_bind_weight(b, "w.conv.w");
	int rc = seqp_bind_int(b, "conv", conv ? conv->cols : 0, 0, 8, &K, err);
	if (rc < 0)
		return rc;
	if (low && (low->rows < 1 || (rc = seqp_linear_open(b, "w.0", low->rows, b->in, 1, &s->w0, err)) < 0))
		return rc < 0 ? rc : seqp_bind_fail(b, "w.0", err, "has no rows");
	if (low)
		in = low->rows;
	if ((rc = seqp_linear_open(b, "w", n, in, 1, &s->w, err)) < 0 || !K)
		return rc;
	if (K < 2)
		return seqp_bind_fail(b, "w.conv.w", err, "has a width that is not 2 to 8");
	s->taps = (size_t)K;
	s->fconv = seqp_spec_fixed(spec, "conv_w", s->KV * s->d, s->taps - 1, 1, 0);
	if ((rc = seqp_bind_vector(b, "w.conv.w", n * K, 1, &s->conv, err)) < 0)
		return rc;
	return seqp_bind_vector(b, "w.conv.b", n, 0, &s->conv_b, err);
}

static int open_weights(struct path *s, const seqp_bind *b, seq_error *err)
{
	int64_t q = (int64_t)(s->H * s->d), k = (int64_t)(s->KV * s->d);
	int rc;
	if ((rc = seqp_linear_open(b, "q", q, b->in, 1, &s->q, err)) < 0 || (rc = seqp_linear_open(b, "k", k, b->in, 1, &s->k, err)) < 0 ||
	    (rc = seqp_linear_open(b, "v", k, b->in, 1, &s->v, err)) < 0 ||
	    (rc = seqp_linear_open(b, "beta", (int64_t)s->KV, b->in, 1, &s->beta, err)) < 0)
		return rc;
	return seqp_linear_open(b, "o", b->width, q, 1, &s->o, err);
}

/* A lane's own scratch: a block's keys and values, and what the queries of a tile have come to. */
struct desk {
	float *k, *v, *q, *o, *m, *l;
};

static size_t set_desk(const struct path *s, char *own, struct desk *k)
{
	size_t at = 0, n = TILE * s->G;
	k->k = (void *)(own + seqp_place(&at, B * s->key, 4));
	k->v = (void *)(own + seqp_place(&at, B * s->d, 4));
	k->q = (void *)(own + seqp_place(&at, n * s->d, 4));
	k->o = (void *)(own + seqp_place(&at, n * s->d, 4));
	k->m = (void *)(own + seqp_place(&at, n, 4));
	k->l = (void *)(own + seqp_place(&at, n, 4));
	return at;
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct path *s = seqp_arena_alloc(b->arena, 1, sizeof *s);
	struct desk desk;
	char none[1];
	int rc;
	if (!s)
		return seqp_nomem(err, sizeof *s);
	if ((rc = read_numbers(s, b, err)) < 0 || (rc = open_weights(s, b, err)) < 0 || (rc = open_w(s, b, spec, err)) < 0 ||
	    (rc = seqp_spec_kv(spec, s->KV, s->key, s->d, 0, SEQ_F32, err)) < 0)
		return rc;
	size_t at = 0, rows = b->max_rows;
	s->pq = seqp_place(&at, rows * s->q.out, 4);
	s->pk = seqp_place(&at, rows * s->k.out, 4);
	s->pv = seqp_place(&at, rows * s->v.out, 4);
	s->plow = seqp_place(&at, rows * s->w0.out, 4);
	s->pw = seqp_place(&at, rows * s->w.out, 4);
	s->pbeta = seqp_place(&at, rows * s->beta.out, 4);
	s->pout = seqp_place(&at, rows * s->o.in, 4);
	seqp_raise(&b->needs->shared, at);
	seqp_raise(&b->needs->own, set_desk(s, none, &desk));
	*self = s;
	return 0;
}

static float *at(const seqp_ctx *ctx, size_t place)
{
	return (void *)(ctx->shared + place);
}

static void project(const struct path *s, const seqp_ctx *ctx, const float *x)
{
	size_t rows = ctx->batch->rows;
	const seqp_linear *w = s->w0.w.data ? &s->w0 : &s->w;
	seqk_act a;
	seqp_linear_act(ctx, &a, x, s->q.in, rows, s->q.in, s->q.q || s->k.q || s->v.q || s->beta.q || w->q);
	seqp_linear_share(ctx, &s->q, &a, at(ctx, s->pq), s->q.out);
	seqp_linear_share(ctx, &s->k, &a, at(ctx, s->pk), s->k.out);
	seqp_linear_share(ctx, &s->v, &a, at(ctx, s->pv), s->v.out);
	seqp_linear_share(ctx, &s->beta, &a, at(ctx, s->pbeta), s->beta.out);
	seqp_linear_share(ctx, w, &a, at(ctx, s->w0.w.data ? s->plow : s->pw), w->out);
	if (!s->w0.w.data)
		return;
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &s->w, at(ctx, s->plow), s->w0.out, at(ctx, s->pw), s->w.out, rows);
}

static void convolve(const struct path *s, const seqp_ctx *ctx, seqp_slot *const *state)
{
	size_t c0, c1, C = s->w.out;
	const seqp_batch *b = ctx->batch;
	seqp_linear_columns(&ctx->lane, C, &c0, &c1);
	for (size_t i = 0; i < b->nseq && s->taps; i++) {
		float *w = at(ctx, s->pw) + b->first[i] * C;
		seqk_conv(w, C, w, C, b->first[i + 1] - b->first[i], s->conv, s->conv_b, s->taps, 1, state[i]->fixed[s->fconv], c0, c1);
	}
}

static void keep(const struct path *s, const seqp_ctx *ctx, seqp_slot *slot, size_t row, size_t h)
{
	int64_t pos = ctx->batch->row_pos[row], block = pos / B;
	size_t j = (size_t)(pos % B), place = (row * s->KV + h) * s->d;
	float *key = (void *)ctx->own, *beta = key + 2 * s->d;
	memcpy(key, at(ctx, s->pk) + place, s->d * sizeof *key);
	seqk_l2norm(key + s->d, at(ctx, s->pw) + place, s->d, 1e-6f);
	seqk_sigmoid(beta, at(ctx, s->pbeta) + row * s->KV + h, 1);
	*beta *= 2;
	seqk_attn_put_key(SEQ_F32, seqp_kv_keys(slot, block, h), j, key, s->key);
	seqk_attn_put_value(SEQ_F32, seqp_kv_values(slot, block, h), j, at(ctx, s->pv) + place, s->d);
}

/* One query through positions [0, n) of a block, newest first. */
static void walk(const struct path *s, const struct desk *k, size_t query, size_t n)
{
	float *q = k->q + query * s->d, *o = k->o + query * s->d, p[B], m = k->m[query], old;
	for (size_t j = n; j-- > 0;) {
		const float *key = k->k + j * s->key, *w = key + s->d;
		p[j] = s->scale * seqk_dot(q, key, s->d);
		seqk_axpby(q, -w[s->d] * seqk_dot(q, w, s->d), w, 1, q, s->d);
	}
	float top = seqk_max(p, n);
	top = top > m ? top : m;
	old = m - top;
	for (size_t j = 0; j < n; j++)
		p[j] -= top;
	seqk_exp(p, p, n);
	seqk_exp(&old, &old, 1);
	k->m[query] = top;
	k->l[query] = k->l[query] * old + seqk_sum(p, n);
	seqk_scale(o, o, old, s->d);
	for (size_t j = 0; j < n; j++)
		seqk_axpby(o, p[j], k->v + j * s->d, 1, o, s->d);
}

static void read_block(const struct path *s, const seqp_slot *slot, int64_t b, size_t h, size_t n, struct desk *k)
{
	for (size_t j = 0; j < n; j++) {
		seqk_attn_get_key(SEQ_F32, seqp_kv_keys(slot, b, h), j, k->k + j * s->key, s->key);
		seqk_attn_get_value(SEQ_F32, seqp_kv_values(slot, b, h), j, k->v + j * s->d, s->d);
	}
}

/* Rows [r0, r1) of one sequence, heads that share key head h. */
static void tile(const struct path *s, const seqp_ctx *ctx, const seqp_slot *slot, size_t r0, size_t r1, size_t h)
{
	struct desk k;
	const int64_t *pos = ctx->batch->row_pos;
	size_t n = (r1 - r0) * s->G, W = s->G * s->d;
	set_desk(s, ctx->own, &k);
	for (size_t r = r0; r < r1; r++)
		memcpy(k.q + (r - r0) * W, at(ctx, s->pq) + (r * s->KV + h) * W, W * sizeof *k.q);
	memset(k.o, 0, n * s->d * sizeof *k.o);
	memset(k.l, 0, n * sizeof *k.l);
	for (size_t i = 0; i < n; i++)
		k.m[i] = -INFINITY;
	for (int64_t b = pos[r1 - 1] / B; b >= 0; b--) {
		int64_t most = pos[r1 - 1] + 1 - b * B;
		read_block(s, slot, b, h, (size_t)(most < B ? most : B), &k);
		for (size_t i = 0; i < n; i++) {
			int64_t seen = pos[r0 + i / s->G] + 1 - b * B;
			if (seen > 0)
				walk(s, &k, i, (size_t)(seen < B ? seen : B));
		}
	}
	for (size_t i = 0; i < n; i++)
		seqk_scale(at(ctx, s->pout) + ((r0 + i / s->G) * s->KV + h) * W + i % s->G * s->d, k.o + i * s->d, 1 / k.l[i], s->d);
}

/* Tiles of all sequences, shared out one after another. */
static void attend(const struct path *s, const seqp_ctx *ctx, seqp_slot *const *state)
{
	const seqp_batch *b = ctx->batch;
	size_t turn = 0;
	for (size_t i = 0; i < b->nseq; i++)
		for (size_t r = b->first[i]; r < b->first[i + 1]; r += TILE)
			for (size_t h = 0; h < s->KV; h++, turn++)
				if (turn % (size_t)ctx->lane.n == (size_t)ctx->lane.tid)
					tile(s, ctx, state[i], r, r + TILE < b->first[i + 1] ? r + TILE : b->first[i + 1], h);
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct path *s = self;
	size_t i0, i1;
	project(s, ctx, x);
	convolve(s, ctx, state);
	seqp_team_barrier(&ctx->lane);
	seqp_lane_split(&ctx->lane, ctx->batch->rows * s->KV, 1, &i0, &i1);
	for (size_t i = i0; i < i1; i++)
		keep(s, ctx, state[ctx->batch->row_seq[i / s->KV]], i / s->KV, i % s->KV);
	seqp_team_barrier(&ctx->lane);
	attend(s, ctx, state);
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &s->o, at(ctx, s->pout), s->o.in, y, s->o.out, ctx->batch->rows);
}

const seqp_mixer_row seqp_mixer_path = {
	.name = "path",
	.paper = "Yang et al., PaTH Attention, 2025",
	.open = open,
	.run = run,
};
