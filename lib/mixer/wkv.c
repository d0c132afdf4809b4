/* SPDX-License-Identifier: MIT */
#include "mixer/wkv.h"

#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "op/heads.h"

static int read_numbers(seqp_wkv *m, const seqp_bind *b, seq_error *err)
{
	int64_t H, K, V, KV;
	int rc;
	if ((rc = seqp_bind_int(b, "heads", 0, 1, 65536, &H, err)) < 0 ||
	    (rc = seqp_bind_int(b, "head_k", b->width / H, 1, 4096, &K, err)) < 0 ||
	    (rc = seqp_bind_int(b, "head_v", b->width / H, 1, 4096, &V, err)) < 0 ||
	    (rc = seqp_bind_int(b, "kv_heads", H, 1, H, &KV, err)) < 0)
		return rc;
	if (H % KV)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: %lld heads cannot share %lld key heads evenly", (long long)b->layer,
		                 (long long)H, (long long)KV);
	m->H = (size_t)H, m->K = (size_t)K, m->V = (size_t)V, m->KV = (size_t)KV;
	m->eps = seqp_bind_eps(b, "norm");
	return 0;
}

static int open_weights(seqp_wkv *m, const seqp_bind *b, int gate, seq_error *err)
{
	int64_t k = (int64_t)(m->H * m->K), v = (int64_t)(m->H * m->V), fewer = (int64_t)m->KV;
	int rc;
	if ((rc = seqp_linear_open(b, "r", k, b->in, 1, &m->r, err)) < 0 ||
	    (rc = seqp_linear_open(b, "k", fewer * (int64_t)m->K, b->in, 1, &m->k, err)) < 0 ||
	    (rc = seqp_linear_open(b, "v", fewer * (int64_t)m->V, b->in, 1, &m->v, err)) < 0 ||
	    (gate && (rc = seqp_linear_open(b, "g", v, b->in, 0, &m->g, err)) < 0) ||
	    (rc = seqp_linear_open(b, "o", b->width, v, 1, &m->o, err)) < 0)
		return rc;
	if (seqp_bind_number(b, "norm", 1) == 0)
		return 0;
	if ((rc = seqp_bind_vector(b, "norm.w", v, 1, &m->w, err)) < 0)
		return rc;
	return seqp_bind_vector(b, "norm.b", v, 0, &m->b, err);
}

int seqp_wkv_open(seqp_wkv *m, const seqp_bind *b, int gate, seqp_state_spec *spec, size_t *at, seq_error *err)
{
	int rc = read_numbers(m, b, err);
	if (rc < 0 || (rc = open_weights(m, b, gate, err)) < 0)
		return rc;
	size_t k = b->max_rows * m->H * m->K, v = b->max_rows * m->H * m->V;
	seqp_shift_open(&m->shift, "shift", (size_t)b->in, spec);
	m->S = seqp_spec_fixed(spec, "wkv", m->H, m->K, m->V, 0);
	m->pr = seqp_place(at, k, 4), m->pk = seqp_place(at, k, 4), m->pv = seqp_place(at, v, 4);
	m->pg = seqp_place(at, v, 4), m->py = seqp_place(at, v, 4);
	seqp_raise(&b->needs->own, seqp_rows_scratch(m->K, m->V) * 4);
	return 0;
}

seqp_heads seqp_wkv_heads(const seqp_wkv *m, const seqp_ctx *ctx)
{
	seqp_heads s;
	seqp_lane_split(&ctx->lane, m->H, 1, &s.h0, &s.h1);
	s.k0 = s.h0 * m->K, s.k1 = s.h1 * m->K, s.v0 = s.h0 * m->V, s.v1 = s.h1 * m->V;
	return s;
}

void seqp_wkv_part(const seqp_ctx *ctx, const seqp_linear *l, const float *x, float *y, size_t c0, size_t c1)
{
	seqk_act a;
	seqp_linear_next(ctx, l);
	seqp_linear_act(ctx, &a, x, l->in, ctx->batch->rows, l->in, l->q);
	seqp_linear_part(ctx, l, &a, y, l->out, c0, c1);
}

void seqp_wkv_project(const seqp_wkv *m, const seqp_ctx *ctx, const seqp_heads *own, const float *xr, const float *xk,
                      const float *xv)
{
	seqp_wkv_part(ctx, &m->r, xr, seqp_wkv_at(ctx, m->pr), own->k0, own->k1);
	seqp_heads kv = *own;
	if (m->KV != m->H) { /* heads serve several lanes: any cut does, a barrier follows */
		seqp_linear_columns(&ctx->lane, m->k.out, &kv.k0, &kv.k1);
		seqp_linear_columns(&ctx->lane, m->v.out, &kv.v0, &kv.v1);
	}
	seqp_wkv_part(ctx, &m->k, xk, seqp_wkv_at(ctx, m->pk), kv.k0, kv.k1);
	seqp_wkv_part(ctx, &m->v, xv, seqp_wkv_at(ctx, m->pv), kv.v0, kv.v1);
}

void seqp_wkv_repeat(const seqp_wkv *m, const seqp_ctx *ctx, const seqp_heads *own, float *to_k, float *to_v)
{
	const float *k = seqp_wkv_at(ctx, m->pk), *v = seqp_wkv_at(ctx, m->pv);
	for (size_t r = 0; r < ctx->batch->rows; r++)
		for (size_t h = own->h0; h < own->h1; h++) {
			size_t from = r * m->KV + h / (m->H / m->KV), to = r * m->H + h;
			memcpy(to_k + to * m->K, k + from * m->K, m->K * sizeof *k);
			memcpy(to_v + to * m->V, v + from * m->V, m->V * sizeof *v);
		}
}

void seqp_wkv_mix(const seqp_wkv *m, const seqp_ctx *ctx, seqp_slot *const *state, const seqp_op_row *row, seqp_op_call *c,
                  const seqp_heads *own)
{
	float *y = seqp_wkv_at(ctx, m->py);
	size_t ld = m->H * m->V;
	c->out[0] = y, c->ldo[0] = ld;
	c->scratch = (float *)(void *)ctx->own; /* no activations are alive meanwhile */
	seqp_op_set_dim(c, 'H', m->H);
	seqp_op_set_dim(c, 'K', m->K);
	seqp_op_set_dim(c, 'V', m->V);
	seqp_op_spans(row, c, ctx, state, &m->S, own->h0, own->h1);
	for (size_t r = 0; r < ctx->batch->rows && m->w; r++)
		for (size_t i = own->v0; i < own->v1; i += m->V)
			seqk_layernorm(y + r * ld + i, y + r * ld + i, m->w + i, m->b ? m->b + i : NULL, m->V, m->eps);
}

void seqp_wkv_out(const seqp_wkv *m, const seqp_ctx *ctx, const seqp_heads *own, float *y)
{
	float *out = seqp_wkv_at(ctx, m->py), *g = seqp_wkv_at(ctx, m->pg);
	size_t ld = m->H * m->V;
	for (size_t i = own->v0; m->g.w.data && i < ctx->batch->rows * ld; i += ld) {
		if (!m->sigmoid) {
			seqk_silu_mul(out + i, g + i, out + i, own->v1 - own->v0);
			continue;
		}
		seqk_sigmoid(g + i, g + i, own->v1 - own->v0);
		seqk_mul(out + i, out + i, g + i, own->v1 - own->v0);
	}
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &m->o, out, ld, y, m->o.out, ctx->batch->rows);
}
