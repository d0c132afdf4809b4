/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"

static int map_fd(seqp_map *m, int fd, const char *path, seq_error *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return seqp_fail(err, SEQ_E_IO, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return seqp_fail(err, SEQ_E_IO, "%s: not a regular file", path);
	m->data = NULL;
	m->size = 0;
	if (st.st_size == 0)
		return SEQ_OK;
	if ((uintmax_t)st.st_size > SIZE_MAX)
		return seqp_fail(err, SEQ_E_NOMEM, "%s: too large to map", path);
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return seqp_fail(err, SEQ_E_IO, "%s: cannot map: %s", path, strerror(errno));
	m->data = p;
	m->size = (size_t)st.st_size;
	return SEQ_OK;
}

int seqp_map_open(seqp_map *m, const char *path, seq_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return seqp_fail(err, SEQ_E_IO, "%s: %s", path, strerror(errno));
	int r = map_fd(m, fd, path, err);
	close(fd);
	return r;
}

void seqp_map_close(seqp_map *m)
{
	if (m->data)
		munmap((void *)(uintptr_t)m->data, m->size);
	m->data = NULL;
	m->size = 0;
}
