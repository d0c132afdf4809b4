/* SPDX-License-Identifier: MIT */
/* A model opened where it lies.
 *
 * path is a GGUF file, a safetensors file, or a folder with config.json and
 * model.safetensors (sharded: model.safetensors.index.json).  Weights stay in the mapped
 * file; only small vectors and what must be reordered are copied.
 *
 *     seq_model *m;
 *     if (seq_model_open(&m, "story-mamba2.gguf", &err) < 0) ...
 *
 * Read-only after it is opened; threads may share it. */
#ifndef SEQ_MODEL_H
#define SEQ_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "seq/error.h"
#include "seq/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct seq_model seq_model;

int seq_model_open(seq_model **out, const char *path, seq_error *err) SEQ_MUST_USE;
void seq_model_free(seq_model *m);

const char *seq_model_path(const seq_model *m);
const char *seq_model_arch(const seq_model *m);   /* row of the table: "llama", "mamba2", ... */
const char *seq_model_name(const seq_model *m);   /* as the file says; "" if it does not */
int64_t seq_model_layers(const seq_model *m);
int64_t seq_model_width(const seq_model *m);      /* hidden size */
int64_t seq_model_vocab(const seq_model *m);      /* rows of the embedding */
int64_t seq_model_context(const seq_model *m);    /* trained context in tokens; 0: unlimited or unknown */
uint64_t seq_model_weights(const seq_model *m);   /* number of parameters */
uint64_t seq_model_bytes(const seq_model *m);     /* bytes of all tensors in the files */

/* 128 bits over architecture, dimensions, tokenizer and sampled weights; see seq-model(5). */
void seq_model_fingerprint(const seq_model *m, uint8_t out[16]);

/* Every tensor of the files, in order; the index is 0 .. count - 1. */
size_t seq_model_tensors(const seq_model *m);
const seq_tensor *seq_model_tensor(const seq_model *m, size_t i);

/* Metadata as text, "key = value" a line (long arrays shortened); the caller frees it. */
char *seq_model_describe(const seq_model *m);

/* The rows of the table of architectures; NULL past the last. */
const char *seq_arch_name(size_t i);

#ifdef __cplusplus
}
#endif
#endif
