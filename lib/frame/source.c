/* SPDX-License-Identifier: MIT */
#include "frame/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "frame/sink.h"

enum {
	FIRST = 256 * 1024, /* of the buffer */
	AHEAD = 64 * 1024   /* read beyond what is asked for: bounds what is moved later */
};

/* A regular file read from a 64-byte boundary; else it is read like a pipe. */
static void try_map(seqp_source *s)
{
	struct stat st;
	off_t at;
	if (fstat(s->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || (uintmax_t)st.st_size > SIZE_MAX / 2)
		return;
	at = lseek(s->fd, 0, SEEK_CUR);
	if (at < 0 || at % 64 || at >= st.st_size)
		return;
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, s->fd, 0);
	if (p == MAP_FAILED)
		return;
	madvise(p, (size_t)st.st_size, MADV_SEQUENTIAL);
	s->data = p;
	s->len = (size_t)st.st_size;
	s->pos = (size_t)at;
	s->mapped = s->eof = 1;
}

int seqp_source_open(seqp_source *s, int fd, int own, seq_error *err)
{
	memset(s, 0, sizeof *s);
	s->fd = fd;
	s->own = own;
	try_map(s);
	if (s->mapped)
		return SEQ_OK;
	seqp_pipe_widen(fd);
	if (!seqp_pages_grow(&s->buf, FIRST))
		return seqp_nomem(err, FIRST);
	s->data = s->buf.data;
	return SEQ_OK;
}

/* Moves what is at hand to the front, then doubles the buffer once it is full:
 * memory follows the bytes that came, not the length that was promised. */
static int make_room(seqp_source *s, seq_error *err)
{
	if (s->pos) {
		memmove(s->buf.data, s->buf.data + s->pos, s->len - s->pos);
		s->len -= s->pos;
		s->pos = 0;
	}
	if (s->len < s->buf.cap)
		return SEQ_OK;
	if (!seqp_pages_grow(&s->buf, 2 * s->buf.cap))
		return seqp_nomem(err, 2 * s->buf.cap);
	s->data = s->buf.data;
	return SEQ_OK;
}

static int read_some(seqp_source *s, size_t want, seq_error *err)
{
	size_t room = s->buf.cap - s->len;
	ssize_t n;
	while ((n = read(s->fd, s->buf.data + s->len, want < room ? want : room)) < 0) {
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			poll(&(struct pollfd){.fd = s->fd, .events = POLLIN}, 1, -1);
		else if (errno != EINTR)
			return seqp_fail(err, SEQ_E_IO, "cannot read: %s", strerror(errno));
	}
	s->eof = n == 0;
	s->len += (size_t)n;
	return SEQ_OK;
}

int seqp_source_need(seqp_source *s, size_t n, seq_error *err)
{
	while (s->len - s->pos < n) {
		if (s->eof)
			return 0;
		size_t lack = n - (s->len - s->pos);
		int r = SEQ_OK;
		if (s->len == s->pos || s->buf.cap - s->len < lack)
			r = make_room(s, err);
		if (r == SEQ_OK)
			r = read_some(s, lack < SIZE_MAX - AHEAD ? lack + AHEAD : lack, err);
		if (r < 0)
			return r;
	}
	return 1;
}

void seqp_source_skip(seqp_source *s, size_t n)
{
	s->pos += n;
}

void seqp_source_close(seqp_source *s)
{
	if (s->mapped) {
		munmap((void *)(uintptr_t)s->data, s->len);
		if (!s->own && lseek(s->fd, (off_t)s->pos, SEEK_SET) < 0)
			errno = 0; /* good manners only: the next reader of the descriptor goes on here */
	}
	seqp_pages_free(&s->buf);
	if (s->own)
		close(s->fd);
}
