/* SPDX-License-Identifier: MIT */
#include "token/merge.h"

#include <stdlib.h>

#include "base/mem.h"

enum { SMALL = 64 };
#define NEVER UINT32_MAX

bool seqp_merger_room(seqp_merger *m, size_t n)
{
	if (n + 1 <= m->cap)
		return true;
	if (n > UINT32_MAX / 4)
		return false;
	seqp_merger big = {.work = m->work, .cap = n + 1};
	big.id = malloc((n + 1) * sizeof(*big.id));
	big.at = malloc((n + 1) * sizeof(*big.at));
	big.rank = malloc((n + 4) * sizeof(*big.rank));
	big.next = malloc((n + 1) * sizeof(*big.next));
	big.prev = malloc((n + 1) * sizeof(*big.prev));
	big.to = malloc((n + 1) * sizeof(*big.to));
	big.heap = malloc((3 * n + 1) * sizeof(*big.heap));
	if (!big.id || !big.at || !big.rank || !big.next || !big.prev || !big.to || !big.heap) {
		seqp_merger_free(&big);
		return false;
	}
	seqp_merger_free(m);
	*m = big;
	return true;
}

void seqp_merger_free(seqp_merger *m)
{
	free(m->id);
	free(m->at);
	free(m->rank);
	free(m->next);
	free(m->prev);
	free(m->to);
	free(m->heap);
	*m = (seqp_merger){.work = m->work};
}

/* What symbols i and j (its right neighbour) would become. */
static inline void look(const seqp_pairs *t, seqp_merger *m, size_t i, size_t j)
{
	const struct seqp_pair *p = m->id[i] < 0 || m->id[j] < 0 ? NULL : seqp_pairs_get(t, m->id[i], m->id[j]);
	m->rank[i] = p ? p->rank : NEVER;
	m->to[i] = p ? p->id : -1;
	m->work++;
}

static void link_all(seqp_merger *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		m->next[i] = (uint32_t)i + 1;
		m->prev[i] = (uint32_t)i - 1;
		m->rank[i] = NEVER;
	}
}

/* Symbol i takes its right neighbour in. */
static void join(seqp_merger *m, size_t i, size_t n)
{
	size_t j = m->next[i], k = m->next[j];
	m->id[i] = m->to[i];
	m->rank[j] = NEVER;
	m->next[i] = (uint32_t)k;
	m->rank[i] = NEVER;
	if (k < n)
		m->prev[k] = (uint32_t)i;
}

static size_t compact(seqp_merger *m, size_t n)
{
	size_t k = 0;
	uint32_t end = m->at[n];
	for (size_t i = 0; i < n; i = m->next[i], k++) {
		m->id[k] = m->id[i];
		m->at[k] = m->at[i];
	}
	m->at[k] = end;
	return k;
}

/* The lowest of rank[0..n), n a multiple of four. */
static uint32_t lowest(const uint32_t *rank, size_t n)
{
	typedef int32_t four __attribute__((vector_size(16)));
	const four flip = {INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN}; /* so that signed order is unsigned order */
	four low = {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX}, x;
	for (size_t i = 0; i < n; i += 4) {
		memcpy(&x, rank + i, sizeof(x));
		x ^= flip;
		four less = x < low;
		low = (x & less) | (low & ~less);
	}
	int32_t a = low[0] < low[1] ? low[0] : low[1], b = low[2] < low[3] ? low[2] : low[3];
	return (uint32_t)(a < b ? a : b) ^ 0x80000000u;
}

static size_t merge_small(const seqp_pairs *t, seqp_merger *m, size_t n)
{
	link_all(m, n);
	for (size_t i = 0; i + 1 < n; i++)
		look(t, m, i, i + 1);
	for (size_t i = n; i % 4; i++)
		m->rank[i] = NEVER;
	for (;;) {
		size_t best = 0;
		uint32_t rank = lowest(m->rank, (n + 3) & ~(size_t)3);
		if (rank == NEVER)
			return compact(m, n);
		while (m->rank[best] != rank)
			best++;
		m->work += n;
		join(m, best, n);
		if (m->next[best] < n)
			look(t, m, best, m->next[best]);
		if (best)
			look(t, m, m->prev[best], best);
	}
}

/* --- many symbols: a binary heap of rank << 32 | place ------------------------- */

static void push(seqp_merger *m, uint64_t key)
{
	size_t i = m->heaped++;
	for (; i && m->heap[(i - 1) / 2] > key; i = (i - 1) / 2) {
		m->heap[i] = m->heap[(i - 1) / 2];
		m->work++;
	}
	m->heap[i] = key;
}

static uint64_t pop(seqp_merger *m)
{
	uint64_t top = m->heap[0], last = m->heap[--m->heaped];
	size_t i = 0, n = m->heaped;
	for (size_t c; (c = 2 * i + 1) < n; i = c) {
		c += c + 1 < n && m->heap[c + 1] < m->heap[c];
		if (last <= m->heap[c])
			break;
		m->heap[i] = m->heap[c];
		m->work++;
	}
	m->heap[i] = last;
	return top;
}

static void look_push(const seqp_pairs *t, seqp_merger *m, size_t i)
{
	look(t, m, i, m->next[i]);
	if (m->rank[i] != NEVER)
		push(m, (uint64_t)m->rank[i] << 32 | i);
}

static void join_push(const seqp_pairs *t, seqp_merger *m, size_t i, size_t n)
{
	join(m, i, n);
	if (m->next[i] < n)
		look_push(t, m, i);
	if (i)
		look_push(t, m, m->prev[i]);
}

static size_t merge_heap(const seqp_pairs *t, seqp_merger *m, size_t n)
{
	m->heaped = 0;
	link_all(m, n);
	for (size_t i = 0; i + 1 < n; i++)
		look_push(t, m, i);
	while (m->heaped) {
		uint64_t top = pop(m);
		size_t i = (uint32_t)top;
		if (m->rank[i] == (uint32_t)(top >> 32)) /* else an entry of the past */
			join_push(t, m, i, n);
	}
	return compact(m, n);
}

size_t seqp_merge(const seqp_pairs *t, seqp_merger *m, size_t n)
{
	return n <= SMALL ? merge_small(t, m, n) : merge_heap(t, m, n);
}
