/* SPDX-License-Identifier: MIT */
/* Importances: for each weight matrix the mean of the squared inputs of its columns. */
#ifndef EXPORT_IMATRIX_H
#define EXPORT_IMATRIX_H

#include <stdint.h>

#include "base/mem.h"
#include "seq/error.h"
#include "tensor/index.h"

typedef struct seqp_importance {
	const char *name; /* of the tensor, as in GGUF */
	float *mean;      /* [slabs][cols], finite, >= 0 */
	size_t cols, slabs; /* slabs: one for each expert */
} seqp_importance;

typedef struct seqp_imatrix {
	seqp_arena arena;
	seqp_importance *list;
	size_t n, cap;
	seqp_index index;
} seqp_imatrix;

/* A stream with a tensor frame per matrix (score --imatrix), or a GGUF file of llama.cpp's llama-imatrix. */
int seqp_imatrix_open(seqp_imatrix *x, const char *path, seq_error *err) SEQ_MUST_USE;
/* NULL: the matrix is not known, or has another shape. */
const seqp_importance *seqp_imatrix_find(const seqp_imatrix *x, const char *name, int64_t cols, int64_t rows);
void seqp_imatrix_close(seqp_imatrix *x);

#endif
