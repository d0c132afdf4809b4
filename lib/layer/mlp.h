/* SPDX-License-Identifier: MIT */
/* The feed-forward layers: a table of kinds. */
#ifndef LAYER_MLP_H
#define LAYER_MLP_H

#include "layer/ctx.h"

typedef struct seqp_mlp_row {
	const char *name;  /* "gated" */
	const char *about; /* one line for the manual */
	/* Weights and numbers below bind->role; *self lives in bind's arena. */
	int (*open)(void **self, const seqp_bind *b, seq_error *err);
	/* y = mlp(x), [rows][in] to [rows][width], y may be x.  Every lane calls it, x complete; on return the lane's own
	 * columns of y (seqp_linear_columns) are written; no barrier at the end, one at least before y. */
	void (*run)(const void *self, const seqp_ctx *ctx, const float *x, float *y);
} seqp_mlp_row;

const seqp_mlp_row *seqp_mlp_find(const char *name); /* NULL: none */
const seqp_mlp_row *seqp_mlp_at(size_t i);           /* NULL past the last */

extern const seqp_mlp_row seqp_mlp_moe, seqp_mlp_altup_in, seqp_mlp_altup_predict, seqp_mlp_altup_correct, seqp_mlp_altup_out;

typedef struct seqp_mlp {
	const seqp_mlp_row *kind;
	void *self;
} seqp_mlp;

int seqp_mlp_open(const seqp_bind *b, const char *kind, seqp_mlp *m, seq_error *err);

static inline void seqp_mlp_run(const seqp_ctx *ctx, const seqp_mlp *m, const float *x, float *y)
{
	m->kind->run(m->self, ctx, x, y);
}

#endif
