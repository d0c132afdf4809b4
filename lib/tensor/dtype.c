/* SPDX-License-Identifier: MIT */
#include <strings.h>

#include "seq/tensor.h"

static const seq_dtype_row rows[SEQ_DTYPES] = {
	[SEQ_F32] = {"F32", 1, 4},
	[SEQ_F16] = {"F16", 1, 2},
	[SEQ_BF16] = {"BF16", 1, 2},
	[SEQ_F64] = {"F64", 1, 8},
	[SEQ_I8] = {"I8", 1, 1},
	[SEQ_I16] = {"I16", 1, 2},
	[SEQ_I32] = {"I32", 1, 4},
	[SEQ_I64] = {"I64", 1, 8},
	[SEQ_U8] = {"U8", 1, 1},
	[SEQ_Q4_0] = {"Q4_0", 32, 18},
	[SEQ_Q4_1] = {"Q4_1", 32, 20},
	[SEQ_Q5_0] = {"Q5_0", 32, 22},
	[SEQ_Q5_1] = {"Q5_1", 32, 24},
	[SEQ_Q8_0] = {"Q8_0", 32, 34},
	[SEQ_Q8_1] = {"Q8_1", 32, 36},
	[SEQ_Q2_K] = {"Q2_K", 256, 84},
	[SEQ_Q3_K] = {"Q3_K", 256, 110},
	[SEQ_Q4_K] = {"Q4_K", 256, 144},
	[SEQ_Q5_K] = {"Q5_K", 256, 176},
	[SEQ_Q6_K] = {"Q6_K", 256, 210},
	[SEQ_Q8_K] = {"Q8_K", 256, 292},
	[SEQ_IQ2_XXS] = {"IQ2_XXS", 256, 66},
	[SEQ_IQ2_XS] = {"IQ2_XS", 256, 74},
	[SEQ_IQ2_S] = {"IQ2_S", 256, 82},
	[SEQ_IQ3_XXS] = {"IQ3_XXS", 256, 98},
	[SEQ_IQ3_S] = {"IQ3_S", 256, 110},
	[SEQ_IQ1_S] = {"IQ1_S", 256, 50},
	[SEQ_IQ1_M] = {"IQ1_M", 256, 56},
	[SEQ_IQ4_NL] = {"IQ4_NL", 32, 18},
	[SEQ_IQ4_XS] = {"IQ4_XS", 256, 136},
	[SEQ_TQ1_0] = {"TQ1_0", 256, 54},
	[SEQ_TQ2_0] = {"TQ2_0", 256, 66},
	[SEQ_MXFP4] = {"MXFP4", 32, 17},
	[SEQ_NVFP4] = {"NVFP4", 64, 36},
};

const seq_dtype_row *seq_dtype_get(int dtype)
{
	return dtype >= 0 && dtype < SEQ_DTYPES && rows[dtype].name ? &rows[dtype] : NULL;
}

int seq_dtype_find(const char *name)
{
	for (int i = 0; i < SEQ_DTYPES; i++)
		if (rows[i].name && strcasecmp(rows[i].name, name) == 0)
			return i;
	return -1;
}

int64_t seq_dtype_bytes(int dtype, int64_t n)
{
	const seq_dtype_row *r = seq_dtype_get(dtype);
	int64_t bytes;
	if (!r || n < 0 || n % r->block || __builtin_mul_overflow(n / r->block, (int64_t)r->bytes, &bytes))
		return SEQ_E_ARG;
	return bytes;
}
