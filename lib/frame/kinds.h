/* SPDX-License-Identifier: MIT */
/* The table of frame kinds: a new kind is a row. */
#ifndef FRAME_KINDS_H
#define FRAME_KINDS_H

#include "seq/frame.h"

typedef struct seqp_kind {
	uint16_t kind;
	const char *name;
	int dtype;            /* the only one allowed, or -1 */
	uint8_t rank_min, rank_max;
	_Bool named;          /* must have a name */
	uint64_t bytes_max;   /* of the raw payload; 0: the limit of all frames */
} seqp_kind;

/* NULL: no such kind. */
const seqp_kind *seqp_kind_get(int kind);

/* The row's rules on dtype, rank, name and size; kinds without a row have none. */
int seqp_kind_check(const seq_frame *f, uint64_t raw, _Bool named, seq_error *err) SEQ_MUST_USE;

/* The row's name, or "kind N" in buf. */
const char *seqp_kind_say(int kind, char buf[24]);

#endif
