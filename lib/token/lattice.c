/* SPDX-License-Identifier: MIT */
/* Unigram: the likeliest way to cut a text into pieces (Viterbi), as a stream.
 *
 * For every place the best path that ends there is known as soon as all places before it
 * are.  Pieces are bounded, so the paths to the last places soon have a common beginning:
 * that is certain and leaves.  Scores go on from where they are, so that sums are
 * rounded as in one pass over the whole text. */
#include "token/encoder.h"

#include <stdlib.h>

#include "base/fail.h"
#include "token/utf8.h"

struct place {
	double score;
	uint32_t len; /* bytes of the last piece of the path; 0: no path yet */
	int32_t id;   /* -1: a character that no piece covers */
	uint32_t ahead; /* bytes of the next piece, when the path is written */
};

struct seqp_lattice {
	struct place *at; /* at[k]: k bytes behind e->pos */
	size_t cap;
	size_t reach;  /* places 0 .. reach are set up */
	size_t next;   /* the first place from which no piece was tried yet */
	size_t try_at; /* look for a common beginning once next is here */
	uint8_t *mark;
	size_t mark_cap;
};

enum { TRY = 4096 };

void seqp_lattice_free(seq_encoder *e)
{
	if (!e->lattice)
		return;
	free(e->lattice->at);
	free(e->lattice->mark);
	free(e->lattice);
}

static void start(struct seqp_lattice *l, double score)
{
	l->at[0] = (struct place){score, 0, -1, 0};
	l->reach = l->next = 0;
	l->try_at = TRY;
}

void seqp_lattice_reset(seq_encoder *e)
{
	if (e->lattice)
		start(e->lattice, 0);
}

static int set_up(seq_encoder *e)
{
	e->lattice = seqp_alloc(1, sizeof(*e->lattice));
	if (!e->lattice || !seqp_grow(&e->lattice->at, &e->lattice->cap, 1024, sizeof(struct place)))
		return seqp_nomem(e->err, sizeof(struct place) * 1024);
	start(e->lattice, 0);
	return 0;
}

static bool extend(struct seqp_lattice *l, size_t n)
{
	if (!seqp_grow(&l->at, &l->cap, n + 1, sizeof(*l->at)) || !seqp_grow(&l->mark, &l->mark_cap, n + 1, 1))
		return false;
	while (l->reach < n)
		l->at[++l->reach] = (struct place){0, 0, -1, 0};
	return true;
}

/* A way to reach place k by a piece of len bytes. */
static void offer(const seq_vocab *v, struct place *at, double from, double score, size_t len, int32_t id)
{
	double sum = from + score;
	if (!v->double_scores)
		sum = (float)sum;
	if (at->len && !(sum > at->score))
		return;
	at->score = sum;
	at->len = (uint32_t)len;
	at->id = id;
}

static double score_of(const seq_vocab *v, int32_t id, size_t len)
{
	return v->type[id] == SEQP_USER ? (double)len * v->max_score - 0.1 : v->score[id];
}

/* Tries every piece that begins at place s; false: the bytes end too early to know them all. */
static bool expand(seq_encoder *e, const uint8_t *p, size_t n, size_t s, bool end, size_t *step)
{
	const seqp_trie *t = &e->v->trie;
	struct place *at = e->lattice->at;
	int32_t cp;
	uint32_t node = 0;
	bool single = false;
	size_t k = s, one = seqp_utf8(p + s, n - s, &cp);
	if (cp == SEQP_SHORT && !end)
		return false;
	if (!end && n - s < t->longest)
		for (; k < n && (node = seqp_trie_step(t, node, p[k])); k++)
			;
	if (!end && k == n && node && t->node[node].children)
		return false;
	node = 0;
	for (k = s; k < n && (node = seqp_trie_step(t, node, p[k]));) {
		int32_t id = t->node[node].id;
		k++;
		if (id < 0)
			continue;
		offer(e->v, &at[k], at[s].score, score_of(e->v, id, k - s), k - s, id);
		single |= k - s == one;
	}
	if (!single)
		offer(e->v, &at[s + one], at[s].score, e->v->min_score - 10, one, -1);
	e->work += k - s + 1;
	*step = one;
	return true;
}

/* Writes the pieces of the path to place c. */
static void emit_path(seq_encoder *e, const uint8_t *p, size_t c)
{
	struct place *at = e->lattice->at;
	for (size_t k = c; k; k -= at[k].len)
		at[k - at[k].len].ahead = at[k].len;
	for (size_t k = 0; k < c;) {
		size_t next = k + at[k].ahead;
		int32_t id = at[next].id;
		if (id >= 0) {
			seqp_emit(e, id);
			e->last_unk = false;
		} else {
			seqp_emit_bytes(e, p + k, next - k);
		}
		k = next;
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
	struct place keep = l->at[c];
	emit_path(e, e->buf.p + e->pos, c);
	l->at[c] = keep;
	memmove(l->at, l->at + c, (l->reach - c + 1) * sizeof(*l->at));
	l->at[0].len = 0;
	l->reach -= c;
	l->next -= c;
	e->pos += c;
}

/* Goes on over the n bytes at e->pos; end: they are a whole stretch. */
static int run(seq_encoder *e, size_t n, bool end)
{
	struct seqp_lattice *l = e->lattice;
	size_t step;
	if (!extend(l, n))
		return seqp_nomem(e->err, n * sizeof(*l->at));
	while (l->next < n && expand(e, e->buf.p + e->pos, n, l->next, end, &step)) {
		l->next += step;
		if (l->next < l->try_at || end)
			continue;
		size_t c = common(l);
		if (c && c < n) {
			leave(e, c);
			n -= c;
		}
		l->try_at = 2 * l->next > TRY ? 2 * l->next : TRY;
	}
	if (!end)
		return 0;
	double score = l->at[n].score;
	leave(e, n);
	start(l, score);
	return 0;
}

int seqp_lattice_drain(seq_encoder *e, bool end)
{
	const seq_vocab *v = e->v;
	bool words = v->split == &seqp_split_metaspace, whole = true;
	int rc = e->lattice ? 0 : set_up(e);
	while (rc >= 0 && e->pos < e->buf.n && whole && e->rc >= 0) {
		size_t left = e->buf.n - e->pos, n = words ? v->split->next(v, e->buf.p + e->pos, left, end) : 0;
		whole = words ? n > 0 : end;
		rc = run(e, n ? n : left, whole);
		if (rc >= 0 && words && whole)
			start(e->lattice, 0);
	}
	seqp_drop_done(e);
	if (rc >= 0 && end)
		start(e->lattice, 0);
	return rc;
}
