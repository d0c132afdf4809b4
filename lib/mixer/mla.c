/* SPDX-License-Identifier: MIT */
/* Multi-head latent attention: DeepSeek-V2, 2024.
 *
 *   q = Wqb rms(Wqa x), or Wq x; a head of it is [nope | rope].  [c | r] = Wkva x; c = rms(c); ropes on both r parts.
 *   Head h: key [Kb[h] c | r], value Vb[h] c; y = Wo of all heads.
 * What a head gives may be multiplied by sigmoid of its row of Wg x (Ling 2.5).
 * Kept for a position is [c | r], the same for all heads: Kb is applied to q instead, Vb to what the softmax gives, so
 * the heads are queries of one key head whose values are the first part of its keys. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/headwise.h"
#include "layer/rope.h"
#include "mixer/attend.h"
#include "mixer/mixer.h"

struct mla {
	seqp_linear q_a, q, kv_a, o; /* q: of x, or of what q_a gives */
	seqp_linear gate;            /* a number a head, or none */
	seqp_headwise k_b, v_b;
	seqp_attend at;
	size_t heads, nope, turned, rank, dv;
	int rope;
	const float *q_norm, *kv_norm;
	float q_eps, kv_eps;
	size_t rope_index;
	size_t pqa, pq, pkv, platent, pout, pv, pgate; /* places in the shared scratch */
};

static int read_numbers(struct mla *m, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	int64_t heads, nope, turned, rank, dv, rope;
	int rc;
	if ((rc = seqp_bind_int(b, "heads", 0, 1, 65536, &heads, err)) < 0 ||
	    (rc = seqp_bind_int(b, "nope_dim", 0, 1, 65536, &nope, err)) < 0 ||
	    (rc = seqp_bind_int(b, "rope_dim", 0, 1, 65536, &turned, err)) < 0 ||
	    (rc = seqp_bind_int(b, "kv_rank", 0, 1, 65536, &rank, err)) < 0 ||
	    (rc = seqp_bind_int(b, "v_head_dim", 0, 1, 65536, &dv, err)) < 0 ||
	    (rc = seqp_bind_int(b, "rope", 0, 0, 2, &rope, err)) < 0 ||
	    (rc = seqp_bind_int(b, "window", 0, 0, (int64_t)1 << 40, &m->at.window, err)) < 0)
		return rc;
	if (rope && turned % 2)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: rope over %lld dimensions", (long long)b->layer, (long long)turned);
	m->heads = m->at.heads = (size_t)heads;
	m->at.kv_heads = 1;
	m->nope = (size_t)nope;
	m->turned = (size_t)turned;
	m->rank = (size_t)rank;
	m->dv = (size_t)dv;
	m->rope = (int)rope;
	double scale = seqp_bind_number(b, "scale", 0);
	m->at.shape = (seqk_attn_shape){.dtype = b->kv_dtype, .d = m->rank + m->turned, .dv = m->rank,
		.scale = (float)(scale != 0 ? scale : 1 / sqrt((double)(nope + turned)))};
	return seqp_spec_kv(spec, 1, m->at.shape.d, m->at.shape.dv, m->at.window, b->kv_dtype, err);
}

static int open_q(struct mla *m, const seqp_bind *b, seq_error *err)
{
	const seqp_view *v = seqp_bind_weight(b, "q_a");
	int64_t out = (int64_t)(m->heads * (m->nope + m->turned)), rank = v ? v->rows : 0;
	int rc;
	m->q_eps = seqp_bind_eps(b, "q_a_norm");
	m->kv_eps = seqp_bind_eps(b, "kv_a_norm");
	if ((rc = seqp_bind_vector(b, "kv_a_norm.w", (int64_t)m->rank, 1, &m->kv_norm, err)) < 0)
		return rc;
	if (!v)
		return seqp_linear_open(b, "q", out, b->in, 1, &m->q, err);
	if ((rc = seqp_linear_open(b, "q_a", rank, b->in, 1, &m->q_a, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "q_a_norm.w", rank, 1, &m->q_norm, err)) < 0)
		return rc;
	return seqp_linear_open(b, "q_b", out, rank, 1, &m->q, err);
}

/* Rows [r0, r0 + n) of v, turned round: [cols][n] in to, of the type of v or, when that is of blocks, F32. */
static void turn_round(char *to, int dtype, const seqp_view *v, int64_t r0, int64_t n, float *row)
{
	size_t size = seq_dtype_get(dtype)->bytes;
	for (int64_t r = 0; r < n; r++) {
		const char *from = (const char *)v->data + (size_t)(r0 + r) * v->stride;
		if (dtype != v->dtype) {
			seqk_dequant(v->dtype, from, row, (size_t)v->cols);
			from = (const char *)row;
		}
		for (int64_t c = 0; c < v->cols; c++)
			memcpy(to + (size_t)(c * n + r) * size, from + (size_t)c * size, size);
	}
}

/* The keys' part of one matrix for both, [nope | v] by head, is turned round once. */
static int split_kv_b(const struct mla *m, const seqp_bind *b, const seqp_view *kv, seqp_view *k, seq_error *err)
{
	int64_t n = (int64_t)m->nope, each = n + (int64_t)m->dv, rank = (int64_t)m->rank, heads = (int64_t)m->heads;
	if (kv->rows != heads * each || kv->cols != rank || !seqk_matmul_can(kv->dtype, m->rank))
		return seqp_bind_fail(b, "kv_b", err, "has another shape than the heads ask for");
	int dtype = seq_dtype_get(kv->dtype)->block == 1 ? kv->dtype : SEQ_F32;
	size_t stride = (size_t)seq_dtype_bytes(dtype, n);
	char *to = seqp_arena_alloc(b->arena, (size_t)(heads * rank), stride);
	float *row = seqp_arena_alloc(b->arena, m->rank, sizeof *row);
	if (!to || !row)
		return seqp_nomem(err, (size_t)(heads * rank) * stride);
	for (int64_t h = 0; h < heads; h++)
		turn_round(to + (size_t)(h * rank) * stride, dtype, kv, h * each, n, row);
	*k = (seqp_view){to, dtype, heads * rank, n, stride};
	return 0;
}

static int open_b(struct mla *m, const seqp_bind *b, size_t *at, seq_error *err)
{
	const seqp_view *kv = seqp_bind_weight(b, "kv_b"), *kb = seqp_bind_weight(b, "k_b"), *vb = seqp_bind_weight(b, "v_b");
	int64_t n = (int64_t)m->nope, dv = (int64_t)m->dv, first = 0, step = dv;
	const char *name = "v_b";
	seqp_view k, v;
	int rc;
	if (!kv && (!kb || !vb))
		return seqp_bind_fail(b, kb ? "v_b" : "k_b", err, "is missing");
	m->k_b = (seqp_headwise){.heads = m->heads, .out = m->rank, .in = m->nope};
	m->v_b = (seqp_headwise){.heads = m->heads, .out = m->dv, .in = m->rank};
	if (kb && vb) {
		k = *kb;
		v = *vb;
	} else {
		if ((rc = split_kv_b(m, b, kv, &k, err)) < 0)
			return rc;
		v = *kv;
		name = "kv_b";
		first = n;
		step = n + dv;
	}
	rc = seqp_headwise_open(b, "k_b", k, 0, (int64_t)m->rank, &m->k_b, at, err);
	return rc < 0 ? rc : seqp_headwise_open(b, name, v, first, step, &m->v_b, at, err);
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct mla *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	size_t at = 0, rows = b->max_rows;
	int rc;
	if (!m)
		return seqp_nomem(err, sizeof *m);
	if ((rc = read_numbers(m, b, spec, err)) < 0 || (rc = open_q(m, b, err)) < 0 ||
	    (rc = seqp_linear_open(b, "kv_a", (int64_t)m->at.shape.d, b->in, 1, &m->kv_a, err)) < 0 ||
	    (seqp_bind_number(b, "head_gate", 0) != 0 && (rc = seqp_linear_open(b, "head_gate", (int64_t)m->heads, b->in, 1, &m->gate, err)) < 0) ||
	    (rc = open_b(m, b, &at, err)) < 0 ||
	    (rc = seqp_linear_open(b, "o", b->width, (int64_t)(m->heads * m->dv), 1, &m->o, err)) < 0 ||
	    (m->rope && (rc = seqp_rope_open(b, m->turned, &m->rope_index, err)) < 0))
		return rc;
	m->pqa = seqp_place(&at, rows * m->q_a.out, 4);
	m->pq = seqp_place(&at, rows * m->q.out, 4);
	m->pkv = seqp_place(&at, rows * m->kv_a.out, 4);
	m->platent = seqp_place(&at, rows * m->heads * m->at.shape.d, 4);
	m->pout = seqp_place(&at, rows * m->heads * m->rank, 4);
	m->pv = seqp_place(&at, rows * m->o.in, 4);
	m->pgate = seqp_place(&at, rows * m->gate.out, 4);
	seqp_attend_open(&m->at, b, &at);
	seqp_raise(&b->needs->shared, at);
	*self = m;
	return 0;
}

static float *at(const seqp_ctx *ctx, size_t place)
{
	return (float *)(void *)(ctx->shared + place);
}

static void turn(const struct mla *m, const seqp_ctx *ctx, size_t row, float *x)
{
	seqp_rope_turn(ctx, m->rope_index, m->rope, row, x, m->turned / 2);
}

/* Norms of what the first projections gave; [c | r] of this lane's rows into the cache. */
static void keep(const struct mla *m, const seqp_ctx *ctx, seqp_slot *const *state)
{
	size_t r0, r1, d = m->at.shape.d;
	seqp_ctx_rows(ctx, &r0, &r1);
	for (size_t r = r0; r < r1; r++) {
		float *kv = at(ctx, m->pkv) + r * d, *qa = at(ctx, m->pqa) + r * m->q_a.out;
		seqp_slot *slot = state[ctx->batch->row_seq[r]];
		int64_t pos = ctx->batch->row_pos[r], block = pos / SEQK_ATTN_BLOCK;
		size_t j = (size_t)(pos % SEQK_ATTN_BLOCK);
		if (m->q_norm)
			seqk_rmsnorm(qa, qa, m->q_norm, m->q_a.out, m->q_eps);
		seqk_rmsnorm(kv, kv, m->kv_norm, m->rank, m->kv_eps);
		turn(m, ctx, r, kv + m->rank);
		seqk_attn_put_key(slot->spec->dtype, seqp_kv_keys(slot, block, 0), j, kv, d);
		seqk_attn_put_value(slot->spec->dtype, seqp_kv_values(slot, block, 0), j, kv, m->rank);
	}
}

static void first(const struct mla *m, const seqp_ctx *ctx, seqp_slot *const *state, const float *x)
{
	const seqp_linear *q = m->q_norm ? &m->q_a : &m->q;
	float *out = at(ctx, m->q_norm ? m->pqa : m->pq);
	size_t rows = ctx->batch->rows;
	seqk_act a;
	seqp_linear_act(ctx, &a, x, q->in, rows, q->in, q->q || m->kv_a.q || m->gate.q);
	if (m->gate.w.data)
		seqp_linear_share(ctx, &m->gate, &a, at(ctx, m->pgate), m->gate.out);
	seqp_linear_share(ctx, q, &a, out, q->out);
	seqp_linear_share(ctx, &m->kv_a, &a, at(ctx, m->pkv), m->kv_a.out);
	seqp_team_barrier(&ctx->lane);
	keep(m, ctx, state);
	seqp_team_barrier(&ctx->lane);
	if (!m->q_norm)
		return;
	seqp_linear_run(ctx, &m->q, out, m->q.in, at(ctx, m->pq), m->q.out, rows);
	seqp_team_barrier(&ctx->lane);
}

/* Queries as the cache wants them: [Kb' q | roped q]. */
static void queries(const struct mla *m, const seqp_ctx *ctx)
{
	size_t i0, i1, n = m->nope + m->turned, d = m->at.shape.d;
	float *q = at(ctx, m->pq), *latent = at(ctx, m->platent);
	seqp_headwise_run(ctx, &m->k_b, q, m->heads * n, n, latent, m->heads * d, d);
	seqp_lane_split(&ctx->lane, ctx->batch->rows * m->heads, 1, &i0, &i1);
	for (size_t i = i0; i < i1; i++) {
		memcpy(latent + i * d + m->rank, q + i * n + m->nope, m->turned * sizeof *q);
		turn(m, ctx, i / m->heads, latent + i * d + m->rank);
	}
	seqp_team_barrier(&ctx->lane);
}

/* The gates of heads, on what the softmax gave: Vb is linear. */
static void gates(const struct mla *m, const seqp_ctx *ctx)
{
	size_t i0, i1;
	seqp_lane_split(&ctx->lane, ctx->batch->rows * m->heads, 1, &i0, &i1);
	for (size_t i = i0; i < i1; i++) {
		float g, *out = at(ctx, m->pout) + i * m->rank;
		seqk_sigmoid(&g, at(ctx, m->pgate) + i, 1);
		seqk_scale(out, out, g, m->rank);
	}
	seqp_team_barrier(&ctx->lane);
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct mla *m = self;
	size_t latent = m->heads * m->rank;
	first(m, ctx, state, x);
	queries(m, ctx);
	seqp_attend_run(&m->at, ctx, state, at(ctx, m->platent), at(ctx, m->pout));
	seqp_team_barrier(&ctx->lane);
	if (m->gate.w.data)
		gates(m, ctx);
	seqp_headwise_run(ctx, &m->v_b, at(ctx, m->pout), latent, m->rank, at(ctx, m->pv), m->o.in, m->dv);
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &m->o, at(ctx, m->pv), m->o.in, y, m->o.out, ctx->batch->rows);
}

const seqp_mixer_row seqp_mixer_mla = {
	.name = "mla",
	.paper = "DeepSeek-V2: A Strong, Economical, and Efficient Mixture-of-Experts Language Model, 2024 (multi-head latent attention)",
	.open = open,
	.run = run,
};
