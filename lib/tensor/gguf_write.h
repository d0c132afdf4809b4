/* SPDX-License-Identifier: MIT */
/* The head of a GGUF file (version 3), put together in memory: keys, then tensors, then seqp_gguf_head joins
 * them.  A failure (memory) sticks: it is asked for once, at the end. */
#ifndef TENSOR_GGUF_WRITE_H
#define TENSOR_GGUF_WRITE_H

#include "tensor/gguf.h"

enum { SEQP_GGUF_ALIGN = 32 }; /* of every tensor's data */

typedef struct seqp_bytes {
	unsigned char *p; /* free() frees */
	size_t n, cap;
} seqp_bytes;

typedef struct seqp_gguf_out {
	seqp_bytes keys, tensors;
	uint64_t nkeys, ntensors;
	uint64_t data; /* bytes of the data so far */
	bool failed;
} seqp_gguf_out;

void seqp_gguf_put_int(seqp_gguf_out *o, const char *key, int type, int64_t v); /* any whole type, or BOOL */
void seqp_gguf_put_float(seqp_gguf_out *o, const char *key, double v);          /* F32 */
void seqp_gguf_put_str(seqp_gguf_out *o, const char *key, const char *p, size_t n);
void seqp_gguf_put_value(seqp_gguf_out *o, const seqp_gguf_value *v);           /* as another file has it */
/* An array: its start, then count elements. */
void seqp_gguf_put_array(seqp_gguf_out *o, const char *key, int type, uint64_t count);
void seqp_gguf_add_int(seqp_gguf_out *o, int type, int64_t v);
void seqp_gguf_add_float(seqp_gguf_out *o, double v);
void seqp_gguf_add_str(seqp_gguf_out *o, const char *p, size_t n);

/* Tensors in the order of their data; bytes of data, padded to the alignment. Dimensions outermost first. */
void seqp_gguf_put_tensor(seqp_gguf_out *o, const char *name, int dtype, int rank, const int64_t *dim, uint64_t bytes);

/* The whole head, padded, so that the data follow it; the parts are freed in any case. */
int seqp_gguf_head(seqp_gguf_out *o, seqp_bytes *head, seq_error *err) SEQ_MUST_USE;
void seqp_gguf_out_free(seqp_gguf_out *o);

#endif
