/* SPDX-License-Identifier: MIT */
#include "frame/pages.h"

#include <string.h>
#include <sys/mman.h>

#include "base/size.h"

enum { PAGES_MIN = 64 * 1024 };

static void *pages_map(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

static void *pages_move(const seqp_pages *p, size_t cap)
{
#ifdef MREMAP_MAYMOVE
	void *q = mremap(p->data, p->cap, cap, MREMAP_MAYMOVE);
	return q == MAP_FAILED ? NULL : q;
#else
	void *q = pages_map(cap);
	if (q) {
		memcpy(q, p->data, p->cap);
		munmap(p->data, p->cap);
	}
	return q;
#endif
}

_Bool seqp_pages_grow(seqp_pages *p, size_t need)
{
	if (need <= p->cap)
		return 1;
	if (need > SIZE_MAX / 2 - PAGES_MIN)
		return 0;
	size_t cap = seqp_round_up(need, PAGES_MIN);
	void *q = p->data ? pages_move(p, cap) : pages_map(cap);
	if (!q)
		return 0;
	p->data = q;
	p->cap = cap;
	return 1;
}

void seqp_pages_free(seqp_pages *p)
{
	if (p->data)
		munmap(p->data, p->cap);
	p->data = NULL;
	p->cap = 0;
}
