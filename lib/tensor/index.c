/* SPDX-License-Identifier: MIT */
#include "tensor/index.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(((const seqp_name *)a)->name, ((const seqp_name *)b)->name);
}

const char *seqp_index_sort(seqp_index *x, seqp_name *list, size_t n)
{
	x->list = list;
	x->n = n;
	if (n)
		qsort(list, n, sizeof *list, by_name);
	for (size_t i = 1; i < n; i++)
		if (strcmp(list[i - 1].name, list[i].name) == 0)
			return list[i].name;
	return NULL;
}

ptrdiff_t seqp_index_find(const seqp_index *x, const char *name)
{
	size_t lo = 0, hi = x->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(name, x->list[mid].name);
		if (c == 0)
			return (ptrdiff_t)x->list[mid].at;
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return -1;
}
