/* SPDX-License-Identifier: MIT */
/* A model written anew as GGUF, in other types.
 *
 *     seq_quantize_opts o = {.type = "Q4_K_M"};
 *     int fd = open("small.gguf", O_WRONLY | O_CREAT | O_TRUNC, 0666);
 *     seq_quantize("model.gguf", &o, fd, NULL, &err);
 *
 * The input is what seq_model_open takes: a GGUF file of any architecture, or safetensors with config.json of an
 * architecture whose GGUF form says the same (checked before anything is written).  Tensors stream through: memory is
 * a few megabytes beside the mapped input.  The bytes written depend on input, type, rules and importance alone. */
#ifndef SEQ_QUANTIZE_H
#define SEQ_QUANTIZE_H

#include <stddef.h>
#include <stdint.h>

#include "seq/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One tensor as it is written. */
typedef struct seq_quantize_row {
	const char *name;
	int from, to;        /* enum seq_dtype */
	uint64_t elements, bytes;
	int weighted;        /* the importance matrix knows its columns */
} seq_quantize_row;

typedef struct seq_quantize_opts {
	const char *type;        /* a name of seq_quantize_type, case does not matter */
	const char *const *keep; /* rules "REGEX=TYPE" (POSIX extended; matched anywhere in a tensor's name), the first that
	                            fits wins; for matrices alone */
	size_t keeps;
	const char *imatrix;     /* file of importances: a stream of score --imatrix, or llama.cpp's GGUF; NULL: none */
	int pure;                /* 1: every matrix in the type itself, whatever the mix says */
	int requantize;          /* 1: a quantised input is allowed */
	int threads;             /* 0: physical cores */
	void (*each)(void *arg, const seq_quantize_row *row);            /* a tensor was written; may be NULL */
	void (*progress)(void *arg, uint64_t done, uint64_t total);      /* bytes written; may be NULL */
	void *arg;
} seq_quantize_opts;

typedef struct seq_quantize_sum {
	uint64_t tensors, elements, bytes_in, bytes_out; /* of tensors */
	uint64_t weighted;                               /* tensors with importances */
} seq_quantize_sum;

/* Writes the whole file to fd, in order, without seeking.  SEQ_E_ARG: the options are wrong.  sum may be NULL. */
int seq_quantize(const char *path, const seq_quantize_opts *opts, int fd, seq_quantize_sum *sum, seq_error *err) SEQ_MUST_USE;

/* The types and mixes there are ("Q8_0", "Q4_K_M", ...); NULL past the last. */
const char *seq_quantize_type(size_t i);

#ifdef __cplusplus
}
#endif
#endif
