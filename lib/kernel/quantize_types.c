/* SPDX-License-Identifier: MIT */
/* Which kernel a type has; the plain types. */
#include "kernel/quantize.h"

#include "base/endian.h"
#include "base/half.h"
#include "kernel/table.h"
#include "seq/tensor.h"

static const int types[SEQK_TO_ROWS] = {
	[SEQK_TO_Q8_0] = SEQ_Q8_0, [SEQK_TO_Q4_0] = SEQ_Q4_0, [SEQK_TO_Q4_1] = SEQ_Q4_1, [SEQK_TO_Q5_0] = SEQ_Q5_0,
	[SEQK_TO_Q5_1] = SEQ_Q5_1, [SEQK_TO_Q2_K] = SEQ_Q2_K, [SEQK_TO_Q3_K] = SEQ_Q3_K, [SEQK_TO_Q4_K] = SEQ_Q4_K,
	[SEQK_TO_Q5_K] = SEQ_Q5_K, [SEQK_TO_Q6_K] = SEQ_Q6_K,
};

int seqk_quantize_row(int dtype)
{
	for (int i = 0; i < SEQK_TO_ROWS; i++)
		if (types[i] == dtype)
			return i;
	return -1;
}

bool seqk_can_quantize(int dtype)
{
	return dtype == SEQ_F32 || dtype == SEQ_F16 || dtype == SEQ_BF16 || seqk_quantize_row(dtype) >= 0;
}

static void plain(int dtype, const float *x, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (dtype == SEQ_F32)
			seqp_put32(out + 4 * i, seqp_f32_bits(x[i]));
		else
			seqp_put16(out + 2 * i, dtype == SEQ_F16 ? seqp_f32_f16(x[i]) : seqp_f32_bf16(x[i]));
}

void seqk_quantize(int dtype, const float *x, const float *w, void *out, size_t n)
{
	int row = seqk_quantize_row(dtype);
	const seq_dtype_row *t = seq_dtype_get(dtype);
	uint8_t *p = out;
	if (row < 0) {
		plain(dtype, x, p, n);
		return;
	}
	seqk_quantize_fn *f = seqk_table_now()->quantize[row];
	for (size_t i = 0; i < n; i += t->block, p += t->bytes)
		f(x + i, w ? w + i : NULL, p);
}
