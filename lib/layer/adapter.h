/* SPDX-License-Identifier: MIT */
/* An addition of low rank to a linear layer, y += B A x: where several places share a matrix (zamba2), each has its
 * own.  A is small, so every lane makes A x for itself; activations stay in f32. */
#ifndef LAYER_ADAPTER_H
#define LAYER_ADAPTER_H

#include "kernel/matmul.h"
#include "layer/ctx.h"

enum { SEQP_ADAPTER_RANK = 512 };

typedef struct seqp_adapter {
	seqp_view a, b; /* [r][in], [out][r] */
	size_t r;
} seqp_adapter;

/* Weights "ROLE.name.lora_a", "ROLE.name.lora_b"; *out is NULL when there is none. */
int seqp_adapter_open(const seqp_bind *b, const char *name, int64_t out, int64_t in, seqp_adapter **adapter, seq_error *err);
/* Outputs [r0, r1) of the rows of x; scratch as seqk_matmul's for the wider of r and in. */
void seqp_adapter_add(const seqp_adapter *m, const seqk_act *x, float *y, size_t ldy, size_t r0, size_t r1, void *scratch);

#endif
