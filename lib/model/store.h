/* SPDX-License-Identifier: MIT */
/* Where a model comes from: the tensors of its files and what its metadata say,
 * the same for GGUF, for Hugging Face folders, for RWKV without a configuration. */
#ifndef MODEL_STORE_H
#define MODEL_STORE_H

#include <stdbool.h>

#include "base/map.h"
#include "base/mem.h"
#include "model/safetensors.h"
#include "seq/tensor.h"
#include "tensor/gguf.h"
#include "tensor/index.h"

struct json_t;

enum seqp_format { SEQP_FROM_GGUF, SEQP_FROM_HF };

typedef struct seqp_store {
	enum seqp_format format;
	bool transformed;          /* the transforms of the Hugging Face side are done in the files */
	seqp_map *map;             /* the files with tensors */
	size_t maps;
	seqp_map tokenizer;        /* tokenizer.json; empty when there is none */
	seqp_gguf *gguf;
	struct json_t *json;       /* config.json */
	const struct json_t *config; /* the part of it that speaks of the text model */
	const char *arch;          /* general.architecture or model_type */
	seq_tensor *tensor;
	size_t tensors;
	seqp_index index;
	seqp_arena arena;
} seqp_store;

/* Opens what path names; on failure everything is closed again. */
int seqp_store_open(seqp_store *s, const char *path, seq_error *err) SEQ_MUST_USE;
/* The same from bytes that stay: GGUF; a configuration and one safetensors file. */
int seqp_store_gguf(seqp_store *s, const void *data, size_t size, seq_error *err) SEQ_MUST_USE;
int seqp_store_hf(seqp_store *s, const void *config, size_t config_size, const void *tensors, size_t size,
		   seq_error *err) SEQ_MUST_USE;
/* rwkv.cpp's. */
int seqp_store_rwkv(seqp_store *s, const void *data, size_t size, seq_error *err) SEQ_MUST_USE;
/* After seqp_store_tensors: a configuration from names and shapes, for models that have none. */
int seqp_store_unconfigured(seqp_store *s, seq_error *err) SEQ_MUST_USE;
/* The two halves of seqp_store_hf. */
int seqp_store_config(seqp_store *s, const void *config, size_t size, seq_error *err) SEQ_MUST_USE;
int seqp_store_tensors(seqp_store *s, const seqp_tensor_list *list, seq_error *err) SEQ_MUST_USE;
void seqp_store_close(seqp_store *s);

const seq_tensor *seqp_store_tensor(const seqp_store *s, const char *name, size_t *at);

/* A value of the metadata. */
enum seqp_kind { SEQP_ABSENT, SEQP_NULL, SEQP_NUMBER, SEQP_STRING, SEQP_LIST, SEQP_OTHER };

typedef struct seqp_raw {
	enum seqp_kind kind;
	double number;             /* a bool is 0 or 1 */
	seqp_slice text;
	size_t count;              /* of a list */
	const seqp_gguf_value *gguf;
	const struct json_t *json;
} seqp_raw;

/* keys: alternatives with | between; the first that is there (null counts) wins.  In GGUF a
 * leading % stands for the architecture's name; in JSON a dot goes into an object or list. */
seqp_raw seqp_store_get(const seqp_store *s, const char *keys);
/* The numbers of a list, at most max; how many came before the end or a thing that is no number. */
size_t seqp_raw_numbers(const seqp_raw *r, double *out, size_t max);
/* The i-th word of a list of strings; {NULL, 0}: none. */
seqp_slice seqp_raw_word(const seqp_raw *r, size_t i);

static inline bool seqp_slice_is(seqp_slice s, const char *word)
{
	return s.p && s.n == __builtin_strlen(word) && __builtin_memcmp(s.p, word, s.n) == 0;
}

#endif
