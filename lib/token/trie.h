/* SPDX-License-Identifier: MIT */
/* A trie over byte strings: which of them begin here? */
#ifndef TOKEN_TRIE_H
#define TOKEN_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seqp_spelling;

typedef struct seqp_trie_node {
	uint32_t child;  /* the first of its children, which lie together, by byte */
	int32_t id;      /* of the string that ends here; -1: none */
	uint16_t children;
	uint8_t byte;
} seqp_trie_node;

typedef struct seqp_trie {
	seqp_trie_node *node; /* node[0] is the root; NULL: an empty trie */
	size_t nodes;
	size_t longest;       /* bytes of the longest string */
	uint32_t first[256];  /* child of the root by byte; 0: none */
} seqp_trie;

/* Of the n ids given; id[] is sorted by this.  Empty strings are left out; of equal strings the
 * one with the lowest id stays.  false: no memory. */
bool seqp_trie_build(seqp_trie *t, const struct seqp_spelling *all, int32_t *id, size_t n);
void seqp_trie_free(seqp_trie *t);

/* The node below `at` by byte b; 0: none. */
static inline uint32_t seqp_trie_step(const seqp_trie *t, uint32_t at, uint8_t b)
{
	if (at == 0)
		return t->first[b];
	const seqp_trie_node *node = &t->node[at];
	uint32_t lo = node->child, n = node->children;
	while (n > 1) {
		uint32_t half = n / 2;
		if (t->node[lo + half].byte <= b) {
			lo += half;
			n -= half;
		} else {
			n = half;
		}
	}
	return n && t->node[lo].byte == b ? lo : 0;
}

#endif
