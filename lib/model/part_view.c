/* SPDX-License-Identifier: MIT */
/* From a tensor to the view that a row of a table asks for: its shape checked, rows or columns taken, transformed
 * where that must be. */
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/size.h"
#include "model/arch/arch.h"
#include "seq/file.h"

static int bad_shape(const seq_tensor *t, int64_t rows, int64_t cols, seq_error *err)
{
	char is[100] = "";
	for (int i = 0, n = 0; i < t->rank; i++)
		n += snprintf(is + n, sizeof is - (size_t)n, i ? " %lld" : "%lld", (long long)t->dim[i]);
	return cols ? seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: shape [%s], expected [%lld %lld]", t->name, is,
				(long long)rows, (long long)cols)
		    : seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: shape [%s], expected %lld elements", t->name, is,
				(long long)rows);
}

/* rows: of the whole tensor; cols 0: a vector. */
static int check_shape(const seq_tensor *t, unsigned how, int64_t rows, int64_t cols, seq_error *err)
{
	bool ok;
	int64_t n;
	if (rows <= 0 || __builtin_mul_overflow(rows, cols ? cols : 1, &n))
		ok = false;
	else if (!cols)
		ok = seq_tensor_count(t) == rows;
	else if (how & SEQP_SMALL)
		ok = seq_tensor_count(t) == n && t->rank && t->dim[t->rank - 1] == cols;
	else if (how & SEQP_FLAT)
		ok = seq_tensor_count(t) == n && t->rank > 1 && t->dim[t->rank - 1] == cols;
	else
		ok = t->rank == 2 && t->dim[0] == rows && t->dim[1] == cols;
	return ok ? SEQ_OK : bad_shape(t, rows, cols, err);
}

static int matrix_type(const seq_tensor *t, seq_error *err)
{
	if ((t->dtype >= SEQ_I8 && t->dtype <= SEQ_F64) || t->dtype == SEQ_U8)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tensor %.100s: a matrix in %s", t->name,
				 seq_dtype_get(t->dtype)->name);
	return SEQ_OK;
}

typedef struct shape {
	int64_t rows, cols, first, whole; /* cols 0: a vector */
} shape;

/* The view of a whole tensor, its elements transformed. */
static int whole_view(seq_model *m, const seq_tensor *t, unsigned how, const shape *s, seqp_view *v, seq_error *err)
{
	*v = (seqp_view){t->data, t->dtype, s->whole, s->cols ? s->cols : 1, 0};
	if (!s->cols || (how & SEQP_SMALL)) {
		v->stride = (size_t)v->cols * sizeof(float);
		return seqp_make_f32(m, t, how, v, err);
	}
	v->stride = (size_t)seq_dtype_bytes(t->dtype, s->cols);
	return matrix_type(t, err);
}

/* Transforms are those of the Hugging Face side. */
unsigned seqp_part_how(const seq_model *m, const seqp_part *p)
{
	unsigned hf = SEQP_HF_PLUS1 | SEQP_HF_NEGEXP | SEQP_HF_TRANSPOSE | SEQP_HF_HEADS | SEQP_HF_PAIRS | SEQP_HF_COLUMNS;
	return m->src.format == SEQP_FROM_HF && !m->src.transformed ? p->how : p->how & ~hf;
}

static int part_shape(const seq_model *m, const seqp_part *p, int64_t layer, shape *s, seq_error *err)
{
	*s = (shape){0, 0, 0, 0};
	int e = seqp_expr(m, layer, p->rows, &s->rows, err);
	if (e >= 0 && p->cols)
		e = seqp_expr(m, layer, p->cols, &s->cols, err);
	if (e >= 0 && p->first)
		e = seqp_expr(m, layer, p->first, &s->first, err);
	s->whole = seqp_part_how(m, p) & SEQP_HF_COLUMNS ? s->cols : s->rows;
	if (e >= 0 && p->whole)
		e = seqp_expr(m, layer, p->whole, &s->whole, err);
	return e;
}

static int gather(seq_model *m, int64_t layer, const seq_tensor *t, const shape *s, seqp_view *v, seq_error *err)
{
	int64_t groups = (int64_t)seqp_model_number(m, layer, "attn.kv_heads", seqp_model_number(m, layer, "attn.heads", 0));
	if (groups <= 0 || s->rows % groups || s->whole % groups || s->first > 2)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: not equal parts per head", t->name);
	int64_t size = s->rows / groups, all = s->whole / groups, first = s->first ? all - (3 - s->first) * size : 0;
	if (first < 0 || size > all)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: not q, k and v of each head", t->name);
	return seqp_make_gathered(m, *v, groups, all, first, size, v, err);
}

/* The same rows of every group; as many groups as number "groups" of the role's prefix. */
static int each_group(seq_model *m, int64_t groups, const seq_tensor *t, const shape *s, seqp_view *v, seq_error *err)
{
	if (groups < 1 || s->rows % groups || s->whole % groups || s->first > s->whole / groups - s->rows / groups)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: %lld groups of rows do not fit", t->name, (long long)groups);
	return seqp_make_gathered(m, *v, groups, s->whole / groups, s->first, s->rows / groups, v, err);
}

/* Every second row: of a matrix where it lies. */
static int each_second(seq_model *m, const seq_tensor *t, const shape *s, seqp_view *v, seq_error *err)
{
	if (s->whole != 2 * s->rows || s->first > 1)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: not pairs of rows", t->name);
	if (!s->cols)
		return seqp_make_gathered(m, *v, s->rows, 2, s->first, 1, v, err);
	*v = (seqp_view){(const char *)v->data + (size_t)s->first * v->stride, v->dtype, s->rows, v->cols, 2 * v->stride};
	return SEQ_OK;
}

seq_tensor seqp_tensor_slab(const seq_tensor *t, int64_t i)
{
	seq_tensor s = *t;
	s.rank = 2;
	s.dim[0] = t->dim[1];
	s.dim[1] = t->dim[2];
	s.bytes = t->bytes / (size_t)t->dim[0];
	s.data = (const char *)t->data + (size_t)i * s.bytes;
	return s;
}

/* Columns [first, first + cols) of whole. */
static int columns_view(const seq_tensor *t, const shape *s, seqp_view *v, seq_error *err)
{
	const seq_dtype_row *row = seq_dtype_get(t->dtype);
	int e = check_shape(t, 0, s->rows, s->whole, err);
	if (e < 0 || (e = matrix_type(t, err)) < 0)
		return e;
	if (row->block != 1)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tensor %.100s: columns of %s", t->name, row->name);
	if (s->cols < 1 || s->first > s->whole - s->cols)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: too few columns", t->name);
	*v = (seqp_view){(const char *)t->data + (size_t)s->first * row->bytes, t->dtype, s->rows, s->cols,
		(size_t)s->whole * row->bytes};
	return SEQ_OK;
}

/* [n][cols][whole / n] to all rows, or to those from first on, every step-th, of the [whole][cols] that its matrices are when turned. */
static int turned_view(seq_model *m, const seq_tensor *t, int64_t step, const shape *s, seqp_view *v, seq_error *err)
{
	int64_t n = t->rank == 3 ? t->dim[0] : 1, each = t->rank > 1 ? t->dim[t->rank - 1] : 0;
	if (t->rank < 2 || t->rank > 3 || t->dim[t->rank - 2] != s->cols || n < 1 || each < 1 || each != s->whole / n || s->whole % n)
		return bad_shape(t, s->cols, s->whole, err);
	if (t->rank == 3 && s->rows == s->whole && step == 1)
		return seqp_make_blocks_turned(m, t, v, err);
	if (s->rows > s->whole || s->first >= s->whole || s->first % each + (s->rows - 1) * step >= each)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: too few rows", t->name);
	seq_tensor one = t->rank == 3 ? seqp_tensor_slab(t, s->first / each) : *t;
	return seqp_make_transposed(m, &one, s->first % each, step, s->rows, v, err);
}

static int shaped_view(seq_model *m, unsigned how, int64_t layer, int64_t groups, const seq_tensor *t, const shape *s,
		       seqp_view *v, seq_error *err)
{
	bool pairs = how & SEQP_HF_PAIRS;
	if (how & SEQP_HF_TRANSPOSE)
		return turned_view(m, t, pairs ? 2 : 1, s, v, err);
	if (how & SEQP_HF_COLUMNS)
		return columns_view(t, s, v, err);
	int e = check_shape(t, how, s->whole, s->cols, err);
	if (e < 0)
		return e;
	if (!(how & SEQP_HF_HEADS) && s->first > s->whole - s->rows * (pairs ? 2 : 1) + pairs)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: too few rows", t->name);
	if ((e = whole_view(m, t, how, s, v, err)) < 0)
		return e;
	if (how & SEQP_HF_HEADS)
		return gather(m, layer, t, s, v, err);
	if (pairs)
		return each_second(m, t, s, v, err);
	if (how & SEQP_GROUPS)
		return each_group(m, groups, t, s, v, err);
	*v = seqp_view_rows(*v, s->first, s->rows);
	return SEQ_OK;
}

int64_t seqp_prefix_number(const seq_model *m, const seqp_part *p, int64_t layer, const char *what)
{
	char key[64];
	snprintf(key, sizeof key, "%.*s.%s", (int)strcspn(p->role, "."), p->role, what);
	return (int64_t)seqp_model_number(m, layer, key, 0);
}

int seqp_part_view(seq_model *m, const seqp_part *p, int64_t layer, const seq_tensor *t, seqp_view *v, seq_error *err)
{
	shape s;
	int64_t groups = seqp_prefix_number(m, p, layer, "groups");
	int e = part_shape(m, p, layer, &s, err);
	if (e < 0 || (e = shaped_view(m, seqp_part_how(m, p), layer, groups, t, &s, v, err)) < 0)
		return e;
	if (!s.cols) /* a vector is one row */
		*v = (seqp_view){v->data, v->dtype, 1, v->rows, (size_t)v->rows * sizeof(float)};
	return SEQ_OK;
}
