/* SPDX-License-Identifier: MIT */
/* Two flat hash tables: spelling -> id, and (left id, right id) -> rank and merged id.
 * Both are filled on opening and read-only afterwards. */
#ifndef TOKEN_LOOKUP_H
#define TOKEN_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* n < 8: differs for different bytes of one length. */
static inline uint64_t seqp_few_bytes(const uint8_t *p, size_t n)
{
	uint32_t a, b;
	if (n < 4)
		return n ? (uint64_t)p[0] | (uint64_t)p[n / 2] << 8 | (uint64_t)p[n - 1] << 16 : 0;
	memcpy(&a, p, 4);
	memcpy(&b, p + n - 4, 4);
	return a | (uint64_t)b << 32;
}

static inline bool seqp_same_bytes(const uint8_t *p, const uint8_t *q, size_t n)
{
	uint64_t a, b;
	for (; n > 8; n -= 8, p += 8, q += 8) {
		memcpy(&a, p, 8);
		memcpy(&b, q, 8);
		if (a != b)
			return false;
	}
	if (n < 8)
		return seqp_few_bytes(p, n) == seqp_few_bytes(q, n);
	memcpy(&a, p, 8);
	memcpy(&b, q, 8);
	return a == b;
}

/* Seedless and quick for words; an attacker who forces collisions only meets the probe limit of
 * tables that are filled from the vocabulary, never from the text. */
static inline uint64_t seqp_word_hash(const uint8_t *p, size_t n)
{
	uint64_t h = n * 0x9e3779b97f4a7c15ull, w;
	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	h = (h ^ seqp_few_bytes(p, n)) * 0xff51afd7ed558ccdull;
	h ^= h >> 29;
	h *= 0xc4ceb9fe1a85ec53ull;
	return h ^ h >> 32;
}

struct seqp_spelling {
	const uint8_t *p;
	uint32_t n;
};

typedef struct seqp_pieces {
	struct { uint32_t tag; int32_t id1; } *slot; /* id + 1; 0: empty */
	size_t mask;
} seqp_pieces;

/* Room for n spellings; false when memory cannot be had. */
bool seqp_pieces_init(seqp_pieces *t, size_t n);
/* The first id given for a spelling stays. */
void seqp_pieces_put(seqp_pieces *t, const struct seqp_spelling *all, int32_t id);
int32_t seqp_pieces_get(const seqp_pieces *t, const struct seqp_spelling *all, const uint8_t *p, size_t n);
/* hash: seqp_word_hash(p, n) */
int32_t seqp_pieces_get_hashed(const seqp_pieces *t, const struct seqp_spelling *all, const uint8_t *p, size_t n,
                               uint64_t hash);
void seqp_pieces_free(seqp_pieces *t);

typedef struct seqp_pairs {
	struct seqp_pair { uint64_t key; uint32_t rank; int32_t id; } *slot; /* key 0: empty */
	uint8_t *maybe; /* eight bits a slot, set where a pair's hash falls: most pairs of a text are none */
	size_t mask, used;
} seqp_pairs;

bool seqp_pairs_init(seqp_pairs *t, size_t n);
/* Grows as needed; of two entries for a pair the lower rank stays. */
bool seqp_pairs_put(seqp_pairs *t, int32_t left, int32_t right, uint32_t rank, int32_t id);
void seqp_pairs_free(seqp_pairs *t);

static inline uint64_t seqp_pair_key(int32_t left, int32_t right)
{
	return ((uint64_t)(uint32_t)left + 1) << 32 | (uint32_t)right;
}

static inline int32_t seqp_pair_left(const struct seqp_pair *p)
{
	return (int32_t)((p->key >> 32) - 1);
}

static inline int32_t seqp_pair_right(const struct seqp_pair *p)
{
	return (int32_t)(uint32_t)p->key;
}

static inline uint64_t seqp_pair_hash(uint64_t key)
{
	uint64_t h = key * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 32;
}

/* A look at this pair comes soon. */
static inline void seqp_pairs_soon(const seqp_pairs *t, int32_t left, int32_t right)
{
	size_t i = (size_t)seqp_pair_hash(seqp_pair_key(left, right)) & t->mask;
	__builtin_prefetch(&t->maybe[i], 1);
	__builtin_prefetch(&t->slot[i], 1);
}

/* NULL: the two do not merge.  Negative ids never do. */
static inline const struct seqp_pair *seqp_pairs_get(const seqp_pairs *t, int32_t left, int32_t right)
{
	uint64_t key = seqp_pair_key(left, right), h = seqp_pair_hash(key);
	if (!(t->maybe[h & t->mask] >> (h >> 61) & 1))
		return NULL;
	for (size_t i = (size_t)h & t->mask;; i = (i + 1) & t->mask) {
		const struct seqp_pair *s = &t->slot[i];
		if (s->key == key)
			return s;
		if (!s->key)
			return NULL;
	}
}

#endif
