/* SPDX-License-Identifier: MIT */
/* Element types and views of arrays.
 *
 * A seq_tensor says where an array lies and how it is shaped; it owns nothing.
 * Dimensions are outermost first (as numpy prints them): a weight matrix is
 * [out][in], and the innermost dimension is contiguous.  Quantised types keep
 * blocks of `block` elements of the innermost dimension in `bytes` bytes.
 *
 * The numbers of the types are those of GGUF, so a file's type needs no table.
 */
#ifndef SEQ_TENSOR_H
#define SEQ_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "seq/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum seq_dtype {
	SEQ_F32 = 0, SEQ_F16 = 1, SEQ_Q4_0 = 2, SEQ_Q4_1 = 3, SEQ_Q5_0 = 6, SEQ_Q5_1 = 7,
	SEQ_Q8_0 = 8, SEQ_Q8_1 = 9, SEQ_Q2_K = 10, SEQ_Q3_K = 11, SEQ_Q4_K = 12, SEQ_Q5_K = 13,
	SEQ_Q6_K = 14, SEQ_Q8_K = 15, SEQ_IQ2_XXS = 16, SEQ_IQ2_XS = 17, SEQ_IQ3_XXS = 18,
	SEQ_IQ1_S = 19, SEQ_IQ4_NL = 20, SEQ_IQ3_S = 21, SEQ_IQ2_S = 22, SEQ_IQ4_XS = 23,
	SEQ_I8 = 24, SEQ_I16 = 25, SEQ_I32 = 26, SEQ_I64 = 27, SEQ_F64 = 28, SEQ_IQ1_M = 29,
	SEQ_BF16 = 30, SEQ_TQ1_0 = 34, SEQ_TQ2_0 = 35, SEQ_MXFP4 = 39, SEQ_NVFP4 = 40,
	SEQ_U8 = 64, /* plain bytes; not a GGUF type */
	SEQ_DTYPES = 65
};

typedef struct seq_dtype_row {
	const char *name; /* "F32", "Q4_K", ... */
	uint16_t block;   /* elements in a block; 1 for plain types */
	uint16_t bytes;   /* bytes of a block */
} seq_dtype_row;

/* The row of a type, or NULL if the number names none. */
const seq_dtype_row *seq_dtype_get(int dtype);

/* The type of a name (case does not matter), or -1. */
int seq_dtype_find(const char *name);

/* Bytes of n elements (n a multiple of the block), or SEQ_E_ARG as a negative. */
int64_t seq_dtype_bytes(int dtype, int64_t n);

enum { SEQ_MAX_RANK = 4 };

typedef struct seq_tensor {
	const char *name; /* may be NULL */
	int dtype;        /* enum seq_dtype */
	int rank;         /* 0 to SEQ_MAX_RANK; 0 is one element */
	int64_t dim[SEQ_MAX_RANK];
	const void *data;
	size_t bytes;
} seq_tensor;

#ifdef __cplusplus
}
#endif
#endif
