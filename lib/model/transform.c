/* SPDX-License-Identifier: MIT */
/* What cannot be used where it lies is made anew in the model's own memory. */
#include <math.h>
#include <string.h>

#include "base/endian.h"
#include "base/fail.h"
#include "base/half.h"
#include "base/size.h"
#include "model/arch/arch.h"

static float load(const seq_tensor *t, size_t i)
{
	const unsigned char *p = t->data;
	switch (t->dtype) {
	case SEQ_F32: return seqp_bits_f32(seqp_get32(p + 4 * i));
	case SEQ_F16: return seqp_f16_f32(seqp_get16(p + 2 * i));
	case SEQ_BF16: return seqp_bf16_f32(seqp_get16(p + 2 * i));
	default: {
		double d;
		uint64_t u = seqp_get64(p + 8 * i);
		memcpy(&d, &u, 8);
		return (float)d;
	}
	}
}

static float change(float x, unsigned how)
{
	if (how & SEQP_HF_PLUS1)
		return 1.0f + x;
	if (how & SEQP_HF_NEGEXP)
		return (float)-exp((double)x);
	return x;
}

int seqp_make_f32(seq_model *m, const seq_tensor *t, unsigned how, seqp_view *out, seq_error *err)
{
	if (t->dtype != SEQ_F32 && t->dtype != SEQ_F16 && t->dtype != SEQ_BF16 && t->dtype != SEQ_F64)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tensor %.100s: a small array in %s", t->name,
				 seq_dtype_get(t->dtype)->name);
	size_t n = t->bytes / seq_dtype_get(t->dtype)->bytes;
	out->dtype = SEQ_F32;
	if (t->dtype == SEQ_F32 && !(how & (SEQP_HF_PLUS1 | SEQP_HF_NEGEXP)) && (uintptr_t)t->data % 4 == 0) {
		out->data = t->data;
		return SEQ_OK;
	}
	float *f = seqp_arena_alloc(&m->arena, n, sizeof *f);
	if (!f)
		return seqp_nomem(err, n * sizeof *f);
	for (size_t i = 0; i < n; i++)
		f[i] = change(load(t, i), how);
	out->data = f;
	return SEQ_OK;
}

/* n columns of from, each step-th from first on, become the rows of to.  Tiles keep both in cache. */
static void transpose(char *to, const char *from, size_t rows, size_t cols, size_t first, size_t step, size_t n, size_t size)
{
	enum { TILE = 32 };
	for (size_t r0 = 0; r0 < rows; r0 += TILE)
		for (size_t c0 = 0; c0 < n; c0 += TILE)
			for (size_t c = c0; c < n && c < c0 + TILE; c++)
				for (size_t r = r0; r < rows && r < r0 + TILE; r++)
					memcpy(to + (c * rows + r) * size, from + (r * cols + first + c * step) * size, size);
}

int seqp_make_transposed(seq_model *m, const seq_tensor *t, int64_t first, int64_t step, int64_t n, seqp_view *out,
			 seq_error *err)
{
	const seq_dtype_row *row = seq_dtype_get(t->dtype);
	if (row->block != 1)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tensor %.100s: cannot transpose %s", t->name, row->name);
	size_t stride = (size_t)t->dim[0] * row->bytes;
	char *to = seqp_arena_alloc(&m->arena, (size_t)n, stride);
	if (!to)
		return seqp_nomem(err, (size_t)n * stride);
	transpose(to, t->data, (size_t)t->dim[0], (size_t)t->dim[1], (size_t)first, (size_t)step, (size_t)n,
		  row->bytes);
	*out = (seqp_view){to, t->dtype, n, t->dim[0], stride};
	return SEQ_OK;
}

int seqp_make_blocks_turned(seq_model *m, const seq_tensor *t, seqp_view *out, seq_error *err)
{
	const seq_dtype_row *row = seq_dtype_get(t->dtype);
	if (row->block != 1)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tensor %.100s: cannot transpose %s", t->name, row->name);
	size_t rows = (size_t)t->dim[1], cols = (size_t)t->dim[2], each = rows * cols * row->bytes; /* checked when read */
	char *to = seqp_arena_alloc(&m->arena, (size_t)t->dim[0], each);
	if (!to)
		return seqp_nomem(err, t->bytes);
	for (size_t i = 0; i < (size_t)t->dim[0]; i++)
		transpose(to + i * each, (const char *)t->data + i * each, rows, cols, 0, 1, cols, row->bytes);
	*out = (seqp_view){to, t->dtype, t->dim[0] * t->dim[2], t->dim[1], rows * row->bytes};
	return SEQ_OK;
}

int seqp_make_gathered(seq_model *m, seqp_view v, int64_t groups, int64_t whole, int64_t first, int64_t n, seqp_view *out,
		       seq_error *err)
{
	size_t part = (size_t)n * v.stride;
	char *to = seqp_arena_alloc(&m->arena, (size_t)groups, part);
	if (!to)
		return seqp_nomem(err, (size_t)groups * part);
	for (int64_t g = 0; g < groups; g++)
		memcpy(to + (size_t)g * part, (const char *)v.data + (size_t)(g * whole + first) * v.stride, part);
	*out = v;
	out->data = to;
	out->rows = groups * n;
	return SEQ_OK;
}
