/* SPDX-License-Identifier: MIT */
/* A reader of GGUF, versions 2 and 3, little-endian, over bytes in memory.
 *
 *     seqp_gguf *g;
 *     if (seqp_gguf_open(&g, map.data, map.size, &err) < 0) ...
 *     int64_t n = seqp_gguf_int(g, "llama.block_count", 0);
 *     seqp_gguf_iter it = seqp_gguf_each(seqp_gguf_find(g, "tokenizer.ggml.tokens"));
 *     for (seqp_slice s; seqp_gguf_next_str(&it, &s);) ...
 *
 * Everything is checked on opening: counts against the bytes that are left, string
 * lengths, element types, ranks, offsets and sizes of tensors, names that occur twice.
 * What is handed out afterwards points into the caller's bytes, which must stay. */
#ifndef TENSOR_GGUF_H
#define TENSOR_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seq/error.h"
#include "seq/tensor.h"

enum seqp_gguf_type {
	SEQP_GGUF_U8, SEQP_GGUF_I8, SEQP_GGUF_U16, SEQP_GGUF_I16, SEQP_GGUF_U32, SEQP_GGUF_I32, SEQP_GGUF_F32,
	SEQP_GGUF_BOOL, SEQP_GGUF_STR, SEQP_GGUF_ARRAY /* in the file only */, SEQP_GGUF_U64, SEQP_GGUF_I64, SEQP_GGUF_F64
};

typedef struct seqp_slice {
	const char *p; /* not terminated; any bytes */
	size_t n;
} seqp_slice;

typedef struct seqp_gguf_value {
	const char *key;
	int type;        /* of the value or of the elements; never ARRAY */
	bool array;
	size_t count;    /* elements; 1 when not an array */
	const unsigned char *data;
	size_t bytes;    /* of all elements, string lengths included */
} seqp_gguf_value;

typedef struct seqp_gguf seqp_gguf;

int seqp_gguf_open(seqp_gguf **out, const void *data, size_t size, seq_error *err) SEQ_MUST_USE;
void seqp_gguf_free(seqp_gguf *g);

/* Metadata in file order, and by key (NULL: absent). */
size_t seqp_gguf_keys(const seqp_gguf *g);
const seqp_gguf_value *seqp_gguf_at(const seqp_gguf *g, size_t i);
const seqp_gguf_value *seqp_gguf_find(const seqp_gguf *g, const char *key);

/* Scalars by key; dflt when absent, an array, or of another kind.  Ints come from any
 * integer type or bool (a u64 above INT64_MAX is refused), floats from any number. */
int64_t seqp_gguf_int(const seqp_gguf *g, const char *key, int64_t dflt);
double seqp_gguf_float(const seqp_gguf *g, const char *key, double dflt);
bool seqp_gguf_bool(const seqp_gguf *g, const char *key, bool dflt);
/* {NULL, 0} when absent or no string. */
seqp_slice seqp_gguf_str(const seqp_gguf *g, const char *key);

/* Runs over the elements of a value (a scalar counts as one; NULL as none).  next_*
 * returns false past the end or when the elements are of another kind. */
typedef struct seqp_gguf_iter {
	const unsigned char *p;
	size_t left;
	int type;
} seqp_gguf_iter;

seqp_gguf_iter seqp_gguf_each(const seqp_gguf_value *v);
bool seqp_gguf_next_int(seqp_gguf_iter *it, int64_t *out);
bool seqp_gguf_next_float(seqp_gguf_iter *it, double *out);
bool seqp_gguf_next_str(seqp_gguf_iter *it, seqp_slice *out);

/* Tensors in file order, and by name (NULL: absent).  Dimensions outermost first. */
size_t seqp_gguf_tensors(const seqp_gguf *g);
const seq_tensor *seqp_gguf_tensor(const seqp_gguf *g, size_t i);
const seq_tensor *seqp_gguf_tensor_find(const seqp_gguf *g, const char *name);

#endif
