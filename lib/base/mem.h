/* SPDX-License-Identifier: MIT */
/* Memory: aligned, zeroed, and arenas that are freed at once. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* n * size bytes, 64-byte aligned, zeroed; NULL when they cannot be had (or
 * when n * size overflows).  Zero bytes give a valid pointer.  free() frees. */
void *seqp_alloc(size_t n, size_t size);

/* Grows *ptr from *cap to at least need elements (doubling), contents kept, not
 * zeroed, malloc alignment.  false leaves everything as it was. */
_Bool seqp_grow(void *ptr, size_t *cap, size_t need, size_t size);

/* An arena: allocations live until the arena is freed. Not thread safe. */
typedef struct seqp_arena {
	struct seqp_arena_block *head;
} seqp_arena;

void *seqp_arena_alloc(seqp_arena *a, size_t n, size_t size); /* as seqp_alloc */
char *seqp_arena_strdup(seqp_arena *a, const char *s, size_t len); /* NUL added */
void seqp_arena_free(seqp_arena *a);

#endif
