/* SPDX-License-Identifier: MIT */
/* A feed-forward layer that every token goes through: down(act(gate x) * up x), or down(act(up x)). */
#ifndef LAYER_DENSE_H
#define LAYER_DENSE_H

#include "layer/act.h"
#include "layer/linear.h"

typedef struct seqp_dense {
	seqp_act act;
	seqp_linear gate, up, down; /* gate.w.data NULL: none */
	const float *norm;          /* rms before down, or NULL */
	float eps;
	int sparse;                 /* gates below mean + cut * deviation of their row are 0 before act */
	float cut;
	size_t h, tmp;              /* places in the shared scratch */
} seqp_dense;

/* Weights "ROLE.up", "ROLE.down", "ROLE.norm.w" and, if it is gated, "ROLE.gate".  Number "ROLE.sparse": the share of
 * gates, were they normally distributed, that is cut.  Takes its scratch from *at on. */
int seqp_dense_open(const seqp_bind *b, int gated, seqp_dense *m, size_t *at, seq_error *err);
/* The inner vector of x [rows][in], this lane's part; no barrier at the end. */
void seqp_dense_inner(const seqp_ctx *ctx, const seqp_dense *m, const float *x);
/* The rest, after a barrier: this lane's columns of y [rows][out]; no barrier at the end. */
void seqp_dense_outer(const seqp_ctx *ctx, const seqp_dense *m, float *y);

#endif
