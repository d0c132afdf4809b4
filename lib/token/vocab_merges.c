/* SPDX-License-Identifier: MIT */
/* The list of merges becomes a table of pairs.  Each takes four looks into tables that are larger
 * than a core's own cache, so a block of merges goes step by step, each step asking
 * for what the next one reads. */
#include <stdlib.h>

#include "base/fail.h"
#include "token/vocab.h"

enum { MERGES = 32, LONGEST = 512, LEFT = 0, RIGHT = 1, BOTH = 2 };

struct seqp_merges {
	size_t n;
	struct merge {
		uint32_t left, both, rank; /* bytes */
		int32_t id[3];
		uint64_t hash[3];
		uint8_t text[LONGEST];
	} merge[MERGES];
};

static struct seqp_spelling part(const struct merge *m, int which)
{
	return which == LEFT ? (struct seqp_spelling){m->text, m->left} :
	       which == RIGHT ? (struct seqp_spelling){m->text + m->left, m->both - m->left} :
	                        (struct seqp_spelling){m->text, m->both};
}

/* The id that stands in the slot of a hash: most probably the one. */
static int32_t guess(const seq_vocab *v, uint64_t hash)
{
	return v->pieces.slot[hash & v->pieces.mask].id1 - 1;
}

static void ask(seq_vocab *v)
{
	struct seqp_merges *q = v->merges;
	for (size_t i = 0; i < q->n; i++)
		for (int k = 0; k < 3; k++) {
			struct seqp_spelling s = part(&q->merge[i], k);
			q->merge[i].hash[k] = seqp_word_hash(s.p, s.n);
			__builtin_prefetch(&v->pieces.slot[q->merge[i].hash[k] & v->pieces.mask]);
		}
	for (size_t i = 0; i < q->n; i++)
		for (int k = 0; k < 3; k++)
			__builtin_prefetch(&v->piece[guess(v, q->merge[i].hash[k]) < 0 ? 0 : guess(v, q->merge[i].hash[k])]);
	for (size_t i = 0; i < q->n; i++)
		for (int k = 0; k < 3; k++)
			if (guess(v, q->merge[i].hash[k]) >= 0)
				__builtin_prefetch(v->piece[guess(v, q->merge[i].hash[k])].p);
}

static void resolve(seq_vocab *v)
{
	struct seqp_merges *q = v->merges;
	for (size_t i = 0; i < q->n; i++) {
		struct merge *m = &q->merge[i];
		for (int k = 0; k < 3; k++) {
			struct seqp_spelling s = part(m, k);
			m->id[k] = seqp_pieces_get_hashed(&v->pieces, v->piece, s.p, s.n, m->hash[k]);
		}
		seqp_pairs_soon(&v->pairs, m->id[LEFT], m->id[RIGHT]);
	}
}

int seqp_vocab_merges_flush(seq_vocab *v, seq_error *err)
{
	struct seqp_merges *q = v->merges;
	if (!q)
		return 0;
	ask(v);
	resolve(v);
	for (size_t i = 0; i < q->n; i++) {
		const struct merge *m = &q->merge[i];
		if (m->id[LEFT] < 0 || m->id[RIGHT] < 0 || m->id[BOTH] < 0)
			continue;
		if (!seqp_pairs_put(&v->pairs, m->id[LEFT], m->id[RIGHT], m->rank, m->id[BOTH]))
			return seqp_nomem(err, (v->pairs.mask + 1) * 32);
	}
	q->n = 0;
	return 0;
}

int seqp_vocab_merge(seq_vocab *v, const char *left, size_t nl, const char *right, size_t nr, uint32_t rank,
                     seq_error *err)
{
	if (nl > LONGEST || nr > LONGEST - nl)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "merge %u is %zu bytes long", (unsigned)rank, nl + nr);
	if (!v->merges && !(v->merges = calloc(1, sizeof(*v->merges))))
		return seqp_nomem(err, sizeof(*v->merges));
	struct seqp_merges *q = v->merges;
	struct merge *m = &q->merge[q->n++];
	m->left = (uint32_t)nl;
	m->both = (uint32_t)(nl + nr);
	m->rank = rank;
	memcpy(m->text, left, nl);
	memcpy(m->text + nl, right, nr);
	return q->n < MERGES ? 0 : seqp_vocab_merges_flush(v, err);
}
