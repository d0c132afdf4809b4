/* SPDX-License-Identifier: MIT */
/* What goes into a linear layer, column by column: sums of squares over all rows it was given.
 *
 * One lane adds the rows in their order, in double: the same sums on any number of threads. */
#ifndef LAYER_TALLY_INPUTS_H
#define LAYER_TALLY_INPUTS_H

#include "kernel/matmul.h"
#include "layer/ctx.h"

typedef struct seqp_tally {
	struct seqp_tally *next;
	int64_t layer;    /* -1: of the model */
	const char *role; /* of the weight: "attn.q" */
	size_t cols;
	uint64_t rows;
	double *sum;      /* [cols] */
} seqp_tally;

/* A new one in front of *b->tallies; memory is the arena's. */
int seqp_tally_new(const seqp_bind *b, const char *role, size_t cols, seqp_tally **out, seq_error *err);
void seqp_tally_add(seqp_tally *t, const seqk_act *a);

#endif
