/* SPDX-License-Identifier: MIT */
/* Outside bytes as a stream: once as they are, once with the checksums made right, so that
 * damage gets past them.  What the reader hands out, the writer must take. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/endian.h"
#include "base/hash.h"
#include "frame/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(int truth)
{
	if (!truth)
		abort();
}

/* A file without a name with these bytes, at its start; a pipe when it is small and odd. */
static int open_bytes(const uint8_t *p, size_t n)
{
	int fd[2];
	if (n % 2 && n < 60000) {
		hold(pipe(fd) == 0 && write(fd[1], p, n) == (ssize_t)n);
		close(fd[1]);
		return fd[0];
	}
	fd[0] = memfd_create("fuzz", 0);
	hold(fd[0] >= 0 && write(fd[0], p, n) == (ssize_t)n && lseek(fd[0], 0, SEEK_SET) == 0);
	return fd[0];
}

static void read_all(const uint8_t *p, size_t n, int coded)
{
	seq_error err = {0};
	seq_reader *r = NULL;
	seq_writer *w = NULL;
	seq_frame f;
	int e, null = memfd_create("out", 0);
	hold(null >= 0 && seq_reader_open(&r, open_bytes(p, n), 1, "fuzz", &err) == 0);
	if (coded)
		seq_reader_coded(r);
	hold(seq_writer_open(&w, null, &(seq_writer_opts){.own = 1, .codec = SEQ_CODEC_SPLIT_ZSTD}, &err) == 0);
	while ((e = seq_reader_next(r, &f, &err)) > 0)
		if (!coded)
			hold(seq_writer_put(w, &f, &err) == 0);
	hold(e == 0 || (e == err.code && err.text[0] && !strchr(err.text, '\n')));
	hold(seq_writer_close(w, &err) == 0);
	seq_reader_close(r);
}

/* Sets the checksums of everything that looks like a frame. */
static void repair(uint8_t *p, size_t n)
{
	for (size_t at = 0; at + SEQP_HEAD <= n; at += SEQP_HEAD) {
		if (memcmp(p + at, "\x89SEQ", 4))
			continue;
		uint64_t body = seqp_get64(p + at + 36) + (p[at + 7] & SEQP_RANK_NAMED ? SEQP_HEAD : 0);
		if (body <= n - at - SEQP_HEAD)
			seqp_put64(p + at + 52, seqp_hash64(p + at + SEQP_HEAD, (size_t)body));
		seqp_put32(p + at + 60, (uint32_t)seqp_hash64(p + at, 60));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = calloc(size ? size : 1, 1);
	if (!p)
		return 0;
	if (size)
		memcpy(p, data, size);
	read_all(p, size, 0);
	read_all(p, size, 1);
	repair(p, size);
	read_all(p, size, 0);
	free(p);
	return 0;
}
