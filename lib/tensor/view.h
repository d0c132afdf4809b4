/* SPDX-License-Identifier: MIT */
/* A weight matrix where it lies: rows (outputs) x cols (inputs), each row
 * contiguous, rows `stride` bytes apart.  A vector is one row.  Owns nothing. */
#ifndef TENSOR_VIEW_H
#define TENSOR_VIEW_H

#include "seq/tensor.h"

typedef struct seqp_view {
	const void *data; /* NULL: absent */
	int dtype;
	int64_t rows, cols;
	size_t stride;
} seqp_view;

/* Rows [first, first + n) of v. */
static inline seqp_view seqp_view_rows(seqp_view v, int64_t first, int64_t n)
{
	v.data = (const char *)v.data + (size_t)first * v.stride;
	v.rows = n;
	return v;
}

/* The f32 data of a view known to be F32. */
static inline const float *seqp_view_f32(const seqp_view *v)
{
	return v ? (const float *)v->data : NULL;
}

#endif
