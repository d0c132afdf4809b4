/* SPDX-License-Identifier: MIT */
/* A preload that fails the n-th call of one kind: FAIL_WHAT = malloc, read or write; FAIL_AT = n (from 1).
 * FAIL_HITS names a file to which a byte is appended when the failure happened, so that the caller knows when n is
 * past the last call.  A failing read or write gives EIO; a failing malloc, calloc, realloc or mmap of memory gives ENOMEM. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NOTHING, MALLOC, READ, WRITE };

static int what;
static long at, calls;
static int inside;

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static int (*real_memalign)(void **, size_t, size_t);
static void *(*real_aligned)(size_t, size_t);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);
static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static size_t early_used;
static char early[4096] __attribute__((aligned(16)));

static void *find(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void start(void)
{
	const char *w = getenv("FAIL_WHAT"), *n = getenv("FAIL_AT");
	inside = 1;
	real_malloc = (void *(*)(size_t))find("malloc");
	real_calloc = (void *(*)(size_t, size_t))find("calloc");
	real_realloc = (void *(*)(void *, size_t))find("realloc");
	real_memalign = (int (*)(void **, size_t, size_t))find("posix_memalign");
	real_aligned = (void *(*)(size_t, size_t))find("aligned_alloc");
	real_mmap = (void *(*)(void *, size_t, int, int, int, off_t))find("mmap");
	real_read = (ssize_t (*)(int, void *, size_t))find("read");
	real_write = (ssize_t (*)(int, const void *, size_t))find("write");
	real_writev = (ssize_t (*)(int, const struct iovec *, int))find("writev");
	inside = 0;
	at = n ? atol(n) : 0;
	what = !w ? NOTHING : !strcmp(w, "malloc") ? MALLOC : !strcmp(w, "read") ? READ : !strcmp(w, "write") ? WRITE : NOTHING;
}

/* Is this the call that has to fail? */
static int hit(int kind)
{
	const char *file;
	if (what != kind || inside || __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) != at)
		return 0;
	file = getenv("FAIL_HITS");
	if (file) {
		int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (fd >= 0) {
			if (real_write(fd, "x", 1) != 1)
				_exit(99);
			close(fd);
		}
	}
	errno = kind == MALLOC ? ENOMEM : EIO;
	return 1;
}

void *malloc(size_t n)
{
	if (!real_malloc)
		start();
	return hit(MALLOC) ? NULL : real_malloc(n);
}

/* dlsym itself may ask for memory before calloc is found. */
static void *from_early(size_t n)
{
	size_t size = (n + 15) & ~(size_t)15;
	if (size > sizeof early - early_used)
		return NULL;
	early_used += size;
	return early + early_used - size;
}

void *calloc(size_t n, size_t size)
{
	if (!real_calloc) {
		if (inside)
			return from_early(n * size);
		start();
	}
	return hit(MALLOC) ? NULL : real_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	if (!real_realloc)
		start();
	return hit(MALLOC) ? NULL : real_realloc(p, n);
}

int posix_memalign(void **p, size_t align, size_t n)
{
	if (!real_memalign)
		start();
	return hit(MALLOC) ? ENOMEM : real_memalign(p, align, n);
}

void *aligned_alloc(size_t align, size_t n)
{
	if (!real_aligned)
		start();
	return hit(MALLOC) ? NULL : real_aligned(align, n);
}

void *mmap(void *addr, size_t n, int prot, int flags, int fd, off_t off)
{
	if (!real_mmap)
		start();
	return hit(fd >= 0 ? READ : MALLOC) ? MAP_FAILED : real_mmap(addr, n, prot, flags, fd, off);
}

ssize_t read(int fd, void *buf, size_t n)
{
	if (!real_read)
		start();
	return hit(READ) ? -1 : real_read(fd, buf, n);
}

ssize_t write(int fd, const void *buf, size_t n)
{
	if (!real_write)
		start();
	/* A tool has to be able to say why it stops. */
	return fd != 2 && hit(WRITE) ? -1 : real_write(fd, buf, n);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	if (!real_writev)
		start();
	return fd != 2 && hit(WRITE) ? -1 : real_writev(fd, v, n);
}
