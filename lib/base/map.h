/* SPDX-License-Identifier: MIT */
/* A whole file mapped read-only. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>

#include "seq/error.h"

typedef struct seqp_map {
	const unsigned char *data; /* page aligned; NULL for an empty file */
	size_t size;
} seqp_map;

/* Maps a regular file.  The sentence in err names the path. */
int seqp_map_open(seqp_map *m, const char *path, seq_error *err) SEQ_MUST_USE;
void seqp_map_close(seqp_map *m);

#endif
