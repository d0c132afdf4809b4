/* SPDX-License-Identifier: MIT */
/* Words of byte pair vocabularies: cut, looked up among the words met before, merged. */
#include "token/lattice.h"

#include "base/fail.h"
#include "token/utf8.h"

size_t seqp_window = SEQP_WINDOW;

/* The word's symbols into the merger; their number. */
static size_t symbols_of_bytes(seq_encoder *e, const uint8_t *p, size_t n)
{
	seqp_merger *m = &e->merger;
	for (size_t i = 0; i < n; i++) {
		m->id[i] = e->v->byte_id[p[i]];
		m->at[i] = (uint32_t)i;
	}
	m->at[n] = (uint32_t)n;
	return n;
}

static size_t symbols_of_chars(seq_encoder *e, const uint8_t *p, size_t n)
{
	seqp_merger *m = &e->merger;
	size_t k = 0;
	for (size_t i = 0, len; i < n; i += len, k++) {
		int32_t cp;
		len = seqp_utf8(p + i, n - i, &cp);
		m->id[k] = seqp_spm_symbol(e->v, p + i, len);
		m->at[k] = (uint32_t)i;
	}
	m->at[k] = (uint32_t)n;
	return k;
}

static void emit_symbols(seq_encoder *e, const uint8_t *p, size_t k)
{
	const seqp_merger *m = &e->merger;
	for (size_t i = 0; i < k; i++) {
		if (m->id[i] < 0 || (size_t)m->id[i] >= e->v->n) {
			seqp_emit_bytes(e, p + m->at[i], m->at[i + 1] - m->at[i]);
			continue;
		}
		seqp_emit(e, m->id[i]);
		e->last_unk = false;
	}
}

/* The word in stand-ins, as the vocabulary spells it; 0: longer than any piece may be. */
static size_t spell(seq_encoder *e, const uint8_t *p, size_t n)
{
	size_t k = 0;
	if (!e->v->byte_level || n > sizeof(e->spelt) / 2)
		return 0;
	for (size_t i = 0; i < n; i++)
		k += seqp_stand_in(p[i], e->spelt + k);
	return k;
}

/* Encodes a word that is not in the cache. */
static int merge_word(seq_encoder *e, const uint8_t *p, size_t n)
{
	const seq_vocab *v = e->v;
	e->work += n;
	if (v->kind == SEQP_WORDPIECE) {
		seqp_wordpiece(e, p, n);
		return 0;
	}
	int32_t whole = v->ignore_merges ? seqp_pieces_get(&v->pieces, v->piece, e->spelt, spell(e, p, n)) : -1;
	if (whole >= 0 && v->type[whole] == SEQP_NORMAL) {
		seqp_emit(e, whole);
		return 0;
	}
	if (!seqp_merger_room(&e->merger, n))
		return seqp_nomem(e->err, n * 48);
	size_t k = v->byte_level ? symbols_of_bytes(e, p, n) : symbols_of_chars(e, p, n);
	k = seqp_merge(&v->pairs, &e->merger, k);
	emit_symbols(e, p, k);
	return 0;
}

/* The word's bytes, zeros behind them; 24 can be read at p. */
static void key_of(uint64_t key[3], const uint8_t *p, size_t n)
{
	static const uint8_t ones[48] = {
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
	uint64_t mask[3];
	memcpy(mask, ones + 24 - n, sizeof(mask));
	memcpy(key, p, sizeof(mask));
	for (int i = 0; i < 3; i++)
		key[i] &= mask[i];
}

static size_t place_of(const uint64_t key[3], size_t n)
{
	uint64_t h = (key[0] ^ n) * 0x9e3779b97f4a7c15ull;
	h = (h ^ h >> 32 ^ key[1]) * 0xff51afd7ed558ccdull;
	h = (h ^ h >> 32 ^ key[2]) * 0xc4ceb9fe1a85ec53ull;
	return (size_t)(h >> 40) % SEQP_CACHE;
}

static bool recall(seq_encoder *e, const struct seqp_cached *c, const uint64_t key[3], size_t n)
{
	if (c->len != n || c->key[0] != key[0] || c->key[1] != key[1] || c->key[2] != key[2])
		return false;
	if (e->outs + SEQP_CACHED_IDS > SEQP_OUT)
		seqp_flush(e);
	memcpy(e->out + e->outs, c->id, sizeof(c->id));
	e->outs += c->ids;
	e->last_unk = false;
	return true;
}

/* Only a word whose ids all still stand in e->out can be remembered. */
static void remember(seq_encoder *e, struct seqp_cached *c, const uint64_t key[3], size_t n, size_t before)
{
	size_t ids = e->outs - before;
	if (e->outs <= before || ids > SEQP_CACHED_IDS || e->last_unk)
		return;
	memcpy(c->key, key, sizeof(c->key));
	c->len = (uint8_t)n;
	c->ids = (uint8_t)ids;
	memcpy(c->id, e->out + before, ids * sizeof(*c->id));
}

static int word(seq_encoder *e, const uint8_t *p, size_t n)
{
	uint64_t key[3];
	if (e->v->kind == SEQP_WORDPIECE && p[0] == ' ')
		return 0;
	if (n > sizeof(key))
		return merge_word(e, p, n);
	key_of(key, p, n);
	struct seqp_cached *c = &e->cache[place_of(key, n)];
	if (recall(e, c, key, n))
		return 0;
	if (e->outs + n > SEQP_OUT)
		seqp_flush(e);
	size_t before = e->outs;
	int rc = merge_word(e, p, n);
	if (rc >= 0)
		remember(e, c, key, n, before);
	return rc;
}

void seqp_drop_done(seq_encoder *e)
{
	memmove(e->buf.p, e->buf.p + e->pos, e->buf.n - e->pos);
	e->buf.n -= e->pos;
	e->pos = 0;
}

size_t seqp_tail(const uint8_t *p, size_t n, size_t least)
{
	size_t k = least < n ? least : n;
	for (size_t j = 1; j <= 3 && k + j <= n; j++) {
		int32_t cp;
		if (p[n - k - j] >= 0xc2 && seqp_utf8(p + n - k - j, k + j, &cp) > j)
			return k + j;
	}
	return k;
}

/* Where the character that holds byte `least` ends. */
static size_t head(const uint8_t *p, size_t n, size_t least)
{
	size_t i = 0;
	for (int32_t cp; i < least && i < n;)
		i += seqp_utf8(p + i, n - i, &cp);
	return i;
}

/* A word longer than the window: the bytes behind its first ones go on to the lattice, which
 * needs no more than a few pieces at once.  The first and the last stay for the splitter. */
static int part_of_long(seq_encoder *e)
{
	const seq_vocab *v = e->v;
	uint8_t *p = e->buf.p + e->pos;
	size_t left = e->buf.n - e->pos, h = e->in_long ? e->head : head(p, left, v->split->head);
	size_t upto = left - seqp_tail(p, left, 16), from = e->in_long ? h : 0;
	if (v->split->sure)
		upto = v->split->sure(p, upto, h, false);
	if (upto <= h)
		return 0;
	int rc = e->lattice || v->kind == SEQP_WORDPIECE ? 0 : seqp_lattice_new(e);
	if (rc >= 0 && v->kind != SEQP_WORDPIECE)
		rc = seqp_lattice_run(e, p + from, upto - from, false);
	e->in_long = true;
	if (v->split->sure)
		v->split->sure(p, upto, h, true);
	/* Bytes that began no character must not begin one with what follows now, nor end one with what is
	 * before: 0xff does neither. */
	size_t loose = seqp_utf8_tail(p, h);
	memset(p + h - loose, 0xff, loose);
	e->head = h;
	memmove(p + h, p + upto, left - upto);
	e->buf.n -= upto - h;
	return rc;
}

static int end_of_long(seq_encoder *e, const uint8_t *p, size_t n)
{
	size_t h = e->head;
	e->in_long = false;
	if (e->v->kind == SEQP_WORDPIECE)
		return word(e, p, n);
	return seqp_lattice_run(e, p + h, n > h ? n - h : 0, true);
}

int seqp_words_drain(seq_encoder *e, bool end)
{
	const seq_vocab *v = e->v;
	int rc = 0;
	while (e->pos < e->buf.n && rc >= 0 && e->rc >= 0) {
		size_t left = e->buf.n - e->pos;
		if (left < e->retry && !end)
			break;
		size_t n = v->split->next(v, e->buf.p + e->pos, left, end);
		if (!n) {
			rc = left >= seqp_window ? part_of_long(e) : 0;
			left = e->buf.n - e->pos;
			e->retry = left + left / 8 + 1;
			break;
		}
		e->retry = 0;
		rc = e->in_long ? end_of_long(e, e->buf.p + e->pos, n) : word(e, e->buf.p + e->pos, n);
		e->pos += n;
	}
	if (end)
		e->retry = 0;
	seqp_drop_done(e);
	return rc;
}
