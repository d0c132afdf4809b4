/* SPDX-License-Identifier: MIT */
/* The vocabulary in a GGUF file: keys tokenizer.ggml.*. */
#include "base/fail.h"
#include "tensor/gguf.h"
#include "token/vocab.h"

#define KEY(s) "tokenizer.ggml." s

static bool is(seqp_slice s, const char *name)
{
	return s.p && s.n == strlen(name) && !memcmp(s.p, name, s.n);
}

static int read_pieces(seq_vocab *v, const seqp_gguf *g, seq_error *err)
{
	seqp_gguf_iter t = seqp_gguf_each(seqp_gguf_find(g, KEY("tokens")));
	seqp_gguf_iter s = seqp_gguf_each(seqp_gguf_find(g, KEY("scores")));
	seqp_gguf_iter k = seqp_gguf_each(seqp_gguf_find(g, KEY("token_type")));
	int rc = seqp_vocab_room(v, t.left < SEQP_MAX_VOCAB ? t.left : SEQP_MAX_VOCAB, err);
	for (seqp_slice piece; rc >= 0 && seqp_gguf_next_str(&t, &piece);) {
		double score = 0;
		int64_t type = SEQP_NORMAL;
		seqp_gguf_next_float(&s, &score);
		seqp_gguf_next_int(&k, &type);
		rc = seqp_vocab_add(v, piece.p, piece.n, type > 0 && type < 7 ? (int)type : SEQP_NORMAL, score, err);
	}
	return rc < 0 ? rc : seqp_vocab_index(v, err);
}

/* Each merge is "left right"; a piece never has a blank inside. */
static int read_merges(seq_vocab *v, const seqp_gguf *g, seq_error *err)
{
	const seqp_gguf_value *m = seqp_gguf_find(g, KEY("merges"));
	seqp_gguf_iter it = seqp_gguf_each(m);
	uint32_t rank = 0;
	int rc = 0;
	if (!seqp_pairs_init(&v->pairs, m ? m->count : 0))
		return seqp_nomem(err, m ? m->count : 0);
	for (seqp_slice s; rc >= 0 && seqp_gguf_next_str(&it, &s); rank++) {
		const char *gap = s.n > 1 ? memchr(s.p + 1, ' ', s.n - 1) : NULL;
		if (!gap)
			return seqp_fail(err, SEQ_E_FORMAT, KEY("merges") ": merge %u has no blank", rank);
		rc = seqp_vocab_merge(v, s.p, (size_t)(gap - s.p), gap + 1, s.n - (size_t)(gap - s.p) - 1, rank, err);
	}
	return rc;
}

static int32_t id_key(const seqp_gguf *g, const char *key)
{
	int64_t id = seqp_gguf_int(g, key, -1);
	return id >= 0 && id < SEQP_MAX_VOCAB ? (int32_t)id : -1;
}

static int as_spm(seq_vocab *v, const seqp_gguf *g, seq_error *err)
{
	(void)err;
	v->space_prefix = v->strip_first = seqp_gguf_bool(g, KEY("add_space_prefix"), true);
	v->escape_space = true;
	v->adds_bos = true;
	v->split = &seqp_split_spm;
	return 0;
}

static int as_bpe(seq_vocab *v, const seqp_gguf *g, seq_error *err)
{
	seqp_slice pre = seqp_gguf_str(g, KEY("pre"));
	if (!pre.p)
		pre = (seqp_slice){"default", 7};
	v->split = seqp_split_named(pre.p, pre.n);
	if (!v->split)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, KEY("pre") ": no splitter is named '%.*s'", (int)(pre.n < 60 ? pre.n : 60), pre.p);
	v->byte_level = true;
	v->ignore_merges = v->split == &seqp_split_llama3;
	v->adds_bos = v->split == &seqp_split_llama3;
	v->nfc = v->split == &seqp_split_qwen2;
	v->space_prefix = seqp_gguf_bool(g, KEY("add_space_prefix"), false);
	return read_merges(v, g, err);
}

static int as_wordpiece(seq_vocab *v, const seqp_gguf *g, seq_error *err)
{
	(void)g;
	(void)err;
	v->word_prefix = "\xe2\x96\x81";
	v->inner_prefix = "";
	v->max_word = 100;
	v->clean = v->cjk_spaces = v->lower = v->strip_accents = v->strip_first = true;
	v->adds_bos = v->adds_eos = true;
	v->split = &seqp_split_bert;
	return 0;
}

static int as_unigram(seq_vocab *v, const seqp_gguf *g, seq_error *err)
{
	const seqp_gguf_value *map = seqp_gguf_find(g, KEY("precompiled_charsmap"));
	v->space_prefix = v->strip_first = seqp_gguf_bool(g, KEY("add_space_prefix"), true);
	v->escape_space = v->fuse_unk = true;
	v->adds_eos = true;
	v->split = &seqp_split_spm;
	return seqp_vocab_plain(map && map->bytes, seqp_gguf_bool(g, KEY("remove_extra_whitespaces"), true), err);
}

/* Pieces are spelt as in Python source. */
static int as_rwkv(seq_vocab *v, const seqp_gguf *g, seq_error *err)
{
	(void)g;
	for (size_t i = 0; i < v->n; i++) {
		if (v->type[i] != SEQP_NORMAL)
			continue;
		char *s = seqp_arena_strdup(&v->arena, (const char *)v->piece[i].p, v->piece[i].n);
		if (!s)
			return seqp_nomem(err, v->piece[i].n);
		size_t n = seqp_unescape((uint8_t *)s, v->piece[i].n, true);
		if (n == SIZE_MAX)
			return seqp_fail(err, SEQ_E_FORMAT, KEY("tokens") ": token %zu ends in a broken escape", i);
		v->text[i] = (struct seqp_spelling){(uint8_t *)s, (uint32_t)n};
	}
	return 0;
}

static const struct row {
	const char *name;
	enum seqp_kind kind;
	int (*setup)(seq_vocab *v, const seqp_gguf *g, seq_error *err);
} rows[] = {
	{"llama", SEQP_SPM, as_spm},           {"gpt2", SEQP_BPE, as_bpe},       {"bert", SEQP_WORDPIECE, as_wordpiece},
	{"t5", SEQP_UNIGRAM, as_unigram},      {"rwkv", SEQP_RWKV, as_rwkv},
};

static const struct row *find_row(seqp_slice name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

static void special_ids(seq_vocab *v, const seqp_gguf *g)
{
	v->bos = id_key(g, KEY("bos_token_id"));
	v->eos = id_key(g, KEY("eos_token_id"));
	v->unk = id_key(g, KEY("unknown_token_id"));
	if (v->kind == SEQP_WORDPIECE) {
		v->bos = v->bos < 0 ? id_key(g, KEY("cls_token_id")) : v->bos;
		v->eos = v->eos < 0 ? id_key(g, KEY("seperator_token_id")) : v->eos;
	}
	v->adds_bos = seqp_gguf_bool(g, KEY("add_bos_token"), v->adds_bos);
	v->adds_eos = seqp_gguf_bool(g, KEY("add_eos_token"), v->adds_eos);
}

/* Ends of a turn or message that the file names beside eos. */
static void more_ends(seq_vocab *v, const seqp_gguf *g)
{
	static const char *const keys[] = {KEY("eot_token_id"), KEY("eom_token_id")};
	for (size_t i = 0; i < 2; i++) {
		int32_t id = id_key(g, keys[i]);
		if (id >= 0 && (size_t)id < v->n)
			v->ends[id] = 1;
	}
}

static int fill(seq_vocab *v, const struct row *row, const seqp_gguf *g, seq_error *err)
{
	int rc = read_pieces(v, g, err);
	if (rc >= 0)
		rc = row->setup(v, g, err);
	special_ids(v, g);
	if (rc >= 0)
		rc = seqp_vocab_finish(v, err);
	if (rc >= 0)
		more_ends(v, g);
	return rc;
}

static int read(seq_vocab **out, const seqp_gguf *g, seq_error *err)
{
	seqp_slice name = seqp_gguf_str(g, KEY("model"));
	const struct row *row = find_row(name);
	seq_vocab *v;
	if (!row)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, KEY("model") ": no tokenizer is named '%.*s'",
		                 (int)(name.n < 60 ? name.n : 60), name.p ? name.p : "");
	int rc = seqp_vocab_new(&v, row->kind, err);
	if (rc < 0)
		return rc;
	rc = fill(v, row, g, err);
	if (rc < 0) {
		seq_vocab_free(v);
		return rc;
	}
	*out = v;
	return 0;
}

int seqp_vocab_read_gguf(seq_vocab **out, const void *data, size_t size, seq_error *err)
{
	seqp_gguf *g;
	int rc = seqp_gguf_open(&g, data, size, err);
	if (rc < 0)
		return rc;
	rc = read(out, g, err);
	seqp_gguf_free(g);
	return rc;
}
