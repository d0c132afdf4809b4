/* SPDX-License-Identifier: MIT */
/* Ways to cut a text into pieces, as a stream.
 *
 * For every place it is noted which piece ends there, on the one path that counts: for
 * Unigram the likeliest (Viterbi), for byte pairs the only one that merging would give
 * (see longword.c).  Pieces are bounded, so the paths to the last places soon have a
 * common beginning: that is certain and leaves.  Unigram's scores go on from where they
 * are, so that sums are rounded as in one pass over the whole text. */
#include "token/lattice.h"

#include <stdlib.h>

#include "base/fail.h"
#include "token/utf8.h"

enum { TRY = 4096 };

void seqp_lattice_free(seq_encoder *e)
{
	if (!e->lattice)
		return;
	seqp_trie_free(&e->lattice->own);
	free(e->lattice->fits);
	free(e->lattice->text.p);
	free(e->lattice->at);
	free(e->lattice->mark);
	free(e->lattice);
}

static void start(struct seqp_lattice *l, double score)
{
	l->at[0] = (struct seqp_place){score, 0, -1, 0};
	l->reach = l->next = l->text.n = 0;
	l->try_at = TRY;
}

void seqp_lattice_reset(seq_encoder *e)
{
	if (e->lattice)
		start(e->lattice, 0);
}

int seqp_lattice_new(seq_encoder *e)
{
	struct seqp_lattice *l = e->lattice = seqp_alloc(1, sizeof(*l));
	if (!l || !seqp_grow(&l->at, &l->cap, 1024, sizeof(*l->at)))
		return seqp_nomem(e->err, sizeof(*l->at) * 1024);
	l->trie = &e->v->trie;
	start(l, 0);
	return e->v->kind == SEQP_UNIGRAM ? 0 : seqp_long_prepare(e);
}

static bool extend(struct seqp_lattice *l)
{
	size_t n = l->text.n;
	if (!seqp_grow(&l->at, &l->cap, n + 1, sizeof(*l->at)) || !seqp_grow(&l->mark, &l->mark_cap, n + 1, 1))
		return false;
	while (l->reach < n)
		l->at[++l->reach] = (struct seqp_place){0, 0, -1, 0};
	return true;
}

/* --- Unigram --------------------------------------------------------------------- */

static double score_of(const seq_vocab *v, int32_t id, size_t len)
{
	return id < 0 ? v->min_score - 10 : v->type[id] == SEQP_USER ? (double)len * v->max_score - 0.1 : v->score[id];
}

/* A way to reach place `to` by a piece of len bytes. */
static void offer(seq_encoder *e, size_t from, size_t len, int32_t id)
{
	const seq_vocab *v = e->v;
	struct seqp_place *at = e->lattice->at, *to = &at[from + len];
	if (v->kind != SEQP_UNIGRAM) {
		/* Byte pairs: one path only leads to a place, the first found is it. */
		if (!to->len && (!from || seqp_long_fits(e, at[from].id, id)))
			*to = (struct seqp_place){0, (uint32_t)len, id, 0};
		return;
	}
	double sum = at[from].score + score_of(v, id, len);
	if (!v->double_scores)
		sum = (float)sum;
	if (!to->len || sum > to->score)
		*to = (struct seqp_place){sum, (uint32_t)len, id, 0};
}

/* Is every piece that begins at s known, with only the bytes up to n? */
static bool decided(const seqp_trie *t, const uint8_t *p, size_t n, size_t s)
{
	uint32_t node = 0;
	size_t k = s;
	if (n - s >= t->longest)
		return true;
	for (; k < n && (node = seqp_trie_step(t, node, p[k])); k++)
		;
	return k < n || !t->node || !t->node[node].children;
}

/* The symbol at s: its bytes. */
static size_t symbol(const seq_vocab *v, const uint8_t *p, size_t n, bool end)
{
	int32_t cp;
	size_t one = seqp_utf8(p, n, &cp);
	return v->byte_level ? 1 : cp == SEQP_SHORT && !end ? 0 : one;
}

static int32_t lone(const seq_vocab *v, const uint8_t *p, size_t n)
{
	return v->kind == SEQP_UNIGRAM ? -1 : v->byte_level ? v->byte_id[p[0]] : seqp_spm_symbol(v, p, n);
}

/* Tries every piece that begins at place s; 0: the bytes end too early to know them all. */
static size_t expand(seq_encoder *e, size_t s, bool end)
{
	struct seqp_lattice *l = e->lattice;
	const seqp_trie *t = l->trie;
	const uint8_t *p = l->text.p;
	size_t n = l->text.n, k = s, one = symbol(e->v, p + s, n - s, end);
	uint32_t node = 0;
	bool single = false;
	if (!one || (!end && !decided(t, p, n, s)))
		return 0;
	while (k < n && (node = seqp_trie_step(t, node, p[k]))) {
		k++;
		if (t->node[node].id < 0)
			continue;
		offer(e, s, k - s, t->node[node].id);
		single |= k - s == one;
	}
	if (!single)
		offer(e, s, one, lone(e->v, p + s, one));
	e->work += k - s + 1;
	return one;
}

/* --- what is certain -------------------------------------------------------------- */

/* Writes the pieces of the path to place c. */
static void emit_path(seq_encoder *e, size_t c)
{
	struct seqp_place *at = e->lattice->at;
	for (size_t k = c; k; k -= at[k].len)
		at[k - at[k].len].ahead = at[k].len;
	for (size_t k = 0, next; k < c; k = next) {
		next = k + at[k].ahead;
		if (at[next].id < 0 || (size_t)at[next].id >= e->v->n) {
			seqp_emit_bytes(e, e->lattice->text.p + k, next - k);
			continue;
		}
		seqp_emit(e, at[next].id);
		e->last_unk = false;
	}
}

/* The last place that all paths to the places from `next` on run through. */
static size_t common(struct seqp_lattice *l)
{
	size_t marked = 0, k;
	for (k = 0; k <= l->reach; k++) {
		l->mark[k] = k >= l->next && (l->at[k].len || !k);
		marked += l->mark[k];
	}
	for (k = l->reach; k && marked > 1; k--) {
		if (!l->mark[k])
			continue;
		size_t from = k - l->at[k].len;
		marked -= l->mark[from];
		l->mark[from] = 1;
	}
	while (k && !l->mark[k])
		k--;
	return k;
}

/* Places 0 .. c leave; the rest moves to the front. */
static void leave(seq_encoder *e, size_t c)
{
	struct seqp_lattice *l = e->lattice;
	emit_path(e, c);
	memmove(l->at, l->at + c, (l->reach - c + 1) * sizeof(*l->at));
	memmove(l->text.p, l->text.p + c, l->text.n - c);
	l->at[0].len = 0;
	l->text.n -= c;
	l->reach -= c;
	l->next -= c;
}

static int take(seq_encoder *e, const uint8_t *p, size_t n, bool end)
{
	struct seqp_lattice *l = e->lattice;
	int rc = seqp_bytes_put(&l->text, p, n, e->err);
	if (rc < 0)
		return rc;
	if (!extend(l))
		return seqp_nomem(e->err, n * sizeof(*l->at));
	for (size_t step; l->next < l->text.n && (step = expand(e, l->next, end)); l->next += step) {
		if (l->next < l->try_at)
			continue;
		e->work += l->reach;
		size_t c = common(l);
		if (c && c <= l->next)
			leave(e, c);
		l->try_at = 2 * l->next > TRY ? 2 * l->next : TRY;
	}
	return 0;
}

int seqp_lattice_run(seq_encoder *e, const uint8_t *p, size_t n, bool end)
{
	struct seqp_lattice *l = e->lattice;
	int rc = 0;
	for (; n > TRY && rc >= 0; p += TRY, n -= TRY)
		rc = take(e, p, TRY, false);
	if (rc >= 0)
		rc = take(e, p, n, end);
	if (rc < 0 || !end)
		return rc;
	double score = l->at[l->text.n].score;
	leave(e, l->text.n);
	start(l, score);
	return 0;
}

/* --- Unigram's stage ------------------------------------------------------------------ */

int seqp_lattice_drain(seq_encoder *e, bool end)
{
	const seq_vocab *v = e->v;
	bool words = v->split == &seqp_split_metaspace, whole = true;
	int rc = e->lattice ? 0 : seqp_lattice_new(e);
	while (rc >= 0 && whole && e->rc >= 0 && e->pos < e->buf.n) {
		const uint8_t *p = e->buf.p + e->pos;
		size_t left = e->buf.n - e->pos, n = words ? v->split->next(v, p, left, end) : 0;
		whole = words ? n > 0 : end;
		if (words && !whole) /* the last character may be the end of a word */
			n = left - seqp_tail(p, left, 1);
		else if (!words)
			n = left;
		rc = seqp_lattice_run(e, p, n, whole);
		e->pos += n;
		if (words && whole && rc >= 0)
			start(e->lattice, 0);
	}
	if (rc >= 0 && end && e->lattice->text.n)
		rc = seqp_lattice_run(e, NULL, 0, true);
	if (end && rc >= 0)
		start(e->lattice, 0);
	seqp_drop_done(e);
	return rc;
}
