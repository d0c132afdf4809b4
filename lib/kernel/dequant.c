/* SPDX-License-Identifier: MIT */
/* Elements of any type as f32. */
#include "base/endian.h"
#include "base/half.h"
#include "kernel/matmul.h"
#include "kernel/quant.h"
#include "seq/tensor.h"

static void blocks(const seqk_quant *t, const uint8_t *src, float *dst, size_t n)
{
	int8_t c[SEQK_QUANT_BLOCK];
	float d[SEQK_QUANT_GROUPS], m[SEQK_QUANT_GROUPS];
	for (size_t i = 0; i < n; i += t->block, src += t->bytes) {
		t->unpack(src, c, d, m);
		for (size_t j = 0; j < t->block; j++) {
			float w = d[j / t->group] * (float)c[j];
			dst[i + j] = t->min ? w + m[j / t->group] : w;
		}
	}
}

static float element(int dtype, const uint8_t *p)
{
	uint64_t u;
	double f;
	switch (dtype) {
	case SEQ_F32: return seqp_bits_f32(seqp_get32(p));
	case SEQ_F16: return seqp_f16_f32(seqp_get16(p));
	case SEQ_BF16: return seqp_bf16_f32(seqp_get16(p));
	case SEQ_F64:
		u = seqp_get64(p);
		memcpy(&f, &u, 8);
		return (float)f;
	case SEQ_I8: return (float)(int8_t)*p;
	case SEQ_U8: return (float)*p;
	case SEQ_I16: return (float)(int16_t)seqp_get16(p);
	case SEQ_I32: return (float)(int32_t)seqp_get32(p);
	default: return (float)(int64_t)seqp_get64(p); /* SEQ_I64 */
	}
}

_Bool seqk_dequant(int dtype, const void *src, float *dst, size_t n)
{
	const seqk_quant *t = seqk_quant_get(dtype);
	const seq_dtype_row *row = seq_dtype_get(dtype);
	const uint8_t *p = src;
	if (t)
		blocks(t, p, dst, n);
	else if (row)
		for (size_t i = 0; i < n; i++)
			dst[i] = element(dtype, p + i * row->bytes);
	return row != NULL;
}
