/* SPDX-License-Identifier: MIT */
#include "export/tokenizer_keys.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fail.h"
#include "base/map.h"
#include "token/vocab.h"

#define KEY(s) "tokenizer.ggml." s
#define PUT_STR(o, key, s) seqp_gguf_put_str(o, key, s, strlen(s))

static int refuse(seq_error *err, const char *why)
{
	return seqp_fail(err, SEQ_E_UNSUPPORTED, "the tokenizer has no GGUF form that says the same: %s", why);
}

/* --- pieces ----------------------------------------------------------------------------------------- */

static void put_pieces(seqp_gguf_out *o, const seq_vocab *v)
{
	seqp_gguf_put_array(o, KEY("tokens"), SEQP_GGUF_STR, v->n);
	for (size_t i = 0; i < v->n; i++)
		seqp_gguf_add_str(o, (const char *)v->piece[i].p, v->piece[i].n);
	seqp_gguf_put_array(o, KEY("token_type"), SEQP_GGUF_I32, v->n);
	for (size_t i = 0; i < v->n; i++)
		seqp_gguf_add_int(o, SEQP_GGUF_I32, v->type[i]);
}

static void put_id(seqp_gguf_out *o, const char *key, int32_t id)
{
	if (id >= 0)
		seqp_gguf_put_int(o, key, SEQP_GGUF_U32, id);
}

static void put_ids(seqp_gguf_out *o, const seq_vocab *v)
{
	put_id(o, KEY("bos_token_id"), v->bos);
	put_id(o, KEY("eos_token_id"), v->eos);
	put_id(o, KEY("unknown_token_id"), v->unk);
	seqp_gguf_put_int(o, KEY("add_bos_token"), SEQP_GGUF_BOOL, v->adds_bos);
	seqp_gguf_put_int(o, KEY("add_eos_token"), SEQP_GGUF_BOOL, v->adds_eos);
	seqp_gguf_put_int(o, KEY("add_space_prefix"), SEQP_GGUF_BOOL, v->space_prefix);
}

/* --- merges ------------------------------------------------------------------------------------------ */

static int by_rank(const void *a, const void *b)
{
	const struct seqp_pair *x = a, *y = b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->key < y->key ? -1 : x->key > y->key;
}

/* The merges of pieces, by rank; *n of them.  NULL: no memory. */
static struct seqp_pair *list_merges(const seq_vocab *v, size_t *n)
{
	struct seqp_pair *list = calloc(v->pairs.used + 1, sizeof *list);
	*n = 0;
	for (size_t i = 0; list && v->pairs.slot && i <= v->pairs.mask; i++) {
		const struct seqp_pair *p = &v->pairs.slot[i];
		if (p->key && (size_t)p->id < v->n && (size_t)seqp_pair_left(p) < v->n && (size_t)seqp_pair_right(p) < v->n)
			list[(*n)++] = *p;
	}
	if (list)
		qsort(list, *n, sizeof *list, by_rank);
	return list;
}

static int put_merges(seqp_gguf_out *o, const seq_vocab *v, seq_error *err)
{
	size_t n;
	struct seqp_pair *list = list_merges(v, &n);
	char *text = malloc(2 * SEQP_MAX_PIECE + 2);
	if (!list || !text) {
		free(list);
		free(text);
		return seqp_nomem(err, v->pairs.used * sizeof *list);
	}
	seqp_gguf_put_array(o, KEY("merges"), SEQP_GGUF_STR, n);
	for (size_t i = 0; i < n; i++) {
		struct seqp_spelling a = v->piece[seqp_pair_left(&list[i])], b = v->piece[seqp_pair_right(&list[i])];
		memcpy(text, a.p, a.n);
		text[a.n] = ' ';
		memcpy(text + a.n + 1, b.p, b.n);
		seqp_gguf_add_str(o, text, (size_t)a.n + 1 + b.n);
	}
	free(list);
	free(text);
	return SEQ_OK;
}

static bool has_scores(const seq_vocab *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->score[i] != 0)
			return true;
	return false;
}

/* GGUF merges such pieces by score.  tokenizer.json has merges instead: the sooner one is, the higher its piece;
 * a piece that no merge makes must not come about. */
static int put_scores(seqp_gguf_out *o, const seq_vocab *v, seq_error *err)
{
	size_t n;
	bool own = has_scores(v);
	struct seqp_pair *list = list_merges(v, &n);
	float *score = calloc(v->n + 1, sizeof *score);
	if (!list || !score) {
		free(list);
		free(score);
		return seqp_nomem(err, v->n * sizeof *score);
	}
	for (size_t i = 0; i < v->n; i++)
		score[i] = own ? (float)v->score[i] : v->type[i] == SEQP_NORMAL ? -1e9f : 0;
	for (size_t i = n; i-- > 0 && !own;)
		score[list[i].id] = -(float)(i + 1);
	seqp_gguf_put_array(o, KEY("scores"), SEQP_GGUF_F32, v->n);
	for (size_t i = 0; i < v->n; i++)
		seqp_gguf_add_float(o, (double)score[i]);
	free(list);
	free(score);
	return SEQ_OK;
}

/* --- kinds -------------------------------------------------------------------------------------------- */

static int put_bpe(seqp_gguf_out *o, const seq_vocab *v, seq_error *err)
{
	char pre[40];
	const char *name = v->split->names + 1;
	size_t n = strcspn(name, " ");
	if (!v->byte_level)
		return refuse(err, "byte pairs over characters");
	if (!n || n >= sizeof pre)
		return refuse(err, "its splitter has no name");
	bool llama3 = v->split == &seqp_split_llama3, qwen2 = v->split == &seqp_split_qwen2;
	if (v->ignore_merges != llama3 && (v->ignore_merges || !llama3))
		return refuse(err, "ignore_merges with another splitter");
	if (v->nfc != qwen2)
		return refuse(err, v->nfc ? "NFC with another splitter" : "no NFC with this splitter");
	snprintf(pre, sizeof pre, "%.*s", (int)n, name);
	PUT_STR(o, KEY("model"), "gpt2");
	PUT_STR(o, KEY("pre"), pre);
	put_pieces(o, v);
	return put_merges(o, v, err);
}

static int put_spm(seqp_gguf_out *o, const seq_vocab *v, seq_error *err)
{
	if (!v->escape_space || v->nfc)
		return refuse(err, "blanks are no part of pieces");
	PUT_STR(o, KEY("model"), "llama");
	PUT_STR(o, KEY("pre"), "default");
	put_pieces(o, v);
	return put_scores(o, v, err);
}

static int put_vocab(seqp_gguf_out *o, const seq_vocab *v, seq_error *err)
{
	int e = v->kind == SEQP_BPE ? put_bpe(o, v, err) : v->kind == SEQP_SPM ? put_spm(o, v, err) : refuse(err, seq_vocab_kind(v));
	if (e >= 0)
		put_ids(o, v);
	return e;
}

/* --- the folder ---------------------------------------------------------------------------------------- */

static bool there(const char *folder, const char *name)
{
	struct stat st;
	char *path;
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return false;
	bool yes = stat(path, &st) == 0;
	free(path);
	return yes;
}

static int put_template(seqp_gguf_out *o, const char *folder, seq_error *err)
{
	char *path;
	seqp_map m;
	if (!there(folder, "tokenizer_config.json"))
		return SEQ_OK;
	if (asprintf(&path, "%s/tokenizer_config.json", folder) < 0)
		return seqp_nomem(err, strlen(folder));
	int e = seqp_map_open(&m, path, err);
	free(path);
	if (e < 0)
		return e;
	json_t *j = m.size ? json_loadb((const char *)m.data, m.size, JSON_ALLOW_NUL, NULL) : NULL;
	const char *text = json_string_value(json_object_get(j, "chat_template"));
	if (text)
		PUT_STR(o, "tokenizer.chat_template", text);
	json_decref(j);
	seqp_map_close(&m);
	return SEQ_OK;
}

int seqp_tokenizer_keys(seqp_gguf_out *o, const char *folder, seq_error *err)
{
	seq_vocab *v;
	if (!there(folder, "tokenizer.json") && !there(folder, "tokenizer.model")) {
		PUT_STR(o, KEY("model"), "no_vocab");
		return SEQ_OK;
	}
	int e = seq_vocab_open(&v, folder, err);
	if (e < 0)
		return e;
	e = put_vocab(o, v, err);
	seq_vocab_free(v);
	return e < 0 ? e : put_template(o, folder, err);
}
