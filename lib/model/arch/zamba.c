/* SPDX-License-Identifier: MIT */
#include "model/arch/zamba.h"

#include <math.h>

const seqp_word seqp_zamba_words[] = {
	{"linear_attention", SEQP_ZAMBA_ALONE}, {"mamba", SEQP_ZAMBA_ALONE}, {"m", SEQP_ZAMBA_ALONE}, {"hybrid", SEQP_ZAMBA_SIDE},
	{"g", SEQP_ZAMBA_SIDE}, {0}
};

/* The layer with the k-th block of its own, or -1. */
static int64_t holder(const seq_model *m, int64_t k)
{
	for (int64_t i = 0; i < m->layers; i++)
		if (seqp_model_number(m, i, "type", 0) == SEQP_ZAMBA_SIDE && k-- == 0)
			return i;
	return -1;
}

int seqp_zamba_share(seq_model *m, int64_t blocks, seq_error *err)
{
	int64_t k = 0;
	int e = seqp_number_set(m, -1, "attn.scale", sqrt(2 / seqp_model_number(m, -1, "attn.head_dim", 2)), err);
	for (int64_t i = 0; i < m->layers && e >= 0; i++) {
		if (seqp_model_number(m, i, "type", 0) != SEQP_ZAMBA_SIDE)
			continue;
		e = seqp_number_set(m, i, "ordinal", (double)k, err);
		if (e >= 0)
			e = seqp_number_set(m, i, "shared", (double)holder(m, k % blocks), err);
		k++;
	}
	return e;
}
