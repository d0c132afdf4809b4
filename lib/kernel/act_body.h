/* SPDX-License-Identifier: MIT */
/* A row of activations in blocks of 32, the last one filled up with zeros.  The includer has defined act_block. */
#ifndef KERNEL_ACT_BODY_H
#define KERNEL_ACT_BODY_H

#include "kernel/matmul.h"

static void act_row(const seqk_act *a, size_t j)
{
	size_t blocks = (a->k + 31) / 32, full = a->k / 32, at = j * blocks;
	const float *x = a->x + j * a->ldx;
	for (size_t b = 0; b < full; b++, at++)
		act_block(x + 32 * b, a->q + 32 * at, a->scale + at, a->sum + 2 * at);
	if (full < blocks) {
		float last[32] = {0};
		for (size_t i = 32 * full; i < a->k; i++)
			last[i % 32] = x[i];
		act_block(last, a->q + 32 * at, a->scale + at, a->sum + 2 * at);
	}
}

#endif
