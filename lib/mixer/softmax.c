/* SPDX-License-Identifier: MIT */
/* Softmax attention with grouped heads: Vaswani et al., Attention Is All You
 * Need, 2017; Ainslie et al., GQA, 2023.
 *
 *   q, k, v = Wq x, Wk x, Wv x (+ bias); norm of q and k over a head or the whole width; rope;
 *   score = scale * q . k (+ ALiBi: Press et al., 2022) over the keys that a window or a chunk lets through, soft-capped;
 *   y = Wo (sigmoid(gate) * norm(softmax(score) v)), with a sink's share of the softmax gone (gpt-oss).
 * A layer may read the keys and values of an earlier one. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/linear.h"
#include "layer/rope.h"
#include "mixer/attend.h"
#include "mixer/mixer.h"

enum { NORM_NONE, NORM_HEAD, NORM_WHOLE };
enum { GATE_NONE, GATE_IN_Q, GATE_OWN, GATE_HEAD /* one number a head */ };

struct softmax {
	seqp_linear q, k, v, o, gate;
	seqp_attend at;
	int qk_norm, norm_after, v_norm, rope, gated, borrows;
	const float *qw, *qb, *kw, *kb, *ow;
	float eps, o_eps, clip;
	double temper_at, temper; /* q * (1 + temper log(1 + floor((position + 1) / temper_at))); 0: none */
	size_t rope_index, pairs;
	size_t pq, pk, pv, pgate, pout; /* places in the shared scratch */
};

static int read_heads(struct softmax *s, const seqp_bind *b, seq_error *err)
{
	int64_t heads, kv, d, dv;
	int rc;
	if ((rc = seqp_bind_int(b, "heads", 0, 1, 65536, &heads, err)) < 0 ||
	    (rc = seqp_bind_int(b, "kv_heads", heads, 1, heads, &kv, err)) < 0 ||
	    (rc = seqp_bind_int(b, "head_dim", b->width / heads, 1, 65536, &d, err)) < 0 ||
	    (rc = seqp_bind_int(b, "v_head_dim", d, 1, 65536, &dv, err)) < 0 ||
	    (rc = seqp_bind_int(b, "window", 0, 0, (int64_t)1 << 40, &s->at.window, err)) < 0 ||
	    (rc = seqp_bind_int(b, "chunk", 0, 0, (int64_t)1 << 40, &s->at.chunk, err)) < 0)
		return rc;
	if (heads % kv)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: %lld heads cannot share %lld key heads evenly",
		                 (long long)b->layer, (long long)heads, (long long)kv);
	s->at.heads = (size_t)heads;
	s->at.kv_heads = (size_t)kv;
	s->at.shape = (seqk_attn_shape){.dtype = b->kv_dtype, .d = (size_t)d, .dv = (size_t)dv};
	double scale = seqp_bind_number(b, "scale", 0);
	s->at.shape.scale = (float)(scale != 0 ? scale : 1 / sqrt((double)d));
	s->at.shape.cap = (float)seqp_bind_number(b, "cap", 0);
	return 0;
}

static int read_switches(struct softmax *s, const seqp_bind *b, seq_error *err)
{
	int64_t norm, after, values, rope, gate;
	int rc;
	if ((rc = seqp_bind_int(b, "qk_norm", 0, NORM_NONE, NORM_WHOLE, &norm, err)) < 0 ||
	    (rc = seqp_bind_int(b, "norm_after", 0, 0, 1, &after, err)) < 0 ||
	    (rc = seqp_bind_int(b, "v_norm", 0, 0, 1, &values, err)) < 0 ||
	    (rc = seqp_bind_int(b, "rope", 0, 0, 2, &rope, err)) < 0 ||
	    (rc = seqp_bind_int(b, "gated", 0, GATE_NONE, GATE_HEAD, &gate, err)) < 0)
		return rc;
	s->qk_norm = (int)norm;
	s->norm_after = (int)after;
	s->v_norm = (int)values;
	s->rope = (int)rope;
	s->gated = (int)gate;
	s->clip = (float)seqp_bind_number(b, "clip", 0);
	s->temper = seqp_bind_number(b, "temper", 0);
	s->temper_at = seqp_bind_number(b, "temper_at", 8192);
	return s->temper_at >= 1 ? 0 : seqp_fail(err, SEQ_E_UNSUPPORTED, "layer %lld: the scale of q grows every %g positions",
	                                         (long long)b->layer, s->temper_at);
}

/* Its own keys and values, or those of an earlier layer, which must keep what this one reads. */
static int open_cache(struct softmax *s, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	int64_t reach = s->at.window && s->at.chunk ? (s->at.window < s->at.chunk ? s->at.window : s->at.chunk)
	                                            : s->at.window + s->at.chunk;
	const seqp_state_spec *l = b->lender;
	s->borrows = l != NULL;
	if (!l)
		return seqp_spec_kv(spec, s->at.kv_heads, s->at.shape.d, s->at.shape.dv, reach, b->kv_dtype, err);
	if (l->heads != s->at.kv_heads || l->d != s->at.shape.d || l->dv != s->at.shape.dv || (l->window && (!reach || reach > l->window)))
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: the layer whose keys and values it reads has others", (long long)b->layer);
	return 0;
}

/* 2^(-most (i + 1) / n) for the n heads of a power of two, then those between of twice as many. */
static int open_alibi(struct softmax *s, const seqp_bind *b, seq_error *err)
{
	double factor = seqp_bind_number(b, "alibi", 0), most = seqp_bind_number(b, "alibi_max", 8);
	size_t n = 1;
	if (factor == 0)
		return 0;
	float *slope = seqp_arena_alloc(b->arena, s->at.heads, sizeof *slope);
	if (!slope)
		return seqp_nomem(err, s->at.heads * sizeof *slope);
	while (2 * n <= s->at.heads)
		n *= 2;
	for (size_t i = 0; i < s->at.heads; i++) {
		double step = i < n ? (double)(i + 1) / (double)n : (double)(2 * (i - n) + 1) / (double)(2 * n);
		slope[i] = (float)(factor * exp2(-most * step));
	}
	s->at.slope = slope;
	return 0;
}

static int open_norms(struct softmax *s, const seqp_bind *b, seq_error *err)
{
	int64_t heads = s->qk_norm == NORM_WHOLE ? (int64_t)s->at.heads : 1;
	int64_t kv = s->qk_norm == NORM_WHOLE ? (int64_t)s->at.kv_heads : 1, d = (int64_t)s->at.shape.d;
	int rc = seqp_bind_vector(b, "o_norm.w", (int64_t)s->o.in, 0, &s->ow, err);
	if (rc < 0 || s->qk_norm == NORM_NONE)
		return rc;
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

static int open_weights(struct softmax *s, const seqp_bind *b, seq_error *err)
{
	int64_t q = (int64_t)(s->at.heads * s->at.shape.d), k = (int64_t)(s->at.kv_heads * s->at.shape.d);
	int64_t v = (int64_t)(s->at.kv_heads * s->at.shape.dv), o = (int64_t)(s->at.heads * s->at.shape.dv);
	int rc;
	if (s->gated == GATE_IN_Q && (s->at.shape.d != s->at.shape.dv || s->qk_norm == NORM_WHOLE))
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: a gate beside q wants values as wide as keys, and norms by head",
		                 (long long)b->layer);
	if ((rc = seqp_linear_open(b, "q", s->gated == GATE_IN_Q ? 2 * q : q, b->in, 1, &s->q, err)) < 0 ||
	    (!s->borrows && (rc = seqp_linear_open(b, "k", k, b->in, 1, &s->k, err)) < 0) ||
	    (!s->borrows && (rc = seqp_linear_open(b, "v", v, b->in, 1, &s->v, err)) < 0) ||
	    (s->gated >= GATE_OWN &&
	     (rc = seqp_linear_open(b, "gate", s->gated == GATE_HEAD ? (int64_t)s->at.heads : o, b->in, 1, &s->gate, err)) < 0))
		return rc;
	if ((rc = seqp_linear_open(b, "o", b->width, o, 1, &s->o, err)) < 0)
		return rc;
	return seqp_bind_vector(b, "sinks", (int64_t)s->at.heads, 0, &s->at.sink, err);
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct softmax *s = seqp_arena_alloc(b->arena, 1, sizeof *s);
	int rc;
	if (!s)
		return seqp_nomem(err, sizeof *s);
	if ((rc = read_heads(s, b, err)) < 0 || (rc = read_switches(s, b, err)) < 0 || (rc = open_cache(s, b, spec, err)) < 0 ||
	    (rc = open_alibi(s, b, err)) < 0 || (rc = open_weights(s, b, err)) < 0 || (rc = open_norms(s, b, err)) < 0 ||
	    (rc = open_rope(s, b, err)) < 0)
		return rc;
	s->eps = seqp_bind_eps(b, "qk_norm");
	s->o_eps = seqp_bind_eps(b, "o_norm");
	size_t at = 0, rows = b->max_rows, q = s->at.heads * s->at.shape.d;
	s->pq = seqp_place(&at, rows * q, 4);
	s->pk = seqp_place(&at, rows * s->k.out, 4);
	s->pv = seqp_place(&at, rows * s->v.out, 4);
	s->pgate = seqp_place(&at, s->gated ? rows * (s->gated == GATE_IN_Q ? s->q.out : s->gate.out) : 0, 4);
	s->pout = seqp_place(&at, rows * s->o.in, 4);
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
		if (!s->borrows)
			norm(s, k + r * s->k.out, s->kw, s->kb, s->k.out);
	}
}

static void clip(const struct softmax *s, float *x, size_t n)
{
	for (size_t i = 0; s->clip > 0 && i < n; i++)
		x[i] = x[i] > s->clip ? s->clip : x[i] < -s->clip ? -s->clip : x[i];
}

/* A head of q or k: norm, then rope, or the other way round. */
static void turn(const struct softmax *s, const seqp_ctx *ctx, size_t row, float *x, const float *w, const float *b)
{
	clip(s, x, s->at.shape.d);
	if (s->qk_norm == NORM_HEAD && !s->norm_after)
		norm(s, x, w, b, s->at.shape.d);
	seqp_rope_turn(ctx, s->rope_index, s->rope, row, x, s->pairs);
	if (s->qk_norm == NORM_HEAD && s->norm_after)
		norm(s, x, w, b, s->at.shape.d);
}

static void temper(const struct softmax *s, const seqp_ctx *ctx, size_t row, float *q)
{
	double grown = log1p(floor((double)(ctx->batch->row_pos[row] + 1) / s->temper_at));
	seqk_scale(q, q, (float)(1 + s->temper * grown), s->at.shape.d);
}

static void keep(const struct softmax *s, const seqp_ctx *ctx, seqp_slot *slot, size_t row, size_t head, float *k, float *v)
{
	int64_t pos = ctx->batch->row_pos[row], block = pos / SEQK_ATTN_BLOCK;
	size_t j = (size_t)(pos % SEQK_ATTN_BLOCK);
	turn(s, ctx, row, k, s->kw, s->kb);
	clip(s, v, s->at.shape.dv);
	if (s->v_norm)
		seqk_rmsnorm(v, v, NULL, s->at.shape.dv, s->eps);
	seqk_attn_put_key(slot->spec->dtype, seqp_kv_keys(slot, block, head), j, k, s->at.shape.d);
	seqk_attn_put_value(slot->spec->dtype, seqp_kv_values(slot, block, head), j, v, s->at.shape.dv);
}

static void prepare(const struct softmax *s, const seqp_ctx *ctx, seqp_slot *const *state, float *q, float *k, float *v)
{
	size_t i0, i1, heads = s->at.heads, kv = s->at.kv_heads, d = s->at.shape.d;
	const float *both = (void *)(ctx->shared + s->pgate);
	seqp_lane_split(&ctx->lane, ctx->batch->rows * heads, 1, &i0, &i1);
	for (size_t i = i0; i < i1; i++) {
		if (s->gated == GATE_IN_Q)
			memcpy(q + i * d, both + 2 * i * d, d * sizeof *q);
		turn(s, ctx, i / heads, q + i * d, s->qw, s->qb);
		if (s->temper != 0)
			temper(s, ctx, i / heads, q + i * d);
	}
	if (s->borrows)
		return;
	seqp_lane_split(&ctx->lane, ctx->batch->rows * kv, 1, &i0, &i1);
	for (size_t i = i0; i < i1; i++)
		keep(s, ctx, state[ctx->batch->row_seq[i / kv]], i / kv, i % kv, k + i * d, v + i * s->at.shape.dv);
}

/* The gate, head by head, and the norm over all of them. */
static void refine(const struct softmax *s, const seqp_ctx *ctx, float *out)
{
	size_t i0, i1, dv = s->at.shape.dv, n = s->gated == GATE_HEAD ? 1 : dv, step = s->gated == GATE_IN_Q ? 2 * dv : n;
	float *gate = (float *)(void *)(ctx->shared + s->pgate) + (step - n);
	if (s->gated) {
		seqp_lane_split(&ctx->lane, ctx->batch->rows * s->at.heads, 1, &i0, &i1);
		for (size_t i = i0; i < i1; i++) {
			seqk_sigmoid(gate + i * step, gate + i * step, n);
			if (n == 1)
				seqk_scale(out + i * dv, out + i * dv, gate[i * step], dv);
			else
				seqk_mul(out + i * dv, out + i * dv, gate + i * step, dv);
		}
		seqp_team_barrier(&ctx->lane);
	}
	if (s->ow) {
		seqp_ctx_rows(ctx, &i0, &i1);
		for (size_t r = i0; r < i1; r++)
			seqk_rmsnorm(out + r * s->o.in, out + r * s->o.in, s->ow, s->o.in, s->o_eps);
		seqp_team_barrier(&ctx->lane);
	}
}

static void project(const struct softmax *s, const seqp_ctx *ctx, const float *x, float *q, float *k, float *v)
{
	size_t width = s->q.in;
	float *gate = (void *)(ctx->shared + s->pgate);
	seqk_act a;
	seqp_linear_act(ctx, &a, x, width, ctx->batch->rows, width, s->q.q || s->k.q || s->v.q || s->gate.q);
	seqp_linear_share(ctx, &s->q, &a, s->gated == GATE_IN_Q ? gate : q, s->q.out);
	if (s->gated >= GATE_OWN)
		seqp_linear_share(ctx, &s->gate, &a, gate, s->gate.out);
	if (!s->borrows) {
		seqp_linear_share(ctx, &s->k, &a, k, s->k.out);
		seqp_linear_share(ctx, &s->v, &a, v, s->v.out);
	}
	seqp_team_barrier(&ctx->lane);
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct softmax *s = self;
	float *q = (void *)(ctx->shared + s->pq), *k = (void *)(ctx->shared + s->pk), *v = (void *)(ctx->shared + s->pv);
	float *out = (void *)(ctx->shared + s->pout);
	project(s, ctx, x, q, k, v);
	if (s->qk_norm == NORM_WHOLE) {
		norm_rows(s, ctx, q, k);
		seqp_team_barrier(&ctx->lane);
	}
	prepare(s, ctx, state, q, k, v);
	seqp_team_barrier(&ctx->lane);
	seqp_attend_run(&s->at, ctx, state, q, out);
	seqp_team_barrier(&ctx->lane);
	refine(s, ctx, out);
	seqp_linear_run(ctx, &s->o, out, s->o.in, y, s->o.out, ctx->batch->rows);
}

const seqp_mixer_row seqp_mixer_softmax = {
	.name = "softmax",
	.paper = "Vaswani et al., Attention Is All You Need, 2017; grouped heads: Ainslie et al., 2023",
	.open = open,
	.run = run,
};
