/* SPDX-License-Identifier: MIT */
/* The table of quantised types. */
#include "kernel/quant.h"

#include <stddef.h>

#include "seq/tensor.h"

static const seqk_quant rows[SEQ_DTYPES] = {
	[SEQ_Q4_0] = {32, false, 32, 18, seqk_unpack_q4_0},
	[SEQ_Q4_1] = {32, true, 32, 20, seqk_unpack_q4_1},
	[SEQ_Q5_0] = {32, false, 32, 22, seqk_unpack_q5_0},
	[SEQ_Q5_1] = {32, true, 32, 24, seqk_unpack_q5_1},
	[SEQ_Q8_0] = {32, false, 32, 34, seqk_unpack_q8_0},
	[SEQ_Q8_1] = {32, false, 32, 36, seqk_unpack_q8_1},
	[SEQ_Q2_K] = {16, true, 256, 84, seqk_unpack_q2_k},
	[SEQ_Q3_K] = {16, false, 256, 110, seqk_unpack_q3_k},
	[SEQ_Q4_K] = {32, true, 256, 144, seqk_unpack_q4_k},
	[SEQ_Q5_K] = {32, true, 256, 176, seqk_unpack_q5_k},
	[SEQ_Q6_K] = {16, false, 256, 210, seqk_unpack_q6_k},
	[SEQ_Q8_K] = {32, false, 256, 292, seqk_unpack_q8_k},
	[SEQ_IQ1_S] = {32, false, 256, 50, seqk_unpack_iq1_s},
	[SEQ_IQ1_M] = {16, false, 256, 56, seqk_unpack_iq1_m},
	[SEQ_IQ2_XXS] = {32, false, 256, 66, seqk_unpack_iq2_xxs},
	[SEQ_IQ2_XS] = {16, false, 256, 74, seqk_unpack_iq2_xs},
	[SEQ_IQ2_S] = {16, false, 256, 82, seqk_unpack_iq2_s},
	[SEQ_IQ3_XXS] = {32, false, 256, 98, seqk_unpack_iq3_xxs},
	[SEQ_IQ3_S] = {32, false, 256, 110, seqk_unpack_iq3_s},
	[SEQ_IQ4_NL] = {32, false, 32, 18, seqk_unpack_iq4_nl},
	[SEQ_IQ4_XS] = {32, false, 256, 136, seqk_unpack_iq4_xs},
	[SEQ_TQ1_0] = {32, false, 256, 54, seqk_unpack_tq1_0},
	[SEQ_TQ2_0] = {32, false, 256, 66, seqk_unpack_tq2_0},
	[SEQ_MXFP4] = {32, false, 32, 17, seqk_unpack_mxfp4},
	[SEQ_NVFP4] = {16, false, 64, 36, seqk_unpack_nvfp4},
};

const seqk_quant *seqk_quant_get(int dtype)
{
	return dtype >= 0 && dtype < SEQ_DTYPES && rows[dtype].group ? &rows[dtype] : NULL;
}
