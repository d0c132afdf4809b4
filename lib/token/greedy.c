/* SPDX-License-Identifier: MIT */
/* What takes the longest piece that fits: RWKV over the bytes of the text, WordPiece over one word. */
#include "token/encoder.h"
#include "token/utf8.h"

/* The longest string of t below node `at` that p[0..n) begins with; *more: the bytes end while a longer one is
 * possible. */
static size_t longest(seq_encoder *e, uint32_t at, const uint8_t *p, size_t n, int32_t *id, bool *more)
{
	const seqp_trie *t = &e->v->trie;
	size_t best = 0, i = 0;
	for (; i < n && (at = seqp_trie_step(t, at, p[i])); i++)
		if (t->node[at].id >= 0) {
			best = i + 1;
			*id = t->node[at].id;
		}
	e->work += i + 1;
	*more = i == n && t->node && t->node[at].children;
	return best;
}

int seqp_greedy_drain(seq_encoder *e, bool end)
{
	while (e->pos < e->buf.n && e->rc >= 0) {
		const uint8_t *p = e->buf.p + e->pos;
		int32_t id = -1;
		bool more = false;
		size_t n = longest(e, 0, p, e->buf.n - e->pos, &id, &more);
		if (more && !end)
			break;
		if (n)
			seqp_emit(e, id);
		else
			seqp_emit_bytes(e, p, n = 1);
		e->pos += n;
	}
	seqp_drop_done(e);
	return 0;
}

/* The node that the prefix of a piece leads to; UINT32_MAX: none. */
static uint32_t walk(const seqp_trie *t, const char *prefix)
{
	uint32_t at = 0;
	for (; *prefix; prefix++)
		if (!(at = seqp_trie_step(t, at, (uint8_t)*prefix)))
			return UINT32_MAX;
	return at;
}

static size_t characters(const uint8_t *p, size_t n)
{
	size_t k = 0;
	for (size_t i = 0; i < n; i++)
		k += (p[i] & 0xc0) != 0x80;
	return k;
}

static void unknown(seq_encoder *e)
{
	if (e->v->unk >= 0)
		seqp_emit(e, e->v->unk);
}

/* A word that cannot be covered, or is too long, is one unknown. */
void seqp_wordpiece(seq_encoder *e, const uint8_t *p, size_t n)
{
	const seq_vocab *v = e->v;
	uint32_t first = walk(&v->trie, v->word_prefix), inner = walk(&v->trie, v->inner_prefix);
	size_t ids = 0, wp = strlen(v->word_prefix);
	int32_t id[400];
	if (characters(p, n) > v->max_word || n > 400) {
		unknown(e);
		return;
	}
	for (size_t i = 0, len; i < n; i += len) {
		uint32_t at = i ? inner : first;
		bool more, not_inner = i && !*v->inner_prefix && wp && n - i >= wp && !memcmp(p + i, v->word_prefix, wp);
		len = at == UINT32_MAX || not_inner ? 0 : longest(e, at, p + i, n - i, &id[ids], &more);
		if (!len) {
			unknown(e);
			return;
		}
		ids++;
	}
	for (size_t i = 0; i < ids; i++)
		seqp_emit(e, id[i]);
}
