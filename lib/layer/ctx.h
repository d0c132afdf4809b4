/* SPDX-License-Identifier: MIT */
/* What every layer and mixer is handed: the batch, the lane, scratch. */
#ifndef LAYER_CTX_H
#define LAYER_CTX_H

#include "base/mem.h"
#include "base/team.h"
#include "seq/error.h"
#include "tensor/view.h"

/* A ragged batch: rows [first[i], first[i + 1]) are consecutive tokens of
 * sequence i, the first of them at position pos[i]. */
typedef struct seqp_batch {
	size_t nseq, rows;
	const size_t *first;  /* [nseq + 1] */
	const int64_t *pos;   /* [nseq] */
} seqp_batch;

typedef struct seqp_ctx {
	seqp_lane lane;
	const seqp_batch *batch;
	char *shared;          /* scratch of the whole team, ctx->shared_bytes */
	char *own;             /* scratch of this lane */
} seqp_ctx;

/* How a layer finds its weights and numbers at open. */
typedef struct seqp_bind {
	const void *from;
	const seqp_view *(*weight)(const void *from, int64_t layer, const char *role);
	double (*number)(const void *from, int64_t layer, const char *key, double dflt);
	int64_t layer;
	const char *role;      /* prefix: "attn" */
	int64_t width;         /* hidden size */
	int64_t ctx_len;       /* context asked for; 0: the model's own (freezes dynamic rope) */
	size_t max_rows;       /* most rows in a batch */
	size_t max_seqs;       /* most sequences in a batch */
	int lanes;
	int exact;             /* 1: --act f32 */
	int kv_dtype;          /* F16 unless asked otherwise */
	seqp_arena *arena;
	size_t *shared_bytes, *own_bytes; /* raised to what this layer needs */
} seqp_bind;

#endif
