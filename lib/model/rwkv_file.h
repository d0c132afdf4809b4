/* SPDX-License-Identifier: MIT */
/* A reader of rwkv.cpp's files over bytes in memory, little-endian:
 *
 *     u32 0x67676d66, version (100, 101), vocabulary, width, layers, type of most matrices
 *     then for every tensor, without padding:
 *     u32 rank (1 to 3), length of its name, type;  u32 sizes, innermost first;  the name;  the data
 *
 * Checked: every count against the bytes that are left, types, sizes of blocks, products.  Blocks are those of
 * GGML since version 101; quantised files of version 100 are refused.  What is handed out points into the bytes. */
#ifndef MODEL_RWKV_FILE_H
#define MODEL_RWKV_FILE_H

#include <stdbool.h>

#include "model/safetensors.h"

typedef struct seqp_rwkv_head {
	int64_t vocab, width, layers;
} seqp_rwkv_head;

bool seqp_rwkv_is(const void *data, size_t size);
int seqp_rwkv_read(seqp_tensor_list *out, seqp_arena *names, seqp_rwkv_head *head, const void *data, size_t size,
                   seq_error *err) SEQ_MUST_USE;

#endif
