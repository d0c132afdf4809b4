/* SPDX-License-Identifier: MIT */
/* A reader of safetensors over bytes in memory: eight bytes of length, a JSON header, data.
 *
 * Checked: the header's length and its JSON, names given twice, types, ranks, shapes
 * against offsets, offsets against the file and against each other. */
#ifndef MODEL_SAFETENSORS_H
#define MODEL_SAFETENSORS_H

#include "base/mem.h"
#include "seq/tensor.h"

enum { SEQP_SAFETENSORS_HEADER = 32 << 20 }; /* most bytes of a header */

typedef struct seqp_tensor_list {
	seq_tensor *t; /* free() frees */
	size_t n, cap;
} seqp_tensor_list;

/* Appends the file's tensors by their place in it; names live in the arena. */
int seqp_safetensors_read(seqp_tensor_list *out, seqp_arena *names, const void *data, size_t size,
			  seq_error *err) SEQ_MUST_USE;

#endif
