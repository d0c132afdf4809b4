/* SPDX-License-Identifier: MIT */
/* What every layer and mixer is handed: at open a bind, in a run the batch, the
 * lane and scratch.
 *
 * A run is one function on all lanes of a team (SPMD).  Lanes split outputs, never sums,
 * and meet at barriers: whoever reads what other lanes wrote has a barrier before it.
 * Every layer function below says whether it ends with one. */
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
	const size_t *first;     /* [nseq + 1] */
	const int64_t *pos;      /* [nseq] */
	const int64_t *row_pos;  /* [rows] position of each row */
	const size_t *row_seq;   /* [rows] its sequence */
	const int32_t *token;    /* [rows] */
} seqp_batch;

/* cos and sin of one rope for every row of the batch. */
typedef struct seqp_rope_table {
	float *cos, *sin; /* [rows][pairs] */
} seqp_rope_table;

typedef struct seqp_ctx {
	seqp_lane lane;
	const seqp_batch *batch;
	const seqp_rope_table *rope; /* by the index seqp_rope_open gave */
	char *act;    /* quantised activations, for seqp_linear_* alone */
	char *shared; /* scratch of the whole team, bind->shared_bytes */
	char *own;    /* scratch of this lane, bind->own_bytes */
	float *carry; /* [rows][needs->carry]: what layers leave for later layers in the same pass */
} seqp_ctx;

struct seqp_rope_set;
struct seqp_state_spec;
struct seqp_tally;

/* What the layers ask of the arenas; only ever raised. */
typedef struct seqp_needs {
	size_t shared, own; /* bytes */
	size_t act_cols;    /* widest input of a linear layer */
	size_t carry;       /* floats a row */
} seqp_needs;

/* How a layer finds its weights and numbers at open. */
typedef struct seqp_bind {
	const void *from;
	const seqp_view *(*weight)(const void *from, int64_t layer, const char *role);
	double (*number)(const void *from, int64_t layer, const char *key, double dflt);
	int64_t layer;
	const char *role;  /* prefix: "attn" */
	int64_t width;     /* hidden size */
	int64_t in;        /* of the input: width, or more behind a CAT */
	int64_t context;   /* context asked for; 0: the model's own (freezes dynamic rope) */
	size_t max_rows;   /* most rows in a batch */
	int lanes;
	int exact;         /* 1: f32 activations whatever the weights */
	int kv_dtype;
	seqp_arena *arena;
	struct seqp_rope_set *ropes;
	seqp_needs *needs;
	const struct seqp_state_spec *lender; /* of the layer whose keys and values are read; NULL: its own */
	struct seqp_tally **tallies; /* where linear layers put theirs; NULL: none are wanted */
} seqp_bind;

/* This lane's share of a [rows][width] array without gaps. */
void seqp_ctx_flat(const seqp_ctx *ctx, size_t width, size_t *begin, size_t *end);
/* This lane's share of the rows. */
void seqp_ctx_rows(const seqp_ctx *ctx, size_t *begin, size_t *end);

/* A bump cursor over scratch: the place of count floats, 64-byte aligned. */
size_t seqp_place(size_t *at, size_t count, size_t size);

static inline void seqp_raise(size_t *n, size_t to)
{
	if (*n < to)
		*n = to;
}

#endif
