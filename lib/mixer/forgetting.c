/* SPDX-License-Identifier: MIT */
/* Forgetting attention (Lin et al., 2025): softmax over scale * q_i . k_j + c_i - c_j, c_t the sum of log sigmoid(f) up to t,
 * a gate f for each query head.
 *
 * c goes along in the keys, before k: [-c_j of each head that shares the key | 1 | k_j] . [its place / scale | c_i / scale |
 * q_i].  The first terms cancel before q . k is added, so what is lost is only what rounding c itself lost; keys are
 * kept in F32 for its sake. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/linear.h"
#include "mixer/attend.h"
#include "mixer/mixer.h"

struct forgetting {
	seqp_linear q, k, v, f, gate, o;
	seqp_attend at;
	size_t d, lead; /* of a head; floats before it in a key */
	const float *qw, *kw; /* [heads][d], or NULL: no norm */
	float eps, scale;
	int gated;
	size_t fsum;
	size_t pq, pk, pv, pc, pgate, pwide, pout; /* places in the shared scratch */
};

static int read_numbers(struct forgetting *s, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	int64_t heads, kv, d, norm, gated;
	int rc;
	if ((rc = seqp_bind_int(b, "heads", 0, 1, 65536, &heads, err)) < 0 ||
	    (rc = seqp_bind_int(b, "kv_heads", heads, 1, heads, &kv, err)) < 0 ||
	    (rc = seqp_bind_int(b, "head_dim", b->width / heads, 1, 65536, &d, err)) < 0 ||
	    (rc = seqp_bind_int(b, "window", 0, 0, (int64_t)1 << 40, &s->at.window, err)) < 0 ||
	    (rc = seqp_bind_int(b, "qk_norm", 0, 0, 1, &norm, err)) < 0 || (rc = seqp_bind_int(b, "gated", 0, 0, 1, &gated, err)) < 0)
		return rc;
	if (heads % kv)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: %lld heads cannot share %lld key heads evenly", (long long)b->layer,
		                 (long long)heads, (long long)kv);
	s->d = (size_t)d;
	s->lead = (size_t)(heads / kv) + 1;
	s->at.heads = (size_t)heads, s->at.kv_heads = (size_t)kv;
	s->scale = (float)(1 / sqrt((double)d));
	s->at.shape = (seqk_attn_shape){.dtype = SEQ_F32, .d = s->d + s->lead, .dv = s->d, .scale = s->scale};
	s->gated = (int)gated;
	s->eps = seqp_bind_eps(b, "qk_norm");
	s->fsum = seqp_spec_fixed(spec, "c", s->at.heads, 1, 1, 0);
	if (norm && ((rc = seqp_bind_vector(b, "q_norm.w", heads * d, 1, &s->qw, err)) < 0 ||
	             (rc = seqp_bind_vector(b, "k_norm.w", kv * d, 1, &s->kw, err)) < 0))
		return rc;
	return seqp_spec_kv(spec, s->at.kv_heads, s->at.shape.d, s->at.shape.dv, s->at.window, SEQ_F32, err);
}

static int open_weights(struct forgetting *s, const seqp_bind *b, seq_error *err)
{
	int64_t q = (int64_t)(s->at.heads * s->d), k = (int64_t)(s->at.kv_heads * s->d);
	int rc;
	if ((rc = seqp_linear_open(b, "q", q, b->in, 1, &s->q, err)) < 0 || (rc = seqp_linear_open(b, "k", k, b->in, 1, &s->k, err)) < 0 ||
	    (rc = seqp_linear_open(b, "v", k, b->in, 1, &s->v, err)) < 0 ||
	    (rc = seqp_linear_open(b, "f", (int64_t)s->at.heads, b->in, 1, &s->f, err)) < 0 ||
	    (s->gated && (rc = seqp_linear_open(b, "gate", q, b->in, 1, &s->gate, err)) < 0))
		return rc;
	return seqp_linear_open(b, "o", b->width, q, 1, &s->o, err);
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct forgetting *s = seqp_arena_alloc(b->arena, 1, sizeof *s);
	int rc;
	if (!s)
		return seqp_nomem(err, sizeof *s);
	if ((rc = read_numbers(s, b, spec, err)) < 0 || (rc = open_weights(s, b, err)) < 0)
		return rc;
	size_t at = 0, rows = b->max_rows;
	s->pq = seqp_place(&at, rows * s->q.out, 4);
	s->pk = seqp_place(&at, rows * s->k.out, 4);
	s->pv = seqp_place(&at, rows * s->v.out, 4);
	s->pc = seqp_place(&at, rows * s->f.out, 4);
	s->pgate = seqp_place(&at, rows * s->gate.out, 4);
	s->pwide = seqp_place(&at, rows * s->at.heads * s->at.shape.d, 4);
	s->pout = seqp_place(&at, rows * s->o.in, 4);
	seqp_attend_open(&s->at, b, &at);
	seqp_raise(&b->needs->shared, at);
	seqp_raise(&b->needs->own, s->at.shape.d * sizeof(float));
	*self = s;
	return 0;
}

static float *at(const seqp_ctx *ctx, size_t place)
{
	return (void *)(ctx->shared + place);
}

static void project(const struct forgetting *s, const seqp_ctx *ctx, const float *x)
{
	seqk_act a;
	seqp_linear_act(ctx, &a, x, s->q.in, ctx->batch->rows, s->q.in, s->q.q || s->k.q || s->v.q || s->f.q || s->gate.q);
	seqp_linear_share(ctx, &s->q, &a, at(ctx, s->pq), s->q.out);
	seqp_linear_share(ctx, &s->k, &a, at(ctx, s->pk), s->k.out);
	seqp_linear_share(ctx, &s->v, &a, at(ctx, s->pv), s->v.out);
	seqp_linear_share(ctx, &s->f, &a, at(ctx, s->pc), s->f.out);
	if (s->gated)
		seqp_linear_share(ctx, &s->gate, &a, at(ctx, s->pgate), s->gate.out);
}

/* f to c, head by head. */
static void sum_up(const struct forgetting *s, const seqp_ctx *ctx, seqp_slot *const *state)
{
	size_t h0, h1, H = s->at.heads;
	const seqp_batch *b = ctx->batch;
	seqp_lane_split(&ctx->lane, H, 1, &h0, &h1);
	for (size_t i = 0; i < b->nseq && h0 < h1; i++) {
		float *sum = state[i]->fixed[s->fsum];
		for (size_t r = b->first[i]; r < b->first[i + 1]; r++) {
			float *c = at(ctx, s->pc) + r * H;
			seqk_scale(c + h0, c + h0, -1, h1 - h0);
			seqk_softplus(c + h0, c + h0, h1 - h0);
			for (size_t h = h0; h < h1; h++)
				c[h] = sum[h] -= c[h];
		}
	}
}

static void query(const struct forgetting *s, const seqp_ctx *ctx, size_t row, size_t h)
{
	float *q = at(ctx, s->pq) + (row * s->at.heads + h) * s->d;
	float *to = at(ctx, s->pwide) + (row * s->at.heads + h) * s->at.shape.d;
	if (s->qw)
		seqk_rmsnorm(q, q, s->qw + h * s->d, s->d, s->eps);
	memset(to, 0, s->lead * sizeof *to);
	to[h % (s->lead - 1)] = 1 / s->scale;
	to[s->lead - 1] = at(ctx, s->pc)[row * s->at.heads + h] / s->scale;
	memcpy(to + s->lead, q, s->d * sizeof *to);
}

static void keep(const struct forgetting *s, const seqp_ctx *ctx, seqp_slot *slot, size_t row, size_t h)
{
	int64_t pos = ctx->batch->row_pos[row], block = pos / SEQK_ATTN_BLOCK;
	size_t j = (size_t)(pos % SEQK_ATTN_BLOCK), G = s->lead - 1, place = (row * s->at.kv_heads + h) * s->d;
	float *k = (void *)ctx->own;
	const float *c = at(ctx, s->pc) + row * s->at.heads + h * G;
	for (size_t g = 0; g < G; g++)
		k[g] = -c[g];
	k[G] = 1;
	memcpy(k + s->lead, at(ctx, s->pk) + place, s->d * sizeof *k);
	if (s->kw)
		seqk_rmsnorm(k + s->lead, k + s->lead, s->kw + h * s->d, s->d, s->eps);
	seqk_attn_put_key(SEQ_F32, seqp_kv_keys(slot, block, h), j, k, s->at.shape.d);
	seqk_attn_put_value(SEQ_F32, seqp_kv_values(slot, block, h), j, at(ctx, s->pv) + place, s->d);
}

static void prepare(const struct forgetting *s, const seqp_ctx *ctx, seqp_slot *const *state)
{
	size_t i0, i1, H = s->at.heads, kv = s->at.kv_heads;
	seqp_lane_split(&ctx->lane, ctx->batch->rows * H, 1, &i0, &i1);
	for (size_t i = i0; i < i1; i++)
		query(s, ctx, i / H, i % H);
	seqp_lane_split(&ctx->lane, ctx->batch->rows * kv, 1, &i0, &i1);
	for (size_t i = i0; i < i1; i++)
		keep(s, ctx, state[ctx->batch->row_seq[i / kv]], i / kv, i % kv);
}

static void open_gate(const struct forgetting *s, const seqp_ctx *ctx)
{
	size_t i0, i1;
	float *gate = at(ctx, s->pgate), *out = at(ctx, s->pout);
	seqp_ctx_flat(ctx, s->o.in, &i0, &i1);
	seqk_sigmoid(gate + i0, gate + i0, i1 - i0);
	seqk_mul(out + i0, out + i0, gate + i0, i1 - i0);
	seqp_team_barrier(&ctx->lane);
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct forgetting *s = self;
	project(s, ctx, x);
	seqp_team_barrier(&ctx->lane);
	sum_up(s, ctx, state);
	seqp_team_barrier(&ctx->lane);
	prepare(s, ctx, state);
	seqp_team_barrier(&ctx->lane);
	seqp_attend_run(&s->at, ctx, state, at(ctx, s->pwide), at(ctx, s->pout));
	seqp_team_barrier(&ctx->lane);
	if (s->gated)
		open_gate(s, ctx);
	seqp_linear_run(ctx, &s->o, at(ctx, s->pout), s->o.in, y, s->o.out, ctx->batch->rows);
}

const seqp_mixer_row seqp_mixer_forgetting = {
	.name = "forgetting",
	.paper = "Lin et al., Forgetting Transformer, 2025",
	.open = open,
	.run = run,
};
