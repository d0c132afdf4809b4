/* SPDX-License-Identifier: MIT */
/* What RWKV 5, 6 and 7 share: heads over one operator, each normed by itself, gated, projected. */
#ifndef MIXER_WKV_H
#define MIXER_WKV_H

#include "layer/linear.h"
#include "mixer/shift.h"
#include "mixer/spans.h"

typedef struct seqp_wkv {
	size_t H, K, V, KV;           /* KV: heads of k and v as projected; each serves H / KV */
	seqp_linear r, k, v, g, o; /* g may be absent */
	const float *w, *b;        /* norm of the heads */
	float eps;
	int sigmoid;               /* 1: the gate is sigmoid(g), not silu(g) */
	seqp_shift shift;
	size_t S;                  /* state [H][K][V] */
	size_t pr, pk, pv, pg, py; /* places in the shared scratch, [rows][H K or H V] */
} seqp_wkv;

/* Numbers "heads", "head_k", "head_v", "kv_heads", "norm" (0: none), "norm.eps"; weights r k v o, norm.w, norm.b, and those
 * of the state.  Scratch comes from *at on.  gate: wants g. */
int seqp_wkv_open(seqp_wkv *m, const seqp_bind *b, int gate, seqp_state_spec *spec, size_t *at, seq_error *err);

/* The heads of this lane: columns [k0, k1) of r and k, [v0, v1) of v. */
typedef struct seqp_heads {
	size_t h0, h1, k0, k1, v0, v1;
} seqp_heads;
seqp_heads seqp_wkv_heads(const seqp_wkv *m, const seqp_ctx *ctx);

/* Columns [c0, c1) of W x, [rows][l->out]. */
void seqp_wkv_part(const seqp_ctx *ctx, const seqp_linear *l, const float *x, float *y, size_t c0, size_t c1);
/* r, k, v from inputs of their own; no barrier at the end. */
void seqp_wkv_project(const seqp_wkv *m, const seqp_ctx *ctx, const seqp_heads *own, const float *xr, const float *xk,
                      const float *xv);
/* Output, norm and all, of the operator: inputs in c are given as row wants them. */
void seqp_wkv_mix(const seqp_wkv *m, const seqp_ctx *ctx, seqp_slot *const *state, const seqp_op_row *row, seqp_op_call *c,
                  const seqp_heads *own);
/* k and v of fewer heads, repeated for those of this lane, into to_k and to_v [rows][H K], [rows][H V]; after a barrier. */
void seqp_wkv_repeat(const seqp_wkv *m, const seqp_ctx *ctx, const seqp_heads *own, float *to_k, float *to_v);
/* Columns [own] times the gate, a barrier, the output projection. */
void seqp_wkv_out(const seqp_wkv *m, const seqp_ctx *ctx, const seqp_heads *own, float *y);

static inline float *seqp_wkv_at(const seqp_ctx *ctx, size_t place)
{
	return (float *)(void *)(ctx->shared + place);
}

#endif
