/* SPDX-License-Identifier: MIT */
/* Streams in memory for the tests of frame: written to a file without a name. */
#ifndef FRAME_BOX_H
#define FRAME_BOX_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "seq/frame.h"

/* A sanitizer maps terabytes: no limit on addresses then. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BOX_SANITIZED 1
#endif
#endif
#ifndef BOX_SANITIZED
#define BOX_SANITIZED 0
#endif

/* An empty file; the caller closes it. */
static inline int box_file(void)
{
	int fd = memfd_create("box", 0);
	if (fd < 0)
		abort();
	return fd;
}

static inline int box_of(const void *data, size_t n)
{
	int fd = box_file();
	if (write(fd, data, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

/* All bytes of a file, from its start; the caller frees them. */
static inline uint8_t *box_bytes(int fd, size_t *n)
{
	off_t end = lseek(fd, 0, SEEK_END);
	uint8_t *p = malloc((size_t)end + 1);
	if (!p || pread(fd, p, (size_t)end, 0) != end)
		abort();
	*n = (size_t)end;
	return p;
}

/* A pipe fed by a child with the bytes, in small pieces when piece is not 0. */
static inline int box_pipe(const uint8_t *data, size_t n, size_t piece)
{
	int p[2];
	if (pipe(p) < 0)
		abort();
	if (piece == 0 && n <= 4096 * 15) { /* fits in the pipe */
		if (write(p[1], data, n) != (ssize_t)n)
			abort();
	} else if (fork() == 0) {
		close(p[0]);
		for (size_t at = 0, k; at < n; at += k) {
			k = piece && piece < n - at ? piece : n - at;
			ssize_t w = write(p[1], data + at, k);
			if (w < 0)
				break;
			k = (size_t)w;
		}
		_exit(0);
	}
	close(p[1]);
	return p[0];
}

/* Reads to the end or the first error; frames counts what was handed out. */
static inline int box_drain(int fd, int *frames, seq_error *err)
{
	seq_reader *r;
	seq_frame f;
	*frames = 0;
	int e = seq_reader_open(&r, fd, 1, "box", err);
	if (e < 0)
		return e;
	while ((e = seq_reader_next(r, &f, err)) > 0)
		++*frames;
	seq_reader_close(r);
	return e;
}

#endif
