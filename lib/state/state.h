/* SPDX-License-Identifier: MIT */
/* What remains of a sequence: per layer a slot of arrays, declared by the mixer.
 *
 * Two sorts of array:
 *  fixed  `count` floats (recurrent state, convolution history), f32;
 *  kv     keys and values by blocks of 64 positions (kernel/attn.h), growing;
 *         with a window, blocks no query can see any more are given back. */
#ifndef STATE_STATE_H
#define STATE_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "seq/error.h"

enum { SEQP_SLOT_FIXED = 4 };

typedef struct seqp_fixed_spec {
	const char *name; /* "conv", "ssm": goes into error sentences */
	size_t dim[3];    /* outermost first, unused 1; the shape in the stream */
	float start;      /* every element of an empty sequence */
} seqp_fixed_spec;

typedef struct seqp_state_spec {
	size_t nfixed;
	seqp_fixed_spec fixed[SEQP_SLOT_FIXED];
	/* kv: heads == 0 means none */
	size_t heads, d, dv;
	int64_t window; /* 0: all */
	int dtype;      /* of the cache */
	int rope;       /* 0: keys are not rotated, 1: rotated by absolute position */
} seqp_state_spec;

typedef struct seqp_kv {
	int64_t first;    /* number of the first block held */
	size_t nblocks;   /* blocks held */
	char **block;     /* [nblocks]: [heads] keys, then [heads] values */
	size_t cap;
} seqp_kv;

typedef struct seqp_slot {
	const seqp_state_spec *spec;
	float *fixed[SEQP_SLOT_FIXED];
	seqp_kv kv;
} seqp_slot;

/* Keys (values) of one head in block b (absolute number; must be held). */
void *seqp_kv_keys(const seqp_slot *s, int64_t b, size_t head);
void *seqp_kv_values(const seqp_slot *s, int64_t b, size_t head);

#endif
