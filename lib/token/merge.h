/* SPDX-License-Identifier: MIT */
/* Merging the symbols of one word: the lowest rank first, the leftmost among equals, until
 * no neighbours merge.  Quadratic for a handful of symbols, a heap above: O(n log n). */
#ifndef TOKEN_MERGE_H
#define TOKEN_MERGE_H

#include "token/lookup.h"

typedef struct seqp_merger {
	int32_t *id;   /* symbols; negative: merges with nothing */
	uint32_t *at;  /* where each begins in the word; at[n] is the word's length */
	uint32_t *rank, *next, *prev;
	int32_t *to;
	uint64_t *heap;
	size_t cap, heaped;
	uint64_t work; /* steps taken, for the test that time is linear */
} seqp_merger;

/* Room for n symbols; false when memory cannot be had. */
bool seqp_merger_room(seqp_merger *m, size_t n);
void seqp_merger_free(seqp_merger *m);

/* Merges id[0..n); the symbols left stand in id[] and at[]; their number. */
size_t seqp_merge(const seqp_pairs *t, seqp_merger *m, size_t n);

#endif
