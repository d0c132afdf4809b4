/* SPDX-License-Identifier: MIT */
/* Differential attention: Ye et al., Differential Transformer, 2024, as DiffLlama has it.
 *
 *   Heads h and h + H/2 are a pair; the values of both are those of key heads a and a + Hk/2, side by side.
 *   lambda = e^(q1 . k1) - e^(q2 . k2) + start, vectors of the layer; y[h] = (1 - start) rms(o[h] - lambda o[h + H/2]).
 * The cache keeps each pair of values twice, once with each of its key heads, so that reading is plain attention. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/linear.h"
#include "layer/rope.h"
#include "mixer/attend.h"
#include "mixer/mixer.h"

struct diff {
	seqp_linear q, k, v, o;
	seqp_attend at;
	size_t d;
	int rope;
	float lambda, rest, eps; /* rest: 1 - start */
	size_t rope_index;
	size_t pq, pk, pv, pout, pboth; /* places in the shared scratch */
};

static int read_numbers(struct diff *s, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	int64_t heads, kv, d, rope;
	int rc;
	if ((rc = seqp_bind_int(b, "heads", 0, 1, 65536, &heads, err)) < 0 ||
	    (rc = seqp_bind_int(b, "kv_heads", heads, 1, heads, &kv, err)) < 0 ||
	    (rc = seqp_bind_int(b, "head_dim", b->width / heads, 1, 32768, &d, err)) < 0 ||
	    (rc = seqp_bind_int(b, "rope", 0, 0, 2, &rope, err)) < 0)
		return rc;
	if (heads % kv || kv % 2 || (rope && d % 2))
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "layer %lld: differential attention with %lld heads of %lld, %lld key heads",
		                 (long long)b->layer, (long long)heads, (long long)d, (long long)kv);
	s->d = (size_t)d;
	s->rope = (int)rope;
	s->at.heads = (size_t)heads;
	s->at.kv_heads = (size_t)kv;
	s->at.shape = (seqk_attn_shape){.dtype = b->kv_dtype, .d = s->d, .dv = 2 * s->d, .scale = (float)(1 / sqrt((double)d))};
	return seqp_spec_kv(spec, s->at.kv_heads, s->d, 2 * s->d, 0, b->kv_dtype, err);
}

static int open_lambda(struct diff *s, const seqp_bind *b, seq_error *err)
{
	static const char *const names[] = {"lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"};
	const float *v[4];
	double dot[2] = {0, 0}, start = seqp_bind_number(b, "lambda", 0.8);
	for (int i = 0; i < 4; i++) {
		int rc = seqp_bind_vector(b, names[i], (int64_t)s->d, 1, &v[i], err);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < 2 * s->d; i++)
		dot[i / s->d] += (double)v[i / s->d * 2][i % s->d] * (double)v[i / s->d * 2 + 1][i % s->d];
	s->lambda = (float)(exp(dot[0]) - exp(dot[1]) + start);
	s->rest = (float)(1 - start);
	s->eps = seqp_bind_eps(b, "o_norm");
	return 0;
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct diff *s = seqp_arena_alloc(b->arena, 1, sizeof *s);
	size_t at = 0, rows = b->max_rows;
	int rc;
	if (!s)
		return seqp_nomem(err, sizeof *s);
	if ((rc = read_numbers(s, b, spec, err)) < 0 || (rc = open_lambda(s, b, err)) < 0)
		return rc;
	int64_t q = (int64_t)(s->at.heads * s->d), k = (int64_t)(s->at.kv_heads * s->d);
	if ((rc = seqp_linear_open(b, "q", q, b->in, 1, &s->q, err)) < 0 || (rc = seqp_linear_open(b, "k", k, b->in, 1, &s->k, err)) < 0 ||
	    (rc = seqp_linear_open(b, "v", k, b->in, 1, &s->v, err)) < 0 || (rc = seqp_linear_open(b, "o", b->width, q, 1, &s->o, err)) < 0 ||
	    (s->rope && (rc = seqp_rope_open(b, s->d, &s->rope_index, err)) < 0))
		return rc;
	s->pq = seqp_place(&at, rows * s->q.out, 4);
	s->pk = seqp_place(&at, rows * s->k.out, 4);
	s->pv = seqp_place(&at, rows * s->v.out, 4);
	s->pboth = seqp_place(&at, 2 * rows * s->o.in, 4);
	s->pout = seqp_place(&at, rows * s->o.in, 4);
	seqp_attend_open(&s->at, b, &at);
	seqp_raise(&b->needs->shared, at);
	*self = s;
	return 0;
}

static float *at(const seqp_ctx *ctx, size_t place)
{
	return (float *)(void *)(ctx->shared + place);
}

static void turn(const struct diff *s, const seqp_ctx *ctx, size_t row, float *x)
{
	seqp_rope_turn(ctx, s->rope_index, s->rope, row, x, s->d / 2);
}

static void keep(const struct diff *s, const seqp_ctx *ctx, seqp_slot *slot, size_t row, size_t head, float *k, const float *v)
{
	int64_t pos = ctx->batch->row_pos[row], block = pos / SEQK_ATTN_BLOCK;
	size_t j = (size_t)(pos % SEQK_ATTN_BLOCK), half = s->at.kv_heads / 2;
	float *pair = at(ctx, s->pboth) + (row * s->at.kv_heads + head) * 2 * s->d; /* nobody has written there yet */
	turn(s, ctx, row, k);
	memcpy(pair, v + head % half * s->d, s->d * sizeof *pair);
	memcpy(pair + s->d, v + (head % half + half) * s->d, s->d * sizeof *pair);
	seqk_attn_put_key(slot->spec->dtype, seqp_kv_keys(slot, block, head), j, k, s->d);
	seqk_attn_put_value(slot->spec->dtype, seqp_kv_values(slot, block, head), j, pair, 2 * s->d);
}

static void prepare(const struct diff *s, const seqp_ctx *ctx, seqp_slot *const *state)
{
	size_t i0, i1, heads = s->at.heads, kv = s->at.kv_heads;
	seqp_lane_split(&ctx->lane, ctx->batch->rows * heads, 1, &i0, &i1);
	for (size_t i = i0; i < i1; i++)
		turn(s, ctx, i / heads, at(ctx, s->pq) + i * s->d);
	seqp_lane_split(&ctx->lane, ctx->batch->rows * kv, 1, &i0, &i1);
	for (size_t i = i0; i < i1; i++)
		keep(s, ctx, state[ctx->batch->row_seq[i / kv]], i / kv, i % kv, at(ctx, s->pk) + i * s->d, at(ctx, s->pv) + i / kv * s->v.out);
	seqp_team_barrier(&ctx->lane);
}

static void subtract(const struct diff *s, const seqp_ctx *ctx)
{
	size_t i0, i1, half = s->at.heads / 2, n = 2 * s->d;
	seqp_lane_split(&ctx->lane, ctx->batch->rows * half, 1, &i0, &i1);
	for (size_t i = i0; i < i1; i++) {
		const float *first = at(ctx, s->pboth) + (i / half * 2 * half + i % half) * n;
		float *y = at(ctx, s->pout) + i * n;
		seqk_axpby(y, 1, first, -s->lambda, first + half * n, n);
		seqk_rmsnorm(y, y, NULL, n, s->eps);
		seqk_scale(y, y, s->rest, n);
	}
	seqp_team_barrier(&ctx->lane);
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct diff *s = self;
	size_t rows = ctx->batch->rows;
	seqk_act a;
	seqp_linear_act(ctx, &a, x, s->q.in, rows, s->q.in, s->q.q || s->k.q || s->v.q);
	seqp_linear_share(ctx, &s->q, &a, at(ctx, s->pq), s->q.out);
	seqp_linear_share(ctx, &s->k, &a, at(ctx, s->pk), s->k.out);
	seqp_linear_share(ctx, &s->v, &a, at(ctx, s->pv), s->v.out);
	seqp_team_barrier(&ctx->lane);
	prepare(s, ctx, state);
	seqp_attend_run(&s->at, ctx, state, at(ctx, s->pq), at(ctx, s->pboth));
	seqp_team_barrier(&ctx->lane);
	subtract(s, ctx);
	seqp_linear_run(ctx, &s->o, at(ctx, s->pout), s->o.in, y, s->o.out, rows);
}

const seqp_mixer_row seqp_mixer_differential = {
	.name = "differential",
	.paper = "Ye et al., Differential Transformer, 2024",
	.open = open,
	.run = run,
};
