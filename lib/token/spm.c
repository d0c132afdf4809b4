/* SPDX-License-Identifier: MIT */
/* SentencePiece BPE: any two neighbours merge when what they spell together is a piece,
 * the best score first, the leftmost among equals.  Here this becomes a table of pairs, so
 * that it runs on the same merger as byte pairs with a list of merges. */
#include "token/vocab.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/half.h"
#include "token/utf8.h"

static size_t char_len(const uint8_t *p, size_t n)
{
	int32_t cp;
	return seqp_utf8(p, n, &cp);
}

static bool mergeable(const seq_vocab *v, int32_t id)
{
	return v->type[id] == SEQP_NORMAL || v->type[id] == SEQP_USER;
}

static int32_t piece_id(const seq_vocab *v, const uint8_t *p, size_t n)
{
	int32_t id = seqp_pieces_get(&v->pieces, v->piece, p, n);
	return id >= 0 && mergeable(v, id) ? id : -1;
}

int32_t seqp_spm_symbol(const seq_vocab *v, const uint8_t *p, size_t n)
{
	int32_t id = piece_id(v, p, n);
	if (id < 0 && v->extras) {
		id = seqp_pieces_get(&v->extra_table, v->extra, p, n);
		id = id < 0 ? -1 : id + (int32_t)v->n;
	}
	return id;
}

/* A better score is a smaller rank; equal scores are equal ranks. */
static uint32_t rank_of(double score)
{
	uint32_t u = seqp_f32_bits((float)score + 0.0f);
	u = u & 0x80000000u ? ~u : u | 0x80000000u;
	return u ? ~u : UINT32_MAX - 1;
}

/* Notes which characters stand side by side inside pieces: between others a cut is safe. */
static void note_joins(seq_vocab *v, const struct seqp_spelling *s)
{
	for (size_t i = char_len(s->p, s->n); i < s->n; i += char_len(s->p + i, s->n - i)) {
		uint8_t x = s->p[i - 1], y = s->p[i];
		v->joined[x][y >> 3] |= (uint8_t)(1u << (y & 7));
		if (s->n - i >= 3 && !memcmp(s->p + i, "\xe2\x96\x81", 3))
			v->joined_space[x >> 3] |= (uint8_t)(1u << (x & 7));
	}
}

static bool index_extras(seq_vocab *v)
{
	seqp_pieces_free(&v->extra_table);
	if (!seqp_pieces_init(&v->extra_table, 2 * v->extras))
		return false;
	for (size_t i = 0; i < v->extras; i++)
		seqp_pieces_put(&v->extra_table, v->extra, (int32_t)i);
	return true;
}

static int add_extra(seq_vocab *v, const uint8_t *p, size_t n, seq_error *err)
{
	if (seqp_spm_symbol(v, p, n) >= 0)
		return 0;
	if (!seqp_grow(&v->extra, &v->extra_cap, v->extras + 1, sizeof(*v->extra)))
		return seqp_nomem(err, v->extras * sizeof(*v->extra));
	v->extra[v->extras++] = (struct seqp_spelling){p, (uint32_t)n};
	if (v->extra_table.slot && 2 * v->extras <= v->extra_table.mask)
		seqp_pieces_put(&v->extra_table, v->extra, (int32_t)v->extras - 1);
	else if (!index_extras(v))
		return seqp_nomem(err, v->extras * 16);
	return 0;
}

static int add_extras(seq_vocab *v, const struct seqp_spelling *s, seq_error *err)
{
	int rc = 0;
	for (size_t i = 0, n; i < s->n && !rc; i += n) {
		n = char_len(s->p + i, s->n - i);
		rc = add_extra(v, s->p + i, n, err);
	}
	return rc;
}

static int add_pairs(seq_vocab *v, int32_t id, seq_error *err)
{
	const struct seqp_spelling *s = &v->piece[id];
	uint32_t rank = rank_of(v->score[id]);
	for (size_t i = char_len(s->p, s->n); i < s->n; i += char_len(s->p + i, s->n - i)) {
		int32_t l = i == char_len(s->p, s->n) ? seqp_spm_symbol(v, s->p, i) : piece_id(v, s->p, i);
		size_t rest = s->n - i;
		int32_t r = char_len(s->p + i, rest) == rest ? seqp_spm_symbol(v, s->p + i, rest) : piece_id(v, s->p + i, rest);
		if (l >= 0 && r >= 0 && !seqp_pairs_put(&v->pairs, l, r, rank, id))
			return seqp_nomem(err, (v->pairs.mask + 1) * 32);
	}
	return 0;
}

int seqp_spm_prepare(seq_vocab *v, seq_error *err)
{
	int rc = 0;
	for (size_t i = 0; i < v->n; i++)
		if (mergeable(v, (int32_t)i))
			note_joins(v, &v->piece[i]);
	if (v->kind != SEQP_SPM || v->pairs.used) /* a list of merges came with the file */
		return 0;
	for (size_t i = 0; i < v->n && !rc; i++)
		if (mergeable(v, (int32_t)i) && v->piece[i].n > 1)
			rc = add_extras(v, &v->piece[i], err);
	for (size_t i = 0; i < v->n && !rc; i++)
		if (mergeable(v, (int32_t)i))
			rc = add_pairs(v, (int32_t)i, err);
	return rc;
}

/* --- where a text may be cut ---------------------------------------------------- */

static bool safe_cut(const seq_vocab *v, uint8_t x, const uint8_t *next, bool space)
{
	if (space)
		return !(v->joined_space[x >> 3] >> (x & 7) & 1);
	return !(v->joined[x][next[0] >> 3] >> (next[0] & 7) & 1);
}

/* Up to the first place that no piece crosses. */
static size_t next_spm(const seq_vocab *v, const uint8_t *p, size_t n, bool end)
{
	for (size_t i = char_len(p, n); i < n; i += char_len(p + i, n - i)) {
		bool may_be_space = p[i] == 0xe2;
		if (may_be_space && n - i < 3 && !end)
			return 0;
		if (safe_cut(v, p[i - 1], p + i, may_be_space && n - i >= 3 && p[i + 1] == 0x96 && p[i + 2] == 0x81))
			return i;
	}
	return end ? n : 0;
}

seqp_split seqp_split_spm = {" ", NULL, next_spm, 0, NULL};

/* Up to the next U+2581 that does not stand first. */
static size_t next_metaspace(const seq_vocab *v, const uint8_t *p, size_t n, bool end)
{
	(void)v;
	for (size_t i = 1; i < n; i++) {
		if (p[i] != 0xe2)
			continue;
		if (n - i < 3 && !end)
			return 0;
		if (n - i >= 3 && p[i + 1] == 0x96 && p[i + 2] == 0x81)
			return i;
	}
	return end ? n : 0;
}

seqp_split seqp_split_metaspace = {" ", NULL, next_metaspace, 0, NULL};
