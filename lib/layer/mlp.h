/* SPDX-License-Identifier: MIT */
/* The feed-forward layers: a table of kinds, a table of activations. */
#ifndef LAYER_MLP_H
#define LAYER_MLP_H

#include "layer/ctx.h"
#include "layer/linear.h"

typedef struct seqp_mlp seqp_mlp;

typedef struct seqp_mlp_row {
	const char *name;  /* "gated" */
	const char *about;
	int (*open)(seqp_mlp *m, const seqp_bind *b, int64_t inner, seq_error *err);
	/* Writes this lane's part [r0, r1) of the inner vector of every row. */
	void (*inner)(const seqp_mlp *m, const seqp_ctx *ctx, const seqk_act *a, float *h, float *tmp, size_t r0, size_t r1);
} seqp_mlp_row;

const seqp_mlp_row *seqp_mlp_find(const char *name);
const seqp_mlp_row *seqp_mlp_at(size_t i);

struct seqp_mlp {
	const seqp_mlp_row *kind;
	void (*act)(float *y, const float *x, size_t n);
	seqp_linear gate, up, down;
	size_t inner, h, tmp; /* width; places in the shared scratch */
};

/* Activation of number "ROLE.act", or NULL: silu, gelu_tanh, gelu_erf, relu, relu2. */
typedef void (*seqp_act_fn)(float *y, const float *x, size_t n);
seqp_act_fn seqp_act_find(int number);
const char *seqp_act_name(int number);

int seqp_mlp_open(const seqp_bind *b, const char *kind, seqp_mlp *m, seq_error *err);
/* y = mlp(x), [rows][width] both, y may be x.  This lane's columns of y (seqp_linear_columns); no barrier at the end. */
void seqp_mlp_run(const seqp_ctx *ctx, const seqp_mlp *m, const float *x, float *y);

#endif
