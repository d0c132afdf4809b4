/* SPDX-License-Identifier: MIT */
/* Bytes that end where the readable memory ends: reading one too many is a crash. */
#ifndef UNIT_GUARD_H
#define UNIT_GUARD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

typedef struct guard {
	char *map;
	size_t all, room;
} guard;

static inline int guard_open(guard *g, size_t room)
{
	size_t page = 65536;
	g->room = (room + page - 1) / page * page;
	g->all = g->room + page;
	g->map = mmap(NULL, g->all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return g->map != MAP_FAILED && mprotect(g->map + g->room, page, PROT_NONE) == 0;
}

/* A copy of n bytes right before the fence; at least 1 aligned. */
static inline uint8_t *guard_put(guard *g, const void *data, size_t n)
{
	char *p = g->map + g->room - n;
	if (n)
		memcpy(p, data, n);
	return (uint8_t *)p;
}

static inline void guard_close(guard *g)
{
	munmap(g->map, g->all);
}

#endif
