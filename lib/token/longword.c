/* SPDX-License-Identifier: MIT */
/* Byte pairs of a word that never ends, in fixed memory and with the very ids that merging
 * the whole word would give.
 *
 * Merging takes the best pair anywhere, the leftmost among equals.  Which pair is best in
 * some part of the word does not depend on what lies outside.  So (1) if no merge crosses
 * a place, the two sides are merged as if they were alone: the pieces up to a place where a
 * piece of the result ends are the result of that beginning alone; and (2) a row of pieces
 * is the result of merging if each piece by itself and each two neighbours by themselves are: a
 * first merge across a border would also happen between those two alone.  Hence for
 * every place one piece only can end there: the one that fits behind the piece that ends where it
 * begins.  lattice.c finds it for place after place. */
#include <stdlib.h>

#include "base/fail.h"
#include "token/lattice.h"
#include "token/utf8.h"

enum { FITS = 1 << 16 };

static struct seqp_spelling spelling(const seq_vocab *v, int32_t id)
{
	if ((size_t)id >= v->n)
		return v->extra[(size_t)id - v->n];
	return v->byte_level ? v->text[id] : v->piece[id];
}

/* The symbols of a piece behind the k that stand in the merger. */
static size_t put_symbols(seq_encoder *e, size_t k, size_t at, struct seqp_spelling s)
{
	seqp_merger *m = &e->merger;
	for (size_t i = 0, len; i < s.n; i += len, k++) {
		int32_t cp;
		len = e->v->byte_level ? 1 : seqp_utf8(s.p + i, s.n - i, &cp);
		m->id[k] = e->v->byte_level ? e->v->byte_id[s.p[i]] : seqp_spm_symbol(e->v, s.p + i, len);
		m->at[k] = (uint32_t)(at + i);
	}
	m->at[k] = (uint32_t)(at + s.n);
	return k;
}

/* Does merging a, or a and b (b < 0: a alone), leave just them? */
static bool stays(seq_encoder *e, int32_t a, int32_t b)
{
	const seqp_merger *m = &e->merger;
	struct seqp_spelling sa = spelling(e->v, a), sb = {NULL, 0};
	if (b >= 0)
		sb = spelling(e->v, b);
	if (!seqp_merger_room(&e->merger, (size_t)sa.n + sb.n))
		return false;
	size_t k = put_symbols(e, 0, 0, sa);
	if (b >= 0)
		k = put_symbols(e, k, sa.n, sb);
	k = seqp_merge(&e->v->pairs, &e->merger, k);
	return k == 1u + (b >= 0) && m->id[0] == a && (b < 0 || (m->id[1] == b && m->at[1] == sa.n));
}

bool seqp_long_fits(seq_encoder *e, int32_t a, int32_t b)
{
	if (a < 0 || b < 0)
		return true;
	uint64_t key = (uint64_t)(uint32_t)a << 32 | (uint32_t)b, h = key * 0x9e3779b97f4a7c15ull;
	uint64_t *slot = &e->lattice->fits[h >> 48 & (FITS - 1)];
	if (*slot >> 1 == key)
		return *slot & 1;
	bool yes = stays(e, a, b);
	*slot = key << 1 | yes;
	return yes;
}

int seqp_long_prepare(seq_encoder *e)
{
	const seq_vocab *v = e->v;
	struct seqp_lattice *l = e->lattice;
	int32_t *id = seqp_alloc(v->n, sizeof(*id));
	size_t n = 0;
	l->fits = seqp_alloc(FITS, sizeof(*l->fits));
	if (l->fits)
		memset(l->fits, 0xff, FITS * sizeof(*l->fits));
	for (size_t i = 0; id && i < v->n; i++)
		if ((v->type[i] == SEQP_NORMAL || v->type[i] == SEQP_USER) && v->piece[i].n && v->piece[i].n <= 1024 &&
		    stays(e, (int32_t)i, -1))
			id[n++] = (int32_t)i;
	bool ok = id && l->fits && seqp_trie_build(&l->own, v->byte_level ? v->text : v->piece, id, n);
	free(id);
	l->trie = &l->own;
	return ok ? 0 : seqp_nomem(e->err, v->n * 16);
}
