/* SPDX-License-Identifier: MIT */
#include "model/safetensors.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/fail.h"

typedef struct span {
	uint64_t begin, end;
} span;

static const struct {
	const char *name;
	int dtype;
} types[] = {
	{"F32", SEQ_F32}, {"F16", SEQ_F16}, {"BF16", SEQ_BF16}, {"F64", SEQ_F64}, {"I8", SEQ_I8}, {"I16", SEQ_I16},
	{"I32", SEQ_I32}, {"I64", SEQ_I64}, {"U8", SEQ_U8}, {"BOOL", SEQ_U8},
};

static int bad(const char *name, int code, const char *what, seq_error *err)
{
	return seqp_fail(err, code, "safetensors: tensor %.100s: %s", name, what);
}

static int read_type(seq_tensor *t, const json_t *j, seq_error *err)
{
	const char *s = json_string_value(json_object_get(j, "dtype"));
	for (size_t i = 0; s && i < sizeof types / sizeof *types; i++)
		if (strcmp(s, types[i].name) == 0) {
			t->dtype = types[i].dtype;
			return SEQ_OK;
		}
	return s ? seqp_fail(err, SEQ_E_UNSUPPORTED, "safetensors: tensor %.100s: type %.20s", t->name, s)
		 : bad(t->name, SEQ_E_FORMAT, "no dtype", err);
}

static int read_shape(seq_tensor *t, const json_t *j, seq_error *err)
{
	const json_t *shape = json_object_get(j, "shape");
	if (!json_is_array(shape))
		return bad(t->name, SEQ_E_FORMAT, "no shape", err);
	if (json_array_size(shape) > SEQ_MAX_RANK)
		return bad(t->name, SEQ_E_UNSUPPORTED, "more than four dimensions", err);
	t->rank = (int)json_array_size(shape);
	int64_t n = 1, bytes;
	for (int i = 0; i < t->rank; i++) {
		const json_t *d = json_array_get(shape, (size_t)i);
		if (!json_is_integer(d) || json_integer_value(d) < 0)
			return bad(t->name, SEQ_E_FORMAT, "a dimension is no size", err);
		t->dim[i] = json_integer_value(d);
		if (__builtin_mul_overflow(n, t->dim[i], &n))
			return bad(t->name, SEQ_E_FORMAT, "too many elements", err);
	}
	bytes = seq_dtype_bytes(t->dtype, n);
	if (bytes < 0 || (uint64_t)bytes > SIZE_MAX)
		return bad(t->name, SEQ_E_FORMAT, "too many bytes", err);
	t->bytes = (size_t)bytes;
	return SEQ_OK;
}

static int read_span(seq_tensor *t, const json_t *j, const char *base, size_t room, span *at, seq_error *err)
{
	const json_t *o = json_object_get(j, "data_offsets");
	const json_t *b = json_array_get(o, 0), *e = json_array_get(o, 1);
	if (json_array_size(o) != 2 || !json_is_integer(b) || !json_is_integer(e) || json_integer_value(b) < 0)
		return bad(t->name, SEQ_E_FORMAT, "no data_offsets", err);
	*at = (span){(uint64_t)json_integer_value(b), (uint64_t)json_integer_value(e)};
	if (json_integer_value(e) < json_integer_value(b) || at->end - at->begin != t->bytes)
		return bad(t->name, SEQ_E_FORMAT, "its offsets do not span its shape", err);
	if (at->end > room)
		return bad(t->name, SEQ_E_TRUNC, "its data lies beyond the end of the file", err);
	t->data = base + at->begin;
	return SEQ_OK;
}

static int by_begin(const void *a, const void *b)
{
	const span *x = a, *y = b;
	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

static int by_data(const void *a, const void *b)
{
	const seq_tensor *x = a, *y = b;
	if (x->data != y->data)
		return (uintptr_t)x->data < (uintptr_t)y->data ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int check_overlap(span *s, size_t n, seq_error *err)
{
	qsort(s, n, sizeof *s, by_begin);
	for (size_t i = 1; i < n; i++)
		if (s[i].begin < s[i - 1].end)
			return seqp_fail(err, SEQ_E_FORMAT, "safetensors: two tensors share byte %llu of the data",
					 (unsigned long long)s[i].begin);
	return SEQ_OK;
}

static int read_entry(seqp_tensor_list *out, seqp_arena *names, const char *key, const json_t *j, const char *base,
		      size_t room, span *at, seq_error *err)
{
	seq_tensor t = {0};
	if (!*key || !json_is_object(j))
		return seqp_fail(err, SEQ_E_FORMAT, "safetensors: entry \"%.100s\" is no tensor", key);
	t.name = seqp_arena_strdup(names, key, strlen(key));
	if (!t.name || !seqp_grow(&out->t, &out->cap, out->n + 1, sizeof t))
		return seqp_nomem(err, (out->n + 1) * sizeof t);
	int e = read_type(&t, j, err);
	if (e < 0 || (e = read_shape(&t, j, err)) < 0 || (e = read_span(&t, j, base, room, at, err)) < 0)
		return e;
	out->t[out->n++] = t;
	return SEQ_OK;
}

static int read_header(seqp_tensor_list *out, seqp_arena *names, json_t *head, const char *base, size_t room,
		       seq_error *err)
{
	size_t first = out->n, n = 0;
	span *spans = seqp_alloc(json_object_size(head), sizeof *spans);
	if (!spans)
		return seqp_nomem(err, json_object_size(head) * sizeof *spans);
	const char *key;
	json_t *j;
	int e = SEQ_OK;
	json_object_foreach(head, key, j) {
		if (strcmp(key, "__metadata__") == 0)
			continue;
		e = read_entry(out, names, key, j, base, room, &spans[n++], err);
		if (e < 0)
			break;
	}
	if (e >= 0)
		e = check_overlap(spans, n, err);
	if (e >= 0 && n)
		qsort(out->t + first, out->n - first, sizeof *out->t, by_data);
	free(spans);
	return e;
}

int seqp_safetensors_read(seqp_tensor_list *out, seqp_arena *names, const void *data, size_t size, seq_error *err)
{
	if (size < 8)
		return seqp_fail(err, SEQ_E_TRUNC, "safetensors: %zu bytes", size);
	uint64_t n = seqp_get64(data);
	if (n > SEQP_SAFETENSORS_HEADER)
		return seqp_fail(err, SEQ_E_FORMAT, "not a safetensors file, or its header is too long");
	if (n > size - 8)
		return seqp_fail(err, SEQ_E_TRUNC, "safetensors: the header ends early");
	json_error_t je;
	json_t *head = json_loadb((const char *)data + 8, (size_t)n, JSON_REJECT_DUPLICATES, &je);
	if (!json_is_object(head)) {
		json_decref(head);
		return seqp_fail(err, SEQ_E_FORMAT, "safetensors: header: %s", head ? "no object" : je.text);
	}
	int e = read_header(out, names, head, (const char *)data + 8 + n, size - 8 - (size_t)n, err);
	json_decref(head);
	return e;
}
