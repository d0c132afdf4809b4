/* SPDX-License-Identifier: MIT */
/* y = s * W x + adapter(x) + b on all lanes.
 *
 * The input is quantised once (kernel/matmul.h) for all projections that read
 * it; lanes split the output rows. */
#ifndef LAYER_LINEAR_H
#define LAYER_LINEAR_H

#include "kernel/matmul.h"
#include "layer/ctx.h"

/* Up to this many rows every lane norms and quantises for itself: cheaper than to wait. */
enum { SEQP_OWN_ROWS = 4 };

typedef struct seqp_linear {
	seqp_view w;       /* data NULL: absent */
	const float *b;    /* or NULL */
	const float *s;    /* factors of the outputs before the rest, or NULL */
	struct seqp_adapter *adapter; /* or NULL */
	size_t in, out;
	int q;             /* wants 8-bit activations */
	struct seqp_tally *tally; /* of its inputs, or NULL */
} seqp_linear;

/* Weight "ROLE.name" [out][in], bias "ROLE.name.b", factors "ROLE.name.s" and an adapter (adapter.h); name "":
 * "ROLE", "ROLE.b", "ROLE.s", ...  Absent and not needed: w.data NULL. */
int seqp_linear_open(const seqp_bind *b, const char *name, int64_t out, int64_t in, int needed, seqp_linear *l,
                     seq_error *err);
/* Scratch that seqp_linear asks of the team and of a lane. */
size_t seqp_linear_act_bytes(size_t rows, size_t cols);
size_t seqp_linear_own_bytes(size_t cols);

/* Where the activations of rows of k floats lie from mem on (seqp_linear_act_bytes); x is the caller's to set. */
void seqp_linear_act_place(seqk_act *a, char *mem, size_t rows, size_t k);
/* Rows [first, first + n) of a. */
seqk_act seqp_linear_act_rows(const seqk_act *a, size_t first, size_t n);
/* Makes the activations of x [rows][ldx] known to every lane.  x must be complete before; no barrier is
 * needed after.  quantise: some layer that reads them has q set. */
void seqp_linear_act(const seqp_ctx *ctx, seqk_act *a, const float *x, size_t ldx, size_t rows, size_t k, int quantise);
/* Before the activations of another input, for l, are made: waits until no lane reads the last ones. */
void seqp_linear_next(const seqp_ctx *ctx, const seqp_linear *l);
/* Outputs [r0, r1) by the calling lane; no barrier. */
void seqp_linear_part(const seqp_ctx *ctx, const seqp_linear *l, const seqk_act *a, float *y, size_t ldy, size_t r0,
                      size_t r1);
/* This lane's share of all outputs, cut as seqp_linear_columns does; no barrier. */
void seqp_linear_share(const seqp_ctx *ctx, const seqp_linear *l, const seqk_act *a, float *y, size_t ldy);
void seqp_linear_columns(const seqp_lane *lane, size_t out, size_t *begin, size_t *end);
/* A block-diagonal matrix kept as its blocks below each other: outputs [r0, r1), size a block, of block h from the inputs
 * at x + h * step.  l must not want 8-bit activations, unless there is one block; no barrier. */
void seqp_linear_blocks(const seqp_ctx *ctx, const seqp_linear *l, const float *x, size_t ldx, size_t step, float *y, size_t ldy,
                        size_t size, size_t r0, size_t r1);
/* All of it for one layer: act and share; no barrier at the end. */
void seqp_linear_run(const seqp_ctx *ctx, const seqp_linear *l, const float *x, size_t ldx, float *y, size_t ldy,
                     size_t rows);

#endif
