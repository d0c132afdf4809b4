/* SPDX-License-Identifier: MIT */
#include "frame/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fail.h"

void seqp_pipe_widen(int fd)
{
#ifdef F_SETPIPE_SZ
	struct stat st;
	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && fcntl(fd, F_SETPIPE_SZ, 1 << 20) < 0)
		errno = 0;
#else
	(void)fd;
#endif
}

int seqp_sink_open(seqp_sink *s, int fd, seq_error *err)
{
	s->fd = fd;
	s->used = 0;
	s->buf = malloc(SEQP_SINK_BUFFER);
	if (!s->buf)
		return seqp_nomem(err, SEQP_SINK_BUFFER);
	seqp_pipe_widen(fd);
	return SEQ_OK;
}

/* Drops the first n bytes of the vector. */
static void advance(struct iovec **v, int *n, size_t bytes)
{
	while (*n && bytes >= (*v)->iov_len) {
		bytes -= (*v)->iov_len;
		(*v)++;
		(*n)--;
	}
	if (*n) {
		(*v)->iov_base = (char *)(*v)->iov_base + bytes;
		(*v)->iov_len -= bytes;
	}
}

static int write_all(int fd, struct iovec *v, int n, seq_error *err)
{
	advance(&v, &n, 0);
	while (n) {
		ssize_t w = writev(fd, v, n);
		if (w >= 0)
			advance(&v, &n, (size_t)w);
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
		else if (errno != EINTR)
			return seqp_fail(err, SEQ_E_IO, "cannot write: %s", strerror(errno));
	}
	return SEQ_OK;
}

int seqp_sink_flush(seqp_sink *s, seq_error *err)
{
	struct iovec v = {s->buf, s->used};
	int r = write_all(s->fd, &v, 1, err);
	s->used = 0;
	return r;
}

static int put_straight(seqp_sink *s, const seqp_piece *piece, size_t n, seq_error *err)
{
	struct iovec v[1 + SEQP_PIECES] = {{s->buf, s->used}};
	for (size_t i = 0; i < n; i++)
		v[i + 1] = (struct iovec){(void *)(uintptr_t)piece[i].data, piece[i].bytes};
	s->used = 0;
	return write_all(s->fd, v, (int)n + 1, err);
}

int seqp_sink_put(seqp_sink *s, const seqp_piece *piece, size_t n, seq_error *err)
{
	size_t room = SEQP_SINK_BUFFER - s->used;
	for (size_t i = 0; i < n; i++) {
		if (piece[i].bytes > room)
			return put_straight(s, piece, n, err);
		room -= piece[i].bytes;
	}
	for (size_t i = 0; i < n; i++) {
		if (piece[i].bytes)
			memcpy(s->buf + s->used, piece[i].data, piece[i].bytes);
		s->used += piece[i].bytes;
	}
	return SEQ_OK;
}

void seqp_sink_free(seqp_sink *s)
{
	free(s->buf);
	s->buf = NULL;
}
