/* SPDX-License-Identifier: MIT */
#include "tensor/npy_read.h"

#include <stdbool.h>
#include <string.h>

#include "base/fail.h"

/* The text of the header, not terminated. */
typedef struct text {
	const char *p, *end;
} text;

static bool skip(text *t, const char *word)
{
	size_t n = strlen(word);
	while (t->p < t->end && *t->p == ' ')
		t->p++;
	if ((size_t)(t->end - t->p) < n || memcmp(t->p, word, n))
		return false;
	t->p += n;
	return true;
}

static int type_of(text *t)
{
	static const struct { const char *word; int dtype; } row[] = {{"'<f4'", SEQ_F32}, {"'<f2'", SEQ_F16}, {"'<f8'", SEQ_F64},
		{"'|i1'", SEQ_I8}, {"'<i2'", SEQ_I16}, {"'<i4'", SEQ_I32}, {"'<i8'", SEQ_I64}, {"'|u1'", SEQ_U8}};
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		if (skip(t, row[i].word))
			return row[i].dtype;
	return -1;
}

static bool number(text *t, int64_t *n)
{
	bool any = false;
	*n = 0;
	skip(t, "");
	for (; t->p < t->end && *t->p >= '0' && *t->p <= '9'; t->p++, any = true)
		if (*n > INT64_MAX / 16)
			return false;
		else
			*n = *n * 10 + (*t->p - '0');
	return any;
}

/* (), (3,), (2, 3) */
static bool shape(text *t, seq_tensor *out)
{
	out->rank = 0;
	if (!skip(t, "("))
		return false;
	while (!skip(t, ")")) {
		if (out->rank == SEQ_MAX_RANK || !number(t, &out->dim[out->rank]))
			return false;
		out->rank++;
		if (!skip(t, ",") && out->rank < 2)
			return false;
	}
	return true;
}

static bool dictionary(text *t, seq_tensor *out)
{
	bool type = false, order = false, dims = false;
	if (!skip(t, "{"))
		return false;
	while (!skip(t, "}")) {
		if (skip(t, "'descr':"))
			type = (out->dtype = type_of(t)) >= 0;
		else if (skip(t, "'fortran_order':"))
			order = skip(t, "False");
		else if (skip(t, "'shape':"))
			dims = shape(t, out);
		else
			return false;
		if (!skip(t, ",") && (t->p == t->end || *t->p != '}'))
			return false;
	}
	return type && order && dims;
}

/* Bytes of the array; false: more than size. */
static bool measure(seq_tensor *t, size_t size)
{
	size_t n = seq_dtype_get(t->dtype)->bytes;
	for (int i = 0; i < t->rank; i++)
		if (__builtin_mul_overflow(n, (size_t)t->dim[i], &n))
			return false;
	t->bytes = n;
	return n <= size;
}

int seqp_npy_read(seq_tensor *t, const void *data, size_t size, seq_error *err)
{
	const unsigned char *p = data;
	seq_tensor out = {.name = t->name};
	if (size < 10 || memcmp(p, "\x93NUMPY", 6) || p[6] < 1 || p[6] > 3 || (p[6] > 1 && size < 12))
		return seqp_fail(err, SEQ_E_FORMAT, "not a file of numpy's format");
	size_t start = p[6] == 1 ? 10 : 12, len = p[8] | (size_t)p[9] << 8;
	if (p[6] > 1)
		len |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
	if (len > size - start)
		return seqp_fail(err, SEQ_E_TRUNC, "npy: the header is cut off");
	text head = {(const char *)p + start, (const char *)p + start + len};
	if (!dictionary(&head, &out))
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "npy: one plain little-endian array of at most %d dimensions in C order is wanted",
		                 SEQ_MAX_RANK);
	if (!measure(&out, size - start - len))
		return seqp_fail(err, SEQ_E_TRUNC, "npy: the data is cut off");
	out.data = p + start + len;
	*t = out;
	return 0;
}
