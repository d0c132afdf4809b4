/* SPDX-License-Identifier: MIT */
/* Tokens to vectors: a row of the table, scaled, plus learnt positions. */
#ifndef LAYER_EMBED_H
#define LAYER_EMBED_H

#include "layer/ctx.h"

typedef struct seqp_embed {
	seqp_view table, pos; /* pos.data NULL: none */
	size_t width;
	float scale;          /* 1: none */
} seqp_embed;

/* "embed", "pos_embed", number "embed_scale" of layer -1; vocab rows at least. */
int seqp_embed_open(const seqp_bind *b, int64_t vocab, seqp_embed *e, seq_error *err);
/* x [rows][width] of the batch's tokens, split over lanes; no barrier at the end. */
void seqp_embed_run(const seqp_ctx *ctx, const seqp_embed *e, float *x);

#endif
