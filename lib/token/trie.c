/* SPDX-License-Identifier: MIT */
#include "token/trie.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "token/lookup.h"

static int by_spelling(const void *a, const void *b, void *arg)
{
	const struct seqp_spelling *all = arg, *x = &all[*(const int32_t *)a], *y = &all[*(const int32_t *)b];
	int d = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
	if (d)
		return d;
	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	return *(const int32_t *)a < *(const int32_t *)b ? -1 : 1;
}

/* Level by level: `range` holds, for each node made so far, which sorted ids run through it. */
struct range {
	uint32_t lo, hi;
};

struct build {
	seqp_trie *t;
	const struct seqp_spelling *all;
	const int32_t *id;
	struct range *range;
	size_t cap, range_cap;
};

static bool add_node(struct build *b, uint8_t byte, uint32_t lo, uint32_t hi)
{
	seqp_trie *t = b->t;
	if (t->nodes >= UINT32_MAX || !seqp_grow(&t->node, &b->cap, t->nodes + 1, sizeof(*t->node)) ||
	    !seqp_grow(&b->range, &b->range_cap, t->nodes + 1, sizeof(*b->range)))
		return false;
	t->node[t->nodes] = (seqp_trie_node){.id = -1, .byte = byte};
	b->range[t->nodes++] = (struct range){lo, hi};
	return true;
}

/* Makes the children of node k, whose strings share `depth` bytes. */
static bool expand(struct build *b, uint32_t k, size_t depth)
{
	uint32_t lo = b->range[k].lo, hi = b->range[k].hi;
	while (lo < hi && b->all[b->id[lo]].n == depth) {
		if (depth && b->t->node[k].id < 0)
			b->t->node[k].id = b->id[lo];
		lo++;
	}
	b->t->node[k].child = (uint32_t)b->t->nodes;
	while (lo < hi) {
		uint8_t byte = b->all[b->id[lo]].p[depth];
		uint32_t end = lo + 1;
		while (end < hi && b->all[b->id[end]].p[depth] == byte)
			end++;
		if (!add_node(b, byte, lo, end))
			return false;
		b->t->node[k].children++;
		lo = end;
	}
	return true;
}

static bool build_levels(struct build *b, size_t n)
{
	if (!add_node(b, 0, 0, (uint32_t)n))
		return false;
	uint32_t k = 0;
	for (size_t depth = 0, level_end; k < b->t->nodes; depth++)
		for (level_end = b->t->nodes; k < level_end; k++)
			if (!expand(b, k, depth))
				return false;
	for (uint32_t c = 0; c < b->t->node[0].children; c++)
		b->t->first[b->t->node[1 + c].byte] = 1 + c;
	return true;
}

bool seqp_trie_build(seqp_trie *t, const struct seqp_spelling *all, int32_t *id, size_t n)
{
	struct build b = {t, all, id, NULL, 0, 0};
	memset(t, 0, sizeof(*t));
	if (n > INT32_MAX)
		return false;
	if (n)
		qsort_r(id, n, sizeof(*id), by_spelling, (void *)(uintptr_t)all);
	for (size_t i = 0; i < n; i++)
		if (all[id[i]].n > t->longest)
			t->longest = all[id[i]].n;
	bool ok = n == 0 || build_levels(&b, n);
	free(b.range);
	if (!ok)
		seqp_trie_free(t);
	return ok;
}

void seqp_trie_free(seqp_trie *t)
{
	free(t->node);
	memset(t, 0, sizeof(*t));
}
