/* SPDX-License-Identifier: MIT */
/* Softmax attention with grouped heads: Vaswani et al., Attention Is All You
 * Need, 2017; Ainslie et al., GQA, 2023.
 *
 *   q, k, v = Wq x, Wk x, Wv x (+ bias); norm of q and k over a head or the whole width; rope;
 *   score = scale * q . k over the keys a window lets through, soft-capped; y = Wo softmax(score) v. */
#include <math.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/linear.h"
#include "layer/rope.h"
#include "mixer/attend.h"
#include "mixer/mixer.h"

enum { NORM_NONE, NORM_HEAD, NORM_WHOLE };

struct softmax {
	seqp_linear q, k, v, o;
	seqp_attend at;
	int qk_norm, rope;
	const float *qw, *qb, *kw, *kb;
	float eps;
	size_t rope_index, pairs;
	size_t pq, pk, pv, pout; /* places in the shared scratch */
};

static int read_numbers(struct softmax *s, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	int64_t heads, kv, d, dv, norm, rope;
	int rc;
	if ((rc = seqp_bind_int(b, "heads", 0, 1, 65536, &heads, err)) < 0 ||
	    (rc = seqp_bind_int(b, "kv_heads", heads, 1, heads, &kv, err)) < 0 ||
	    (rc = seqp_bind_int(b, "head_dim", b->width / heads, 1, 65536, &d, err)) < 0 ||
	    (rc = seqp_bind_int(b, "v_head_dim", d, 1, 65536, &dv, err)) < 0 ||
	    (rc = seqp_bind_int(b, "window", 0, 0, (int64_t)1 << 40, &s->at.window, err)) < 0 ||
	    (rc = seqp_bind_int(b, "qk_norm", 0, NORM_NONE, NORM_WHOLE, &norm, err)) < 0 ||
	    (rc = seqp_bind_int(b, "rope", 0, 0, 2, &rope, err)) < 0)
		return rc;
	if (heads % kv)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: %lld heads cannot share %lld key heads evenly",
		                 (long long)b->layer, (long long)heads, (long long)kv);
	s->at.heads = (size_t)heads;
	s->at.kv_heads = (size_t)kv;
	s->at.shape.d = (size_t)d;
	s->at.shape.dv = (size_t)dv;
	s->qk_norm = (int)norm;
	s->rope = (int)rope;
	double scale = seqp_bind_number(b, "scale", 0);
	s->at.shape.scale = (float)(scale != 0 ? scale : 1 / sqrt((double)d));
	s->at.shape.cap = (float)seqp_bind_number(b, "cap", 0);
	s->at.shape.dtype = b->kv_dtype;
	return seqp_spec_kv(spec, s->at.kv_heads, s->at.shape.d, s->at.shape.dv, s->at.window, b->kv_dtype, err);
}

static int open_norms(struct softmax *s, const seqp_bind *b, seq_error *err)
{
	int64_t heads = s->qk_norm == NORM_WHOLE ? (int64_t)s->at.heads : 1;
	int64_t kv = s->qk_norm == NORM_WHOLE ? (int64_t)s->at.kv_heads : 1, d = (int64_t)s->at.shape.d;
	int rc;
	if (s->qk_norm == NORM_NONE)
		return 0;
	s->eps = seqp_bind_eps(b, "qk_norm");
	if ((rc = seqp_bind_vector(b, "q_norm.w", heads * d, 0, &s->qw, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "k_norm.w", kv * d, 0, &s->kw, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "q_norm.b", heads * d, 0, &s->qb, err)) < 0)
		return rc;
	return seqp_bind_vector(b, "k_norm.b", kv * d, 0, &s->kb, err);
}

static int open_rope(struct softmax *s, const seqp_bind *b, seq_error *err)
{
	double r = seqp_bind_global(b, "rope.dim", 0);
	if (!s->rope)
		return 0;
	if (r <= 0)
		r = (double)s->at.shape.d;
	if (r > (double)s->at.shape.d || r != 2 * floor(r / 2))
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: rope.dim %g does not fit heads of %zu", (long long)b->layer, r, s->at.shape.d);
	s->pairs = (size_t)r / 2;
	return seqp_rope_open(b, (size_t)r, &s->rope_index, err);
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct softmax *s = seqp_arena_alloc(b->arena, 1, sizeof *s);
	if (!s)
		return seqp_nomem(err, sizeof *s);
	int rc = read_numbers(s, b, spec, err);
	if (rc < 0)
		return rc;
	int64_t q = (int64_t)(s->at.heads * s->at.shape.d), k = (int64_t)(s->at.kv_heads * s->at.shape.d);
	int64_t v = (int64_t)(s->at.kv_heads * s->at.shape.dv), o = (int64_t)(s->at.heads * s->at.shape.dv);
	if ((rc = seqp_linear_open(b, "q", q, b->in, 1, &s->q, err)) < 0 ||
	    (rc = seqp_linear_open(b, "k", k, b->in, 1, &s->k, err)) < 0 ||
	    (rc = seqp_linear_open(b, "v", v, b->in, 1, &s->v, err)) < 0 ||
	    (rc = seqp_linear_open(b, "o", b->width, o, 1, &s->o, err)) < 0 || (rc = open_norms(s, b, err)) < 0 ||
	    (rc = open_rope(s, b, err)) < 0)
		return rc;
	size_t at = 0;
	s->pq = seqp_place(&at, b->max_rows * s->q.out, 4);
	s->pk = seqp_place(&at, b->max_rows * s->k.out, 4);
	s->pv = seqp_place(&at, b->max_rows * s->v.out, 4);
	s->pout = seqp_place(&at, b->max_rows * s->o.in, 4);
	seqp_attend_open(&s->at, b, &at);
	seqp_raise(&b->needs->shared, at);
	*self = s;
	return 0;
}

static void norm(const struct softmax *s, float *x, const float *w, const float *b, size_t n)
{
	if (b)
		seqk_layernorm(x, x, w, b, n, s->eps);
	else
		seqk_rmsnorm(x, x, w, n, s->eps);
}

static void norm_rows(const struct softmax *s, const seqp_ctx *ctx, float *q, float *k)
{
	size_t r0, r1;
	seqp_ctx_rows(ctx, &r0, &r1);
	for (size_t r = r0; r < r1; r++) {
		norm(s, q + r * s->q.out, s->qw, s->qb, s->q.out);
		norm(s, k + r * s->k.out, s->kw, s->kb, s->k.out);
	}
}

/* A head of q or k: norm, then rope. */
static void turn(const struct softmax *s, const seqp_ctx *ctx, size_t row, float *x, const float *w, const float *b)
{
	if (s->qk_norm == NORM_HEAD)
		norm(s, x, w, b, s->at.shape.d);
	if (!s->rope)
		return;
	const seqp_rope_table *t = &ctx->rope[s->rope_index];
	const float *c = t->cos + row * s->pairs, *sn = t->sin + row * s->pairs;
	if (s->rope == 1)
		seqk_rope_halves(x, c, sn, s->pairs);
	else
		seqk_rope_adjacent(x, c, sn, s->pairs);
}

static void keep(const struct softmax *s, const seqp_ctx *ctx, seqp_slot *slot, size_t row, size_t head, float *k, const float *v)
{
	int64_t pos = ctx->batch->row_pos[row], block = pos / SEQK_ATTN_BLOCK;
	size_t j = (size_t)(pos % SEQK_ATTN_BLOCK);
	turn(s, ctx, row, k, s->kw, s->kb);
	seqk_attn_put_key(slot->spec->dtype, seqp_kv_keys(slot, block, head), j, k, s->at.shape.d);
	seqk_attn_put_value(slot->spec->dtype, seqp_kv_values(slot, block, head), j, v, s->at.shape.dv);
}

static void prepare(const struct softmax *s, const seqp_ctx *ctx, seqp_slot *const *state, float *q, float *k, const float *v)
{
	size_t i0, i1, heads = s->at.heads, kv = s->at.kv_heads;
	seqp_lane_split(&ctx->lane, ctx->batch->rows * heads, 1, &i0, &i1);
	for (size_t i = i0; i < i1; i++)
		turn(s, ctx, i / heads, q + i * s->at.shape.d, s->qw, s->qb);
	seqp_lane_split(&ctx->lane, ctx->batch->rows * kv, 1, &i0, &i1);
	for (size_t i = i0; i < i1; i++)
		keep(s, ctx, state[ctx->batch->row_seq[i / kv]], i / kv, i % kv, k + i * s->at.shape.d, v + i * s->at.shape.dv);
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct softmax *s = self;
	size_t rows = ctx->batch->rows, width = s->q.in;
	float *q = (void *)(ctx->shared + s->pq), *k = (void *)(ctx->shared + s->pk), *v = (void *)(ctx->shared + s->pv);
	float *out = (void *)(ctx->shared + s->pout);
	seqk_act a;
	seqp_linear_act(ctx, &a, x, width, rows, width, s->q.q || s->k.q || s->v.q);
	seqp_linear_share(ctx, &s->q, &a, q, s->q.out);
	seqp_linear_share(ctx, &s->k, &a, k, s->k.out);
	seqp_linear_share(ctx, &s->v, &a, v, s->v.out);
	seqp_team_barrier(&ctx->lane);
	if (s->qk_norm == NORM_WHOLE) {
		norm_rows(s, ctx, q, k);
		seqp_team_barrier(&ctx->lane);
	}
	prepare(s, ctx, state, q, k, v);
	seqp_team_barrier(&ctx->lane);
	seqp_attend_run(&s->at, ctx, state, q, out);
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &s->o, out, s->o.in, y, s->o.out, rows);
}

const seqp_mixer_row seqp_mixer_softmax = {
	.name = "softmax",
	.paper = "Vaswani et al., Attention Is All You Need, 2017; grouped heads: Ainslie et al., 2023",
	.open = open,
	.run = run,
};
