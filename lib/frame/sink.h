/* SPDX-License-Identifier: MIT */
/* Where a writer's bytes go: small ones through a buffer, big ones straight. */
#ifndef FRAME_SINK_H
#define FRAME_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "seq/error.h"

enum { SEQP_SINK_BUFFER = 64 * 1024 };

typedef struct seqp_sink {
	int fd;
	size_t used;
	uint8_t *buf; /* SEQP_SINK_BUFFER bytes */
} seqp_sink;

typedef struct seqp_piece {
	const void *data;
	size_t bytes;
} seqp_piece;

enum { SEQP_PIECES = 4 };

int seqp_sink_open(seqp_sink *s, int fd, seq_error *err) SEQ_MUST_USE;
/* n <= SEQP_PIECES pieces, one after another. */
int seqp_sink_put(seqp_sink *s, const seqp_piece *piece, size_t n, seq_error *err) SEQ_MUST_USE;
int seqp_sink_flush(seqp_sink *s, seq_error *err) SEQ_MUST_USE;
void seqp_sink_free(seqp_sink *s);

/* Asks for a large pipe; not getting it is no error. */
void seqp_pipe_widen(int fd);

#endif
