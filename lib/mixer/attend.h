/* SPDX-License-Identifier: MIT */
/* Attention of a batch over its caches: the part of softmax between the
 * projections.
 *
 * Work is cut in items (sequence, tile of query rows, key/value head).  With items enough each
 * lane takes whole items; with few (a step at depth) lanes share the key blocks of each item, and
 * the blocks' results are merged in order afterwards: the same bits, for a block's result is
 * always made alone (kernel/attn.h). */
#ifndef MIXER_ATTEND_H
#define MIXER_ATTEND_H

#include "kernel/attn.h"
#include "layer/ctx.h"
#include "state/state.h"

typedef struct seqp_attend {
	seqk_attn_shape shape;
	size_t heads, kv_heads;
	int64_t window, chunk;    /* keys seen: the last so many; those since the last multiple; 0: all */
	const float *sink;        /* [heads]: a score that takes its share and gives no value; or NULL */
	const float *slope;       /* [heads]: slope * (key's position - the query's) is added to the score; or NULL */
	/* set by seqp_attend_open */
	size_t group, tile; /* query heads of a key/value head; rows of a tile */
	size_t nq;          /* most queries of an item: tile * group */
	size_t part, total; /* places in the shared scratch */
} seqp_attend;

/* Takes its scratch from *at on of the shared scratch, and of a lane's own. */
void seqp_attend_open(seqp_attend *a, const seqp_bind *b, size_t *at);
/* out [rows][heads * dv] of q [rows][heads * d]; keys and values of all rows are in the caches.  No barrier at the end. */
void seqp_attend_run(const seqp_attend *a, const seqp_ctx *ctx, seqp_slot *const *state, const float *q, float *out);

#endif
