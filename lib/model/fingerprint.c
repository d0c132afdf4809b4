/* SPDX-License-Identifier: MIT */
/* 128 bits that tell models apart (seq-model(5)): what the metadata says, the tokenizer,
 * and three pages of each tensor; cheap enough to be taken at every opening. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/half.h"
#include "model/arch/arch.h"

enum { PAGE = 4096, WHOLE_TOKENIZER = 1 << 20 };

static void add_u64(seqp_digest *d, uint64_t v)
{
	uint8_t b[8];
	seqp_put64(b, v);
	seqp_digest_add(d, b, sizeof b);
}

static void add_text(seqp_digest *d, const char *s)
{
	size_t n = strlen(s);
	add_u64(d, n);
	seqp_digest_add(d, s, n);
}

/* First, middle and last bytes, each at most piece. */
static void add_sample(seqp_digest *d, const void *data, size_t n, size_t piece)
{
	const char *p = data;
	add_u64(d, n);
	if (n <= 3 * piece) {
		seqp_digest_add(d, p, n);
		return;
	}
	seqp_digest_add(d, p, piece);
	seqp_digest_add(d, p + (n - piece) / 2, piece);
	seqp_digest_add(d, p + n - piece, piece);
}

/* Less what does not touch the computation. */
static int add_json(seqp_digest *d, const json_t *config, seq_error *err)
{
	static const char *const idle[] = {"_name_or_path", "_commit_hash", "architectures", "auto_map", "bos_token_id", "dtype",
		"eos_token_id", "pad_token_id", "torch_dtype", "transformers_version", "use_cache"};
	json_t *copy = json_copy((json_t *)(uintptr_t)config);
	for (size_t i = 0; copy && i < sizeof idle / sizeof *idle; i++)
		json_object_del(copy, idle[i]);
	char *text = copy ? json_dumps(copy, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
	json_decref(copy);
	if (!text)
		return seqp_nomem(err, sizeof *copy);
	add_text(d, text);
	free(text);
	return SEQ_OK;
}

/* Of what the files say, not of what is read from it: a new row in a table leaves fingerprints alone. */
static int add_config(seqp_digest *d, const seqp_store *s, seq_error *err)
{
	size_t n = s->gguf ? seqp_gguf_keys(s->gguf) : 0;
	for (size_t i = 0; i < n; i++) {
		const seqp_gguf_value *v = seqp_gguf_at(s->gguf, i);
		if (strncmp(v->key, "tokenizer.", 10) == 0 || strncmp(v->key, "general.", 8) == 0)
			continue;
		add_text(d, v->key);
		add_u64(d, v->count);
		add_sample(d, v->data, v->bytes, WHOLE_TOKENIZER);
	}
	return s->config ? add_json(d, s->config, err) : SEQ_OK;
}

static void add_tokenizer(seqp_digest *d, const seqp_store *s)
{
	size_t n = s->gguf ? seqp_gguf_keys(s->gguf) : 0;
	for (size_t i = 0; i < n; i++) {
		const seqp_gguf_value *v = seqp_gguf_at(s->gguf, i);
		if (strncmp(v->key, "tokenizer.", 10) != 0)
			continue;
		add_text(d, v->key);
		add_u64(d, v->count);
		add_sample(d, v->data, v->bytes, WHOLE_TOKENIZER);
	}
	if (s->tokenizer.data)
		add_sample(d, s->tokenizer.data, s->tokenizer.size, WHOLE_TOKENIZER);
}

/* By name, so that the order and the number of files do not matter. */
static void add_tensors(seqp_digest *d, const seqp_store *s)
{
	for (size_t i = 0; i < s->index.n; i++) {
		const seq_tensor *t = &s->tensor[s->index.list[i].at];
		add_text(d, t->name);
		add_u64(d, (uint64_t)t->dtype << 32 | (uint64_t)t->rank);
		for (int k = 0; k < t->rank; k++)
			add_u64(d, (uint64_t)t->dim[k]);
		if (t->bytes)
			add_sample(d, t->data, t->bytes, PAGE);
	}
}

int seqp_fingerprint(seq_model *m, seq_error *err)
{
	seqp_digest *d = seqp_digest_new();
	if (!d)
		return seqp_nomem(err, 600);
	add_text(d, m->arch->name);
	int e = add_config(d, &m->src, err);
	add_tokenizer(d, &m->src);
	add_tensors(d, &m->src);
	seqp_digest_get(d, m->fingerprint);
	seqp_digest_free(d);
	return e;
}
