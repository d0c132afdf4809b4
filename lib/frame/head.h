/* SPDX-License-Identifier: MIT */
/* The 64 bytes before a payload, and the limits of the format; see seq-stream(5). */
#ifndef FRAME_HEAD_H
#define FRAME_HEAD_H

#include <stdbool.h>

#include "seq/frame.h"

enum {
	SEQP_HEAD = 64,            /* bytes of a header; every part of a frame is a multiple */
	SEQP_VERSION = 1,
	SEQP_RANK_NAMED = 0x10,    /* in the rank byte: a name block follows the header */
	SEQP_SEQ_LIMIT = 1 << 24,  /* sequence ids are below */
	SEQP_LAYER_LIMIT = 1 << 16,
	SEQP_BEGIN_MAX = 1 << 16,  /* bytes of a begin payload */
	SEQP_NOTE_MAX = 1 << 20    /* bytes of a note */
};
#define SEQP_FRAME_MAX ((uint64_t)1 << 40) /* bytes of a payload, raw or stored */

typedef struct seqp_head {
	seq_frame f;      /* all but name, payload and bytes */
	bool named;
	uint64_t stored;  /* bytes of the payload in the stream */
	uint64_t raw;     /* bytes of the payload when decoded */
	uint64_t check;   /* XXH64 of name block and stored payload */
} seqp_head;

/* Bytes from the header to the next header. */
uint64_t seqp_head_span(const seqp_head *h);

void seqp_head_put(uint8_t out[SEQP_HEAD], const seqp_head *h);

/* Parses and checks everything that can be checked without the payload. */
int seqp_head_get(seqp_head *h, const uint8_t in[SEQP_HEAD], seq_error *err) SEQ_MUST_USE;

/* The same checks on a frame about to be written; fills raw and named. */
int seqp_head_from(seqp_head *h, const seq_frame *f, seq_error *err) SEQ_MUST_USE;

/* A name: 1 to SEQ_NAME_MAX bytes, no control characters, zeros after it. */
int seqp_name_get(char name[SEQ_NAME_MAX + 1], const uint8_t block[SEQP_HEAD], seq_error *err) SEQ_MUST_USE;

#endif
