/* SPDX-License-Identifier: MIT */
/* tokenizer.json: the pieces of a BPE, Unigram or WordPiece model, its added tokens and special
 * ids.  What surrounds the model (normaliser, splitter, decoder) is read in json_parts.c. */
#include "token/json_parts.h"

#include <stdlib.h>

#include "base/fail.h"

static int bad(seq_error *err, const char *what)
{
	return seqp_fail(err, SEQ_E_FORMAT, "tokenizer.json: %s", what);
}

const char *seqp_json_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

/* --- pieces by id: the file lists them in any order, and may leave some out --------- */

struct slot {
	const json_t *added; /* an added token */
	const char *piece;   /* or one of the model */
	size_t len;
	double score;
	bool there;
};

struct slots {
	struct slot *at;
	size_t n, cap;
};

static struct slot *slot_of(struct slots *s, json_int_t id, seq_error *err)
{
	if (id < 0 || id >= SEQP_MAX_VOCAB) {
		bad(err, "an id is out of range");
		return NULL;
	}
	if (!seqp_grow(&s->at, &s->cap, (size_t)id + 1, sizeof(*s->at))) {
		seqp_nomem(err, (size_t)id * sizeof(*s->at));
		return NULL;
	}
	while (s->n <= (size_t)id)
		s->at[s->n++] = (struct slot){0};
	return &s->at[id];
}

static int take_object(struct slots *s, json_t *vocab, seq_error *err)
{
	const char *key;
	size_t len;
	json_t *id;
	/* Ids far above the number of pieces would only cost memory. */
	json_int_t most = (json_int_t)json_object_size(vocab) * 4 + 65536;
	json_object_keylen_foreach(vocab, key, len, id) {
		if (!json_is_integer(id) || json_integer_value(id) > most)
			return bad(err, "model.vocab: an id is no small integer");
		struct slot *at = slot_of(s, json_integer_value(id), err);
		if (!at)
			return SEQ_E_FORMAT;
		*at = (struct slot){NULL, key, len, 0, true};
	}
	return 0;
}

static int take_array(struct slots *s, const json_t *vocab, seq_error *err)
{
	for (size_t i = 0; i < json_array_size(vocab); i++) {
		const json_t *pair = json_array_get(vocab, i), *piece = json_array_get(pair, 0), *score = json_array_get(pair, 1);
		struct slot *at = json_is_string(piece) && json_is_number(score) ? slot_of(s, (json_int_t)i, err) : NULL;
		if (!at)
			return bad(err, "model.vocab: an entry is no [piece, score]");
		*at = (struct slot){NULL, json_string_value(piece), json_string_length(piece), json_number_value(score), true};
	}
	return 0;
}

static int take_added(struct slots *s, const json_t *added, seq_error *err)
{
	json_int_t most = (json_int_t)(s->n + json_array_size(added)) * 4 + 65536;
	for (size_t i = 0; i < json_array_size(added); i++) {
		const json_t *t = json_array_get(added, i), *id = json_object_get(t, "id");
		if (!json_is_string(json_object_get(t, "content")) || !json_is_integer(id) || json_integer_value(id) > most)
			return bad(err, "added_tokens: an entry without content and id");
		struct slot *at = slot_of(s, json_integer_value(id), err);
		if (!at)
			return SEQ_E_FORMAT;
		at->added = t;
	}
	return 0;
}

static bool is_byte(const char *p, size_t n)
{
	return n == 6 && !memcmp(p, "<0x", 3) && p[5] == '>';
}

static int add_slot(seq_vocab *v, const struct slot *s, bool bytes, seq_error *err)
{
	if (s->added) {
		const json_t *content = json_object_get(s->added, "content");
		int type = json_is_true(json_object_get(s->added, "special")) ? SEQP_CONTROL : SEQP_USER;
		return seqp_vocab_add(v, json_string_value(content), json_string_length(content), type, s->score, err);
	}
	if (!s->there)
		return seqp_vocab_add(v, "", 0, SEQP_UNUSED, 0, err);
	return seqp_vocab_add(v, s->piece, s->len, bytes && is_byte(s->piece, s->len) ? SEQP_BYTE : SEQP_NORMAL, s->score, err);
}

static int read_pieces(seq_vocab *v, const json_t *root, const json_t *model, seq_error *err)
{
	struct slots s = {0};
	json_t *vocab = json_object_get(model, "vocab");
	bool bytes = json_is_true(json_object_get(model, "byte_fallback"));
	int rc = json_is_array(vocab) ? take_array(&s, vocab, err) : take_object(&s, vocab, err);
	if (rc >= 0)
		rc = take_added(&s, json_object_get(root, "added_tokens"), err);
	for (size_t i = 0; i < s.n && rc >= 0; i++)
		rc = add_slot(v, &s.at[i], bytes, err);
	free(s.at);
	return rc < 0 ? rc : seqp_vocab_index(v, err);
}

/* --- merges ----------------------------------------------------------------------------- */

static int merge(seq_vocab *v, const json_t *m, uint32_t rank, seq_error *err)
{
	if (json_is_array(m) && json_is_string(json_array_get(m, 0)) && json_is_string(json_array_get(m, 1))) {
		const json_t *l = json_array_get(m, 0), *r = json_array_get(m, 1);
		return seqp_vocab_merge(v, json_string_value(l), json_string_length(l), json_string_value(r), json_string_length(r),
		                        rank, err);
	}
	const char *s = json_string_value(m), *gap = s && *s ? strchr(s + 1, ' ') : NULL;
	if (!gap)
		return bad(err, "model.merges: an entry is no pair");
	return seqp_vocab_merge(v, s, (size_t)(gap - s), gap + 1, json_string_length(m) - (size_t)(gap + 1 - s), rank, err);
}

static int read_merges(seq_vocab *v, const json_t *merges, seq_error *err)
{
	int rc = 0;
	if (!json_is_array(merges))
		return bad(err, "model.merges: no array");
	if (!seqp_pairs_init(&v->pairs, json_array_size(merges)))
		return seqp_nomem(err, json_array_size(merges) * 32);
	for (size_t i = 0; i < json_array_size(merges) && rc >= 0; i++)
		rc = merge(v, json_array_get(merges, i), (uint32_t)i, err);
	return rc;
}

/* --- special ids --------------------------------------------------------------------------- */

static int32_t id_of(const seq_vocab *v, const char *piece)
{
	return piece && *piece ? seq_vocab_find(v, piece, strlen(piece)) : -1;
}

/* tokenizer_config.json gives a token as a string or as an object with "content". */
static int32_t config_id(const seq_vocab *v, const json_t *config, const char *key)
{
	const json_t *t = json_object_get(config, key);
	return id_of(v, json_is_object(t) ? seqp_json_str(t, "content") : json_string_value(t));
}

static int32_t first_of(const seq_vocab *v, const char *const *names)
{
	int32_t id = -1;
	for (; *names && id < 0; names++)
		id = id_of(v, *names);
	return id >= 0 && v->type[id] == SEQP_CONTROL ? id : -1;
}

static void special_ids(seq_vocab *v, const json_t *config)
{
	static const char *const bos[] = {"<s>", "<|begin_of_text|>", "<bos>", "[CLS]", "<|endoftext|>", NULL};
	static const char *const eos[] = {"</s>", "<|end_of_text|>", "<eos>", "[SEP]", "<|endoftext|>", NULL};
	if (v->bos < 0)
		v->bos = config_id(v, config, v->kind == SEQP_WORDPIECE ? "cls_token" : "bos_token");
	if (v->eos < 0)
		v->eos = config_id(v, config, v->kind == SEQP_WORDPIECE ? "sep_token" : "eos_token");
	if (v->bos < 0)
		v->bos = first_of(v, bos);
	if (v->eos < 0)
		v->eos = first_of(v, eos);
	const json_t *add_bos = json_object_get(config, "add_bos_token"), *add_eos = json_object_get(config, "add_eos_token");
	if (json_is_boolean(add_bos))
		v->adds_bos = json_is_true(add_bos);
	if (json_is_boolean(add_eos))
		v->adds_eos = json_is_true(add_eos);
}

/* --- models ----------------------------------------------------------------------------------- */

static int as_bpe(seq_vocab *v, const json_t *model, seq_error *err)
{
	if (*seqp_json_str(model, "continuing_subword_prefix") || *seqp_json_str(model, "end_of_word_suffix"))
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tokenizer.json: BPE with a prefix or suffix of subwords");
	v->ignore_merges = json_is_true(json_object_get(model, "ignore_merges"));
	v->fuse_unk = json_is_true(json_object_get(model, "fuse_unk"));
	v->unk = id_of(v, json_string_value(json_object_get(model, "unk_token")));
	if (json_is_true(json_object_get(model, "byte_fallback")))
		v->kind = SEQP_SPM;
	return read_merges(v, json_object_get(model, "merges"), err);
}

static int as_unigram(seq_vocab *v, const json_t *model, seq_error *err)
{
	const json_t *unk = json_object_get(model, "unk_id");
	(void)err;
	v->double_scores = v->fuse_unk = true;
	v->unk = json_is_integer(unk) && json_integer_value(unk) >= 0 && (size_t)json_integer_value(unk) < v->n ?
	                 (int32_t)json_integer_value(unk) : -1;
	return 0;
}

static int as_wordpiece(seq_vocab *v, const json_t *model, seq_error *err)
{
	const json_t *most = json_object_get(model, "max_input_chars_per_word");
	const char *prefix = seqp_json_str(model, "continuing_subword_prefix");
	v->word_prefix = "";
	v->inner_prefix = seqp_arena_strdup(&v->arena, prefix, strlen(prefix));
	v->max_word = json_is_integer(most) && json_integer_value(most) > 0 && json_integer_value(most) <= 100 ?
	                      (size_t)json_integer_value(most) : 100;
	v->unk = id_of(v, seqp_json_str(model, "unk_token"));
	return v->inner_prefix ? 0 : seqp_nomem(err, strlen(prefix));
}

static const struct row {
	const char *name;
	enum seqp_kind kind;
	int (*setup)(seq_vocab *v, const json_t *model, seq_error *err);
} rows[] = {{"BPE", SEQP_BPE, as_bpe}, {"Unigram", SEQP_UNIGRAM, as_unigram}, {"WordPiece", SEQP_WORDPIECE, as_wordpiece}};

/* Old files do not name the model's type. */
static const struct row *row_of(const json_t *model)
{
	const char *type = seqp_json_str(model, "type");
	if (!*type)
		type = json_object_get(model, "merges") ? "BPE" : json_is_array(json_object_get(model, "vocab")) ? "Unigram" : "WordPiece";
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].name, type))
			return &rows[i];
	return NULL;
}

static int fill(seq_vocab *v, const struct row *row, const json_t *root, const json_t *config, seq_error *err)
{
	const json_t *model = json_object_get(root, "model");
	int rc = read_pieces(v, root, model, err);
	if (rc >= 0)
		rc = row->setup(v, model, err);
	if (rc >= 0)
		rc = seqp_json_parts(v, root, err);
	if (rc < 0)
		return rc;
	special_ids(v, config);
	if (v->unk >= 0)
		v->type[v->unk] = SEQP_UNKNOWN;
	return seqp_vocab_finish(v, err);
}

static int read(seq_vocab **out, const json_t *root, const json_t *config, seq_error *err)
{
	const json_t *model = json_object_get(root, "model");
	const struct row *row = json_is_object(model) ? row_of(model) : NULL;
	seq_vocab *v;
	if (!row)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tokenizer.json: model.type is '%.60s': only BPE, Unigram and WordPiece",
		                 seqp_json_str(model, "type"));
	int rc = seqp_vocab_new(&v, row->kind, err);
	if (rc < 0)
		return rc;
	rc = fill(v, row, root, config, err);
	if (rc < 0) {
		seq_vocab_free(v);
		return rc;
	}
	*out = v;
	return 0;
}

int seqp_vocab_read_json(seq_vocab **out, const void *data, size_t size, const void *config, size_t config_size,
                         seq_error *err)
{
	json_error_t e;
	json_t *root = json_loadb(data, size, JSON_ALLOW_NUL, &e);
	if (!root)
		return seqp_fail(err, SEQ_E_FORMAT, "tokenizer.json: line %d: %.100s", e.line, e.text);
	json_t *more = config_size ? json_loadb(config, config_size, JSON_ALLOW_NUL, &e) : NULL;
	int rc = read(out, root, more, err);
	json_decref(root);
	json_decref(more);
	return rc;
}
