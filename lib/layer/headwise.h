/* SPDX-License-Identifier: MIT */
/* A matrix of its own for every head: y[h] = W[h] x[h]. */
#ifndef LAYER_HEADWISE_H
#define LAYER_HEADWISE_H

#include "layer/linear.h"

typedef struct seqp_headwise {
	seqp_view w; /* head h: rows [h * step, h * step + out) */
	int64_t step;
	size_t heads, in, out; /* set before opening */
	int q;       /* wants 8-bit activations */
	size_t act;  /* place in the shared scratch */
} seqp_headwise;

/* heads matrices [out][in] in w, of step rows each with `first` rows before each of them.  Scratch from *at on. */
int seqp_headwise_open(const seqp_bind *b, const char *name, seqp_view w, int64_t first, int64_t step, seqp_headwise *l,
                       size_t *at, seq_error *err);
/* x: head h of row r begins at x + r * ldx + h * xstep; y alike.  x complete before; this lane's part of all outputs;
 * no barrier at the end. */
void seqp_headwise_run(const seqp_ctx *ctx, const seqp_headwise *l, const float *x, size_t ldx, size_t xstep, float *y,
                       size_t ldy, size_t ystep);

#endif
