/* SPDX-License-Identifier: MIT */
/* RWKV-5 (Eagle; Peng et al., 2024): r, k, v, g = W shift(x), the operator rwkv5 with a decay for each head (5.1) or
 * channel (5.2), norm by heads, silu(g) (5.2), Wo.  Numbers: "decay" is 0 where the file has d of exp(-exp(d)),
 * 1 where it has -exp(d), 2 where it has the factor itself; "bonus_exp" is 1 where the bonus is exp(u). */
#include <math.h>

#include "base/fail.h"
#include "layer/bind.h"
#include "mixer/mixer.h"
#include "mixer/wkv.h"
#include "op/op_rows.h"

enum { R, K, V, G, INPUTS };
static const char *const mix_names[INPUTS] = {"mix_r", "mix_k", "mix_v", "mix_g"};

struct rwkv5 {
	seqp_wkv wkv;
	const float *mix[INPUTS], *w, *u;
	size_t px;
};

/* One number for each head, or for each of its channels, made one for each channel. */
static int spread(const struct rwkv5 *m, const seqp_bind *b, const char *name, const float **out, float **mine, seq_error *err)
{
	const seqp_view *v = seqp_bind_weight(b, name);
	size_t n = m->wkv.H * m->wkv.K, per = v && v->rows * v->cols == (int64_t)m->wkv.H ? m->wkv.K : 1;
	int rc = seqp_bind_vector(b, name, (int64_t)(n / per), 1, out, err);
	if (rc < 0)
		return rc;
	if (!(*mine = seqp_arena_alloc(b->arena, n, sizeof **mine)))
		return seqp_nomem(err, n * sizeof **mine);
	for (size_t i = 0; i < n; i++)
		(*mine)[i] = (*out)[i / per];
	*out = *mine;
	return 0;
}

static int open_decay(struct rwkv5 *m, const seqp_bind *b, seq_error *err)
{
	int64_t decay, bonus;
	float *w, *u;
	int rc;
	if ((rc = seqp_bind_int(b, "decay", 0, 0, 2, &decay, err)) < 0 ||
	    (rc = seqp_bind_int(b, "bonus_exp", 0, 0, 1, &bonus, err)) < 0 || (rc = spread(m, b, "w", &m->w, &w, err)) < 0 ||
	    (rc = spread(m, b, "u", &m->u, &u, err)) < 0)
		return rc;
	for (size_t i = 0; i < m->wkv.H * m->wkv.K; i++) {
		if (decay != 1)
			w[i] = decay ? (float)fmax(log((double)w[i]), -1e4) : (float)-exp((double)w[i]);
		if (bonus)
			u[i] = (float)exp((double)u[i]);
	}
	return 0;
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct rwkv5 *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	size_t at = 0;
	if (!m)
		return seqp_nomem(err, sizeof *m);
	int rc = seqp_wkv_open(&m->wkv, b, 1, spec, &at, err);
	for (int i = 0; i < INPUTS && rc >= 0; i++)
		if (i != G || m->wkv.g.w.data)
			rc = seqp_shift_factors(b, mix_names[i], (size_t)b->in, &m->mix[i], err);
	if (rc < 0 || (rc = open_decay(m, b, err)) < 0)
		return rc;
	m->px = seqp_place(&at, INPUTS * b->max_rows * (size_t)b->in, 4);
	seqp_raise(&b->needs->shared, at);
	*self = m;
	return 0;
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct rwkv5 *m = self;
	const seqp_wkv *s = &m->wkv;
	seqp_heads own = seqp_wkv_heads(s, ctx);
	size_t c0, c1, C = s->shift.width, all = ctx->batch->rows * C;
	float *in = seqp_wkv_at(ctx, m->px);
	seqp_linear_columns(&ctx->lane, C, &c0, &c1);
	for (int i = 0; i < INPUTS; i++)
		if (m->mix[i])
			seqp_shift_mix(&s->shift, ctx, state, x, m->mix[i], 0, in + (size_t)i * all, c0, c1);
	seqp_team_barrier(&ctx->lane);
	seqp_shift_keep(&s->shift, ctx, state, x, c0, c1);
	seqp_wkv_project(s, ctx, &own, in + R * all, in + K * all, in + V * all);
	if (m->mix[G])
		seqp_wkv_part(ctx, &s->g, in + G * all, seqp_wkv_at(ctx, s->pg), own.v0, own.v1);
	size_t ldk = s->H * s->K;
	seqp_op_call c = {.in = {seqp_wkv_at(ctx, s->pr), seqp_wkv_at(ctx, s->pk), seqp_wkv_at(ctx, s->pv), m->w, m->u},
		.ld = {ldk, ldk, s->H * s->V}};
	seqp_wkv_mix(s, ctx, state, &seqp_op_rwkv5, &c, &own);
	seqp_wkv_out(s, ctx, &own, y);
}

const seqp_mixer_row seqp_mixer_rwkv5 = {
	.name = "rwkv5",
	.paper = "Peng et al., Eagle and Finch, 2024",
	.open = open,
	.run = run,
};
