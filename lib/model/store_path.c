/* SPDX-License-Identifier: MIT */
/* From a path to the files of a model. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fail.h"
#include "model/store.h"

static int open_gguf(seqp_store *s, const char *path, seq_error *err)
{
	s->map = calloc(1, sizeof *s->map);
	if (!s->map)
		return seqp_nomem(err, sizeof *s->map);
	int e = seqp_map_open(s->map, path, err);
	if (e < 0)
		return e;
	s->maps = 1;
	return seqp_store_gguf(s, s->map->data, s->map->size, err);
}

int seqp_store_open(seqp_store *s, const char *path, seq_error *err)
{
	struct stat st;
	memset(s, 0, sizeof *s);
	if (stat(path, &st) < 0)
		return seqp_fail(err, SEQ_E_IO, "%s", strerror(errno));
	int e = open_gguf(s, path, err);
	if (e < 0)
		seqp_store_close(s);
	return e;
}
