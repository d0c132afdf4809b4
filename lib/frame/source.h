/* SPDX-License-Identifier: MIT */
/* Where a reader's bytes come from: a mapped file, or a descriptor read into a
 * buffer that grows as bytes arrive.  The bytes at hand are contiguous and start
 * 64-byte aligned as long as skips are multiples of 64. */
#ifndef FRAME_SOURCE_H
#define FRAME_SOURCE_H

#include "frame/pages.h"
#include "seq/error.h"

typedef struct seqp_source {
	int fd, own;
	_Bool mapped, eof;
	const uint8_t *data;
	size_t pos, len; /* bytes at hand: data[pos .. len) */
	seqp_pages buf;
} seqp_source;

int seqp_source_open(seqp_source *s, int fd, int own, seq_error *err) SEQ_MUST_USE;

/* Makes n bytes at hand: 1; 0 when the input ends before. */
int seqp_source_need(seqp_source *s, size_t n, seq_error *err) SEQ_MUST_USE;

static inline const uint8_t *seqp_source_at(const seqp_source *s)
{
	return s->data + s->pos;
}

static inline size_t seqp_source_have(const seqp_source *s)
{
	return s->len - s->pos;
}

/* n bytes at hand are done with; pointers live until the next need. */
void seqp_source_skip(seqp_source *s, size_t n);
void seqp_source_close(seqp_source *s);

#endif
