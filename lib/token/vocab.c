/* SPDX-License-Identifier: MIT */
#include "token/vocab.h"

#include <stdlib.h>

#include "base/fail.h"
#include "token/category.h"

int seqp_vocab_new(seq_vocab **out, enum seqp_kind kind, seq_error *err)
{
	seq_vocab *v = seqp_alloc(1, sizeof(*v));
	if (!v)
		return seqp_nomem(err, sizeof(*v));
	v->kind = kind;
	seqp_category(0); /* the splitters take what is ASCII from its block as they find it */
	v->bos = v->eos = v->unk = -1;
	memset(v->byte_id, 0xff, sizeof(v->byte_id));
	*out = v;
	return 0;
}

void seq_vocab_free(seq_vocab *v)
{
	if (!v)
		return;
	seqp_arena_free(&v->arena);
	free(v->piece);
	free(v->text);
	free(v->type);
	free(v->ends);
	free(v->score);
	free(v->extra);
	free(v->merges);
	seqp_pieces_free(&v->pieces);
	seqp_pieces_free(&v->extra_table);
	seqp_pairs_free(&v->pairs);
	seqp_trie_free(&v->trie);
	seqp_trie_free(&v->user);
	seqp_trie_free(&v->special);
	free(v);
}

int seqp_vocab_room(seq_vocab *v, size_t n, seq_error *err)
{
	size_t cap[4] = {v->cap, v->cap, v->cap, v->cap};
	if (n <= v->cap)
		return 0;
	if (seqp_grow(&v->text, &cap[0], n, sizeof(*v->text)) && seqp_grow(&v->type, &cap[1], n, 1) &&
	    seqp_grow(&v->ends, &cap[2], n, 1) && seqp_grow(&v->score, &cap[3], n, sizeof(*v->score)) &&
	    seqp_grow(&v->piece, &v->cap, n, sizeof(*v->piece)))
		return 0;
	return seqp_nomem(err, n * sizeof(*v->piece));
}

int seqp_vocab_add(seq_vocab *v, const char *piece, size_t len, int type, double score, seq_error *err)
{
	if (v->n >= SEQP_MAX_VOCAB)
		return seqp_fail(err, SEQ_E_FORMAT, "more than %d tokens", SEQP_MAX_VOCAB);
	if (len > SEQP_MAX_PIECE)
		return seqp_fail(err, SEQ_E_FORMAT, "token %zu is %zu bytes long", v->n, len);
	char *copy = seqp_arena_strdup(&v->arena, piece, len);
	if (!copy)
		return seqp_nomem(err, len);
	int rc = seqp_vocab_room(v, v->n + 1, err);
	if (rc < 0)
		return rc;
	v->piece[v->n] = v->text[v->n] = (struct seqp_spelling){(const uint8_t *)copy, (uint32_t)len};
	v->type[v->n] = type >= SEQP_NORMAL && type <= SEQP_BYTE ? (uint8_t)type : SEQP_NORMAL;
	v->ends[v->n] = 0;
	v->score[v->n] = score;
	v->n++;
	return 0;
}

int seqp_vocab_plain(bool charsmap, bool squeezes_blanks, seq_error *err)
{
	if (charsmap)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "compiled normalisation rules (precompiled_charsmap) are not supported");
	if (squeezes_blanks)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "a tokenizer that takes out blanks (remove_extra_whitespaces) is not supported");
	return 0;
}

int seqp_vocab_index(seq_vocab *v, seq_error *err)
{
	if (!v->n)
		return seqp_fail(err, SEQ_E_FORMAT, "the vocabulary is empty");
	if (!seqp_pieces_init(&v->pieces, v->n))
		return seqp_nomem(err, v->n * 8);
	for (size_t i = 0; i < v->n; i++)
		seqp_pieces_put(&v->pieces, v->piece, (int32_t)i);
	return 0;
}

/* --- the bytes of each piece ---------------------------------------------- */

static int hex(int c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int byte_of_piece(const struct seqp_spelling *s)
{
	if (s->n != 6 || memcmp(s->p, "<0x", 3) || s->p[5] != '>')
		return -1;
	int a = hex(s->p[3]), b = hex(s->p[4]);
	return a < 0 || b < 0 ? -1 : a << 4 | b;
}

static void find_bytes(seq_vocab *v)
{
	v->has_bytes = v->kind != SEQP_WORDPIECE;
	for (int b = 0; b < 256; b++) {
		uint8_t s[2];
		if (v->byte_level)
			v->byte_id[b] = seqp_pieces_get(&v->pieces, v->piece, s, seqp_stand_in((uint8_t)b, s));
		if (v->byte_id[b] < 0)
			v->has_bytes = false;
	}
}

/* The <0xNN> pieces. */
static int mark_byte_pieces(seq_vocab *v, seq_error *err)
{
	for (size_t i = 0; i < v->n; i++) {
		int b = v->type[i] == SEQP_BYTE ? byte_of_piece(&v->piece[i]) : -1;
		if (b < 0)
			continue;
		char c = (char)b, *one = seqp_arena_strdup(&v->arena, &c, 1);
		if (!one)
			return seqp_nomem(err, 1);
		v->text[i] = (struct seqp_spelling){(uint8_t *)one, 1};
		if (v->byte_id[b] < 0)
			v->byte_id[b] = (int32_t)i;
	}
	return 0;
}

/* U+2581 -> blank; room for the result is the piece's own. */
static size_t unescape(const struct seqp_spelling *s, uint8_t *to)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n;) {
		if (i + 3 <= s->n && !memcmp(s->p + i, "\xe2\x96\x81", 3)) {
			to[n++] = ' ';
			i += 3;
		} else {
			to[n++] = s->p[i++];
		}
	}
	return n;
}

/* A word begins with a blank, its inner pieces do not. */
static size_t word_text(const seq_vocab *v, const struct seqp_spelling *s, uint8_t *to)
{
	size_t wp = strlen(v->word_prefix), ip = strlen(v->inner_prefix), n = 0, skip = 0;
	bool inner = ip ? s->n > ip && !memcmp(s->p, v->inner_prefix, ip) : s->n < wp || memcmp(s->p, v->word_prefix, wp);
	skip = inner ? ip : wp;
	if (!inner)
		to[n++] = ' ';
	memcpy(to + n, s->p + skip, s->n - skip);
	return n + s->n - skip;
}

static bool text_of(seq_vocab *v, size_t i, uint8_t *to, size_t *n)
{
	const struct seqp_spelling *s = &v->piece[i];
	if (v->type[i] != SEQP_NORMAL && v->type[i] != SEQP_UNUSED && (v->type[i] != SEQP_USER || !v->escape_space))
		return false;
	if (v->byte_level)
		return seqp_stand_ins_undo(s->p, s->n, to, n);
	if (v->kind == SEQP_WORDPIECE)
		return *n = word_text(v, s, to), true;
	if (v->escape_space && memmem(s->p, s->n, "\xe2\x96\x81", 3))
		return *n = unescape(s, to), true;
	return false;
}

static int make_texts(seq_vocab *v, seq_error *err)
{
	static _Thread_local uint8_t to[SEQP_MAX_PIECE + 16];
	for (size_t i = 0; i < v->n; i++) {
		size_t n = 0;
		if (!text_of(v, i, to, &n) || (n == v->piece[i].n && !memcmp(to, v->piece[i].p, n)))
			continue;
		char *copy = seqp_arena_strdup(&v->arena, (char *)to, n);
		if (!copy)
			return seqp_nomem(err, n);
		v->text[i] = (struct seqp_spelling){(uint8_t *)copy, (uint32_t)n};
	}
	return mark_byte_pieces(v, err);
}

/* --- tries ------------------------------------------------------------------ */

static bool wanted(const seq_vocab *v, size_t i, int what)
{
	int t = v->type[i];
	if (!v->piece[i].n)
		return false;
	if (what == 0) /* the model's own pieces */
		return v->kind == SEQP_RWKV || t == SEQP_NORMAL || t == SEQP_USER;
	if (v->kind == SEQP_RWKV)
		return what == 2 && t == SEQP_CONTROL;
	return t == SEQP_USER || (what == 2 && t == SEQP_CONTROL);
}

static int make_trie(seq_vocab *v, seqp_trie *t, int what, seq_error *err)
{
	int32_t *id = NULL;
	size_t n = 0, cap = 0;
	bool ok = true;
	for (size_t i = 0; ok && i < v->n; i++)
		if (wanted(v, i, what) && (ok = seqp_grow(&id, &cap, n + 1, sizeof(*id))))
			id[n++] = (int32_t)i;
	/* A piece recognised in the text is spelt there with blanks. */
	bool texts = (v->kind == SEQP_RWKV && !what) || (v->escape_space && what);
	ok = ok && seqp_trie_build(t, texts ? v->text : v->piece, id, n);
	free(id);
	return ok ? 0 : seqp_nomem(err, v->n * sizeof(*id));
}

static int make_tries(seq_vocab *v, seq_error *err)
{
	int rc = 0;
	if (v->kind == SEQP_UNIGRAM || v->kind == SEQP_RWKV || v->kind == SEQP_WORDPIECE)
		rc = make_trie(v, &v->trie, 0, err);
	if (!rc && v->kind != SEQP_UNIGRAM)
		rc = make_trie(v, &v->user, 1, err);
	if (!rc)
		rc = make_trie(v, &v->special, 2, err);
	return rc;
}

static void find_range(seq_vocab *v)
{
	bool any = false;
	for (size_t i = 0; i < v->n; i++) {
		if (v->type[i] != SEQP_NORMAL)
			continue;
		if (!any || v->score[i] < v->min_score)
			v->min_score = v->score[i];
		if (!any || v->score[i] > v->max_score)
			v->max_score = v->score[i];
		any = true;
	}
}

int seqp_vocab_finish(seq_vocab *v, seq_error *err)
{
	int32_t *special[] = {&v->bos, &v->eos, &v->unk};
	for (int i = 0; i < 3; i++)
		if (*special[i] >= (int64_t)v->n)
			*special[i] = -1;
	if (!v->pairs.slot && !seqp_pairs_init(&v->pairs, 0))
		return seqp_nomem(err, 256);
	int rc = seqp_vocab_merges_flush(v, err);
	if (rc < 0 || (rc = make_texts(v, err)) < 0)
		return rc;
	find_bytes(v);
	find_range(v);
	seqp_vocab_mark_ends(v);
	rc = make_tries(v, err);
	if (!rc && !v->byte_level && (v->kind == SEQP_SPM || v->kind == SEQP_BPE))
		rc = seqp_spm_prepare(v, err);
	return rc;
}

void seqp_vocab_mark_ends(seq_vocab *v)
{
	static const char *const ends[] = {
		"<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|eom_id|>", "<|end_of_text|>",
		"<|EOT|>", "<EOT>", "_<EOT>", "<|end_of_turn|>", ("<\xef\xbd\x9c" "end\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>"),
	};
	if (v->eos >= 0)
		v->ends[v->eos] = 1;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		int32_t id = seq_vocab_find(v, ends[i], strlen(ends[i]));
		if (id >= 0 && v->type[id] != SEQP_NORMAL)
			v->ends[id] = 1;
	}
}

/* --- what the outside asks ---------------------------------------------------- */

size_t seq_vocab_size(const seq_vocab *v)
{
	return v->n;
}

const char *seq_vocab_kind(const seq_vocab *v)
{
	static const char *const name[] = {"bpe", "spm", "unigram", "wordpiece", "rwkv"};
	return name[v->kind];
}

int32_t seq_vocab_bos(const seq_vocab *v)
{
	return v->bos;
}

int32_t seq_vocab_eos(const seq_vocab *v)
{
	return v->eos;
}

int seq_vocab_is_end(const seq_vocab *v, int32_t id)
{
	return id >= 0 && (size_t)id < v->n && v->ends[id];
}

int seq_vocab_is_special(const seq_vocab *v, int32_t id)
{
	return id >= 0 && (size_t)id < v->n && (v->type[id] == SEQP_CONTROL || v->type[id] == SEQP_UNKNOWN);
}

int seq_vocab_adds_bos(const seq_vocab *v)
{
	return v->adds_bos && v->bos >= 0;
}

int seq_vocab_adds_eos(const seq_vocab *v)
{
	return v->adds_eos && v->eos >= 0;
}

int32_t seq_vocab_find(const seq_vocab *v, const char *piece, size_t len)
{
	return seqp_pieces_get(&v->pieces, v->piece, (const uint8_t *)piece, len);
}
