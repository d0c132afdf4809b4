/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum { ALIGN = 64, BLOCK = 64 * 1024 };

struct seqp_arena_block {
	struct seqp_arena_block *next;
	size_t used, size;
};

void *seqp_alloc(size_t n, size_t size)
{
	size_t bytes;
	if (!seqp_mul(n, size, &bytes) || bytes > (size_t)-1 / 2)
		return NULL;
	bytes = seqp_round_up(bytes ? bytes : 1, ALIGN);
	void *p = aligned_alloc(ALIGN, bytes);
	if (p)
		memset(p, 0, bytes);
	return p;
}

_Bool seqp_grow(void *ptr, size_t *cap, size_t need, size_t size)
{
	void **p = ptr;
	if (need <= *cap)
		return 1;
	size_t n = *cap ? *cap : 8, bytes;
	while (n < need)
		if (!seqp_mul(n, 2, &n))
			return 0;
	if (!seqp_mul(n, size, &bytes))
		return 0;
	void *q = realloc(*p, bytes);
	if (!q)
		return 0;
	*p = q;
	*cap = n;
	return 1;
}

/* bytes fit SIZE_MAX / 2; what begins at a multiple of align may follow what ended anywhere. */
static void *take(seqp_arena *a, size_t bytes, size_t align)
{
	struct seqp_arena_block *b = a->head;
	size_t at = b ? seqp_round_up(b->used, align) : 0;
	if (!b || at > b->size || b->size - at < bytes) {
		size_t room = seqp_round_up(bytes > BLOCK ? bytes : BLOCK, ALIGN);
		b = seqp_alloc(1, ALIGN + room);
		if (!b)
			return NULL;
		b->size = room;
		b->next = a->head;
		a->head = b;
		at = 0;
	}
	b->used = at + bytes;
	return (char *)b + ALIGN + at;
}

void *seqp_arena_alloc(seqp_arena *a, size_t n, size_t size)
{
	size_t bytes;
	if (!seqp_mul(n, size, &bytes) || bytes > (size_t)-1 / 2)
		return NULL;
	return take(a, seqp_round_up(bytes ? bytes : 1, ALIGN), ALIGN);
}

char *seqp_arena_strdup(seqp_arena *a, const char *s, size_t len)
{
	char *p = len < (size_t)-1 / 4 ? take(a, len + 1, 1) : NULL;
	if (p)
		memcpy(p, s, len);
	return p;
}

void seqp_arena_free(seqp_arena *a)
{
	while (a->head) {
		struct seqp_arena_block *next = a->head->next;
		free(a->head);
		a->head = next;
	}
}
