/* SPDX-License-Identifier: MIT */
/* What the kernels of attention share: their room in the scratch. */
#ifndef KERNEL_ATTN_PLACE_H
#define KERNEL_ATTN_PLACE_H

#include "kernel/attn.h"
#include "seq/tensor.h"

enum { SEQP_ATTN_GROUP = 6 }; /* queries that share the loads of a block */

/* The kernels' room in the caller's scratch. */
typedef struct seqp_attn_room {
	float *s;               /* [n][64] scores, then p */
	float *weight;          /* [SEQP_ATTN_GROUP][64] p times scales */
	float *scale;           /* [ceil(dv / 32)][64] of values */
	float *m, *l;           /* [n] of the block */
	float *a1, *a2;         /* [n] factors of the merge */
} seqp_attn_room;

seqp_attn_room seqp_attn_rooms(void *scratch, size_t n, size_t dv);

#endif
