/* SPDX-License-Identifier: MIT */
#include "token/lookup.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/size.h"

enum { HUGE_PAGE = 2 << 20 };

/* Zeros.  Large tables are looked at everywhere: small pages would cost more than the looks. */
static void *table(size_t n, size_t size)
{
	size_t bytes = n * size;
	if (bytes < HUGE_PAGE)
		return calloc(n, size);
	void *p = aligned_alloc(HUGE_PAGE, seqp_round_up(bytes, HUGE_PAGE));
	if (!p)
		return NULL;
	madvise(p, bytes, MADV_HUGEPAGE);
	return memset(p, 0, bytes);
}

static size_t table_size(size_t n)
{
	size_t size = 16;
	while (size < n + n / 2)
		size *= 2;
	return size;
}

bool seqp_pieces_init(seqp_pieces *t, size_t n)
{
	if (n > SIZE_MAX / 64)
		return false;
	size_t size = table_size(n);
	t->slot = table(size, sizeof(*t->slot));
	if (!t->slot)
		return false;
	t->mask = size - 1;
	return true;
}

void seqp_pieces_put(seqp_pieces *t, const struct seqp_spelling *all, int32_t id)
{
	uint64_t h = seqp_word_hash(all[id].p, all[id].n);
	for (size_t i = (size_t)h & t->mask;; i = (i + 1) & t->mask) {
		int32_t have = t->slot[i].id1 - 1;
		if (have < 0) {
			t->slot[i].tag = (uint32_t)(h >> 32);
			t->slot[i].id1 = id + 1;
			return;
		}
		if (t->slot[i].tag == (uint32_t)(h >> 32) && all[have].n == all[id].n &&
		    seqp_same_bytes(all[have].p, all[id].p, all[id].n))
			return;
	}
}

int32_t seqp_pieces_get(const seqp_pieces *t, const struct seqp_spelling *all, const uint8_t *p, size_t n)
{
	return t->slot ? seqp_pieces_get_hashed(t, all, p, n, seqp_word_hash(p, n)) : -1;
}

int32_t seqp_pieces_get_hashed(const seqp_pieces *t, const struct seqp_spelling *all, const uint8_t *p, size_t n,
                               uint64_t h)
{
	for (size_t i = (size_t)h & t->mask;; i = (i + 1) & t->mask) {
		int32_t have = t->slot[i].id1 - 1;
		if (have < 0)
			return -1;
		if (t->slot[i].tag == (uint32_t)(h >> 32) && all[have].n == n && seqp_same_bytes(all[have].p, p, n))
			return have;
	}
}

void seqp_pieces_free(seqp_pieces *t)
{
	free(t->slot);
	t->slot = NULL;
}

bool seqp_pairs_init(seqp_pairs *t, size_t n)
{
	if (n > SIZE_MAX / 64)
		return false;
	size_t size = table_size(n);
	seqp_pairs_free(t);
	t->slot = table(size, sizeof(*t->slot));
	t->maybe = table(size, 1);
	t->mask = size - 1;
	t->used = 0;
	if (t->slot && t->maybe)
		return true;
	seqp_pairs_free(t);
	return false;
}

/* The slot of a key, or the empty one where it belongs. */
static struct seqp_pair *place(seqp_pairs *t, uint64_t key)
{
	uint64_t h = seqp_pair_hash(key);
	size_t i = (size_t)h & t->mask;
	t->maybe[i] |= (uint8_t)(1u << (h >> 61));
	while (t->slot[i].key && t->slot[i].key != key)
		i = (i + 1) & t->mask;
	return &t->slot[i];
}

static bool grow(seqp_pairs *t)
{
	seqp_pairs big = {0};
	if (!seqp_pairs_init(&big, t->mask + 1))
		return false;
	for (size_t i = 0; i <= t->mask; i++)
		if (t->slot[i].key)
			*place(&big, t->slot[i].key) = t->slot[i];
	big.used = t->used;
	seqp_pairs_free(t);
	*t = big;
	return true;
}

bool seqp_pairs_put(seqp_pairs *t, int32_t left, int32_t right, uint32_t rank, int32_t id)
{
	uint64_t key = seqp_pair_key(left, right);
	if (3 * (t->used + 1) > 2 * (t->mask + 1) && !grow(t))
		return false;
	struct seqp_pair *s = place(t, key);
	if (!s->key)
		t->used++;
	else if (s->rank <= rank)
		return true;
	*s = (struct seqp_pair){key, rank, id};
	return true;
}

void seqp_pairs_free(seqp_pairs *t)
{
	free(t->slot);
	free(t->maybe);
	t->slot = NULL;
	t->maybe = NULL;
}
