/* SPDX-License-Identifier: MIT */
/* A file of named arrays: safetensors, GGUF, or one array of numpy (.npy).
 *
 * The file is mapped; tensors point into it.  What a model needs beyond arrays is seq/model.h. */
#ifndef SEQ_FILE_H
#define SEQ_FILE_H

#include <stddef.h>

#include "seq/error.h"
#include "seq/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct seq_file seq_file;

/* What the file is, its first bytes say.  The array of a .npy file has the name of the file without folder and ending. */
int seq_file_open(seq_file **out, const char *path, seq_error *err) SEQ_MUST_USE;
size_t seq_file_tensors(const seq_file *f);
const seq_tensor *seq_file_tensor(const seq_file *f, size_t i);
void seq_file_close(seq_file *f);

/* The n elements of t as f32, whatever its type (block types too).  SEQ_E_UNSUPPORTED: a type without values. */
int seq_tensor_f32(const seq_tensor *t, float *out, seq_error *err) SEQ_MUST_USE;
int64_t seq_tensor_count(const seq_tensor *t); /* elements; negative: more than fit */

#ifdef __cplusplus
}
#endif
#endif
