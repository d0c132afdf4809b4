/* SPDX-License-Identifier: MIT */
/* What a begin frame says, as bytes and merged over the parts of a stream. */
#ifndef FRAME_ORIGIN_H
#define FRAME_ORIGIN_H

#include "frame/head.h"

enum {
	SEQP_MODEL_MAX = 4096, /* bytes of the path hint with its NUL */
	SEQP_LINES_MAX = 256,  /* of provenance */
	SEQP_FINGERPRINT = 16
};

typedef struct seqp_origin {
	seq_origin pub;              /* points into the rest */
	char model[SEQP_MODEL_MAX];
	char lines[SEQP_BEGIN_MAX];  /* NUL-terminated, each line with its newline */
	size_t used;                 /* bytes of lines */
} seqp_origin;

/* Packs o into out (SEQP_BEGIN_MAX bytes) and returns the length.  Too many lines: the
 * oldest are left out. Control characters become '?'.  SEQ_E_ARG: the path is too long. */
int64_t seqp_origin_pack(uint8_t *out, const seq_origin *o, seq_error *err) SEQ_MUST_USE;

/* Takes in the begin payload of one more part. */
int seqp_origin_merge(seqp_origin *into, const uint8_t *payload, size_t n, seq_error *err) SEQ_MUST_USE;

#endif
