/* SPDX-License-Identifier: MIT */
/* Finding names: a sorted list, so that neither building nor looking up has a bad
 * case that a hostile file could aim at. */
#ifndef TENSOR_INDEX_H
#define TENSOR_INDEX_H

#include <stddef.h>

typedef struct seqp_name {
	const char *name; /* NUL-terminated, lives elsewhere */
	size_t at;        /* what the name stands for */
} seqp_name;

typedef struct seqp_index {
	seqp_name *list;
	size_t n;
} seqp_index;

/* Sorts list (which the index then points to).  Returns a name that occurs twice, or NULL. */
const char *seqp_index_sort(seqp_index *x, seqp_name *list, size_t n);

/* The number behind name, or -1. */
ptrdiff_t seqp_index_find(const seqp_index *x, const char *name);

#endif
