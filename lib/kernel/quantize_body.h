/* SPDX-License-Identifier: MIT */
/* The kernels of quantize.h for one level.  Included after a lanes_*.h. */
#include "kernel/quantize_flat.h"
#include "kernel/quantize_k.h"
#include "kernel/table.h"

static void fill_quantize(seqk_table *t)
{
	static seqk_quantize_fn *const rows[SEQK_TO_ROWS] = {
		[SEQK_TO_Q8_0] = to_q8_0, [SEQK_TO_Q4_0] = to_q4_0, [SEQK_TO_Q4_1] = to_q4_1, [SEQK_TO_Q5_0] = to_q5_0,
		[SEQK_TO_Q5_1] = to_q5_1, [SEQK_TO_Q2_K] = to_q2_k, [SEQK_TO_Q3_K] = to_q3_k, [SEQK_TO_Q4_K] = to_q4_k,
		[SEQK_TO_Q5_K] = to_q5_k, [SEQK_TO_Q6_K] = to_q6_k,
	};
	for (int i = 0; i < SEQK_TO_ROWS; i++)
		t->quantize[i] = rows[i];
}
