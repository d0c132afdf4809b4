/* SPDX-License-Identifier: MIT */
/* Tokenizer vectors: byte strings with the ids that a reference gives for them. */
#ifndef TESTS_TOKEN_VECTORS_H
#define TESTS_TOKEN_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#include "seq/token.h"

/* root + "/" + the rest, in one of a few static buffers. */
const char *vec_path(const char *root, const char *rest);
/* The folder of big references, or NULL where it is absent. */
const char *vec_shared(void);
/* A whole file, NUL added; NULL: absent.  The caller frees it. */
char *vec_file(const char *path, size_t *n);
void vec_sha256(const void *data, size_t n, char hex[65]);

/* Encodes in chunks of `chunk` bytes (0: whole). The caller frees the ids. */
int32_t *vec_encode(const seq_vocab *v, unsigned flags, const char *text, size_t len, size_t chunk, size_t *n);
/* Decodes into memory; the caller frees it. */
char *vec_decode(const seq_vocab *v, unsigned flags, const int32_t *id, size_t n, size_t *len);

/* Every line of strings.jsonl at `ids` against the byte strings at `strings`: the number of lines that
 * differ.  Lines of another reference than the standard are left out.  *seen: lines compared. */
int vec_strings(const seq_vocab *v, const char *strings, const char *ids, int *seen);

#endif
