/* SPDX-License-Identifier: MIT */
/* Tokens spelt out in the text: the longest one at the first place where one stands. */
#include "token/encoder.h"

static const seqp_trie *trie_of(const seq_encoder *e)
{
	return e->flags & SEQ_ENCODE_SPECIAL ? &e->v->special : &e->v->user;
}

/* The longest string of t at p[0..n): its length, 0 for none; *more: the bytes end while a
 * longer one is still possible. */
static size_t match(const seqp_trie *t, const uint8_t *p, size_t n, int32_t *id, bool *more)
{
	size_t best = 0, i = 0;
	uint32_t at = 0;
	*more = false;
	for (; i < n; i++) {
		at = seqp_trie_step(t, at, p[i]);
		if (!at)
			return best;
		if (t->node[at].id >= 0) {
			best = i + 1;
			*id = t->node[at].id;
		}
	}
	*more = at && t->node[at].children;
	return best;
}

static int token(seq_encoder *e, int32_t id)
{
	int rc = seqp_normal_feed(e, NULL, 0, true);
	e->last_unk = false;
	if (rc >= 0)
		seqp_emit(e, id);
	return rc;
}

/* The first place from i on where a string of t may begin. */
static size_t candidate(const seqp_trie *t, const uint8_t *p, size_t i, size_t n)
{
	if (t->node[0].children == 1) {
		const uint8_t *at = memchr(p + i, t->node[1].byte, n - i);
		return at ? (size_t)(at - p) : n;
	}
	while (i < n && !t->first[p[i]])
		i++;
	return i;
}

/* Hands on p[0..n) as far as it is decided; *used says how far. */
static int scan(seq_encoder *e, const seqp_trie *t, const uint8_t *p, size_t n, bool end, size_t *used)
{
	size_t done = 0, i = 0;
	int rc = 0;
	while (i < n && rc >= 0 && e->rc >= 0) {
		int32_t id = -1;
		bool more = false;
		i = candidate(t, p, i, n);
		size_t len = i < n ? match(t, p + i, n - i, &id, &more) : 0;
		e->work++;
		if (more && !end)
			break;
		if (!len) {
			i += i < n;
			continue;
		}
		rc = i > done ? seqp_normal_feed(e, p + done, i - done, false) : 0;
		if (rc >= 0)
			rc = token(e, id);
		i += len;
		done = i;
	}
	if (rc >= 0 && i > done)
		rc = seqp_normal_feed(e, p + done, i - done, false);
	*used = i;
	return rc;
}

int seqp_special_feed(seq_encoder *e, const uint8_t *p, size_t n, bool end)
{
	const seqp_trie *t = trie_of(e);
	size_t used = 0;
	int rc = 0;
	if (!t->node)
		return seqp_normal_feed(e, p, n, end);
	if (e->held.n || end) {
		rc = seqp_bytes_put(&e->held, p, n, e->err);
		if (rc >= 0)
			rc = scan(e, t, e->held.p, e->held.n, end, &used);
		if (used && used < e->held.n)
			memmove(e->held.p, e->held.p + used, e->held.n - used);
		e->held.n -= used;
	} else {
		rc = scan(e, t, p, n, false, &used);
		if (rc >= 0)
			rc = seqp_bytes_put(&e->held, p + used, n - used, e->err);
	}
	return rc >= 0 && end ? seqp_normal_feed(e, NULL, 0, true) : rc;
}
