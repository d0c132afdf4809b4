/* SPDX-License-Identifier: MIT */
#include "tensor/gguf.h"

#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/fail.h"
#include "base/half.h"
#include "base/mem.h"
#include "base/size.h"
#include "tensor/index.h"

enum {
	MAX_COUNT = 1 << 20, /* keys, tensors */
	MAX_KEY = 65535,
	MAX_ALIGNMENT = 1 << 20,
	LEAST_KEY = 8 + 1 + 4 + 1,          /* length, one letter, type, one byte */
	LEAST_TENSOR = 8 + 1 + 4 + 4 + 8    /* length, one letter, rank, type, offset */
};

struct seqp_gguf {
	seqp_arena arena;
	seqp_gguf_value *value;
	seq_tensor *tensor;
	size_t keys, tensors;
	seqp_index key_index, tensor_index;
};

/* What is being read; p never passes end. */
typedef struct reader {
	const unsigned char *base, *p, *end;
	seqp_gguf *g;
	seq_error *err;
} reader;

static size_t left(const reader *r)
{
	return (size_t)(r->end - r->p);
}

static int cut(reader *r)
{
	return seqp_fail(r->err, SEQ_E_TRUNC, "GGUF: the header ends early, at byte %zu", (size_t)(r->end - r->base));
}

static int get32(reader *r, uint32_t *v)
{
	if (left(r) < 4)
		return cut(r);
	*v = seqp_get32(r->p);
	r->p += 4;
	return SEQ_OK;
}

static int get64(reader *r, uint64_t *v)
{
	if (left(r) < 8)
		return cut(r);
	*v = seqp_get64(r->p);
	r->p += 8;
	return SEQ_OK;
}

/* A key or a tensor's name: 1 to MAX_KEY bytes without NUL; copied. */
static int get_name(reader *r, const char **out)
{
	uint64_t n;
	int e = get64(r, &n);
	if (e < 0)
		return e;
	if (n == 0 || n > MAX_KEY)
		return seqp_fail(r->err, SEQ_E_FORMAT, "GGUF: a name of %llu bytes at byte %zu", (unsigned long long)n,
				 (size_t)(r->p - r->base));
	if (n > left(r))
		return cut(r);
	if (memchr(r->p, 0, (size_t)n))
		return seqp_fail(r->err, SEQ_E_FORMAT, "GGUF: a name with a NUL at byte %zu", (size_t)(r->p - r->base));
	*out = seqp_arena_strdup(&r->g->arena, (const char *)r->p, (size_t)n);
	if (!*out)
		return seqp_nomem(r->err, (size_t)n);
	r->p += n;
	return SEQ_OK;
}

static size_t type_size(uint32_t type)
{
	static const unsigned char size[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
	return type < sizeof size ? size[type] : 0;
}

static int skip_strings(reader *r, uint64_t n)
{
	for (; n; n--) {
		uint64_t len;
		int e = get64(r, &len);
		if (e < 0)
			return e;
		if (len > left(r))
			return cut(r);
		r->p += len;
	}
	return SEQ_OK;
}

static int skip_elements(reader *r, seqp_gguf_value *v, uint32_t type, uint64_t n)
{
	size_t size = type_size(type);
	if (!size && type != SEQP_GGUF_STR)
		return seqp_fail(r->err, type == SEQP_GGUF_ARRAY ? SEQ_E_UNSUPPORTED : SEQ_E_FORMAT,
				 "GGUF: key %.100s: elements of type %u", v->key, (unsigned)type);
	v->type = (int)type;
	v->data = r->p;
	if (n > left(r) / (size ? size : 8))
		return cut(r);
	v->count = (size_t)n;
	int e = SEQ_OK;
	if (size)
		r->p += (size_t)n * size;
	else
		e = skip_strings(r, n);
	v->bytes = (size_t)(r->p - v->data);
	return e;
}

static int read_key(reader *r, seqp_gguf_value *v)
{
	uint32_t type;
	uint64_t n = 1;
	int e = get_name(r, &v->key);
	if (e < 0 || (e = get32(r, &type)) < 0)
		return e;
	v->array = type == SEQP_GGUF_ARRAY;
	if (v->array && ((e = get32(r, &type)) < 0 || (e = get64(r, &n)) < 0))
		return e;
	return skip_elements(r, v, type, n);
}

static int bad_tensor(reader *r, const seq_tensor *t, int code, const char *what)
{
	return seqp_fail(r->err, code, "GGUF: tensor %.100s: %s", t->name, what);
}

/* Dimensions come innermost first. */
static int read_shape(reader *r, seq_tensor *t)
{
	uint32_t rank;
	int e = get32(r, &rank);
	if (e < 0)
		return e;
	if (rank > SEQ_MAX_RANK)
		return bad_tensor(r, t, SEQ_E_UNSUPPORTED, "more than four dimensions");
	t->rank = (int)rank;
	for (uint32_t i = 0; i < rank; i++) {
		uint64_t d;
		if ((e = get64(r, &d)) < 0)
			return e;
		if (d > INT64_MAX)
			return bad_tensor(r, t, SEQ_E_FORMAT, "a dimension is too large");
		t->dim[rank - 1 - i] = (int64_t)d;
	}
	return SEQ_OK;
}

/* Sets bytes; whole blocks in every row. */
static int measure(reader *r, seq_tensor *t)
{
	const seq_dtype_row *row = t->dtype == SEQ_U8 ? NULL : seq_dtype_get(t->dtype);
	if (!row)
		return bad_tensor(r, t, SEQ_E_UNSUPPORTED, "its element type is unknown");
	int64_t n = 1;
	for (int i = 0; i < t->rank; i++)
		if (__builtin_mul_overflow(n, t->dim[i], &n))
			return bad_tensor(r, t, SEQ_E_FORMAT, "too many elements");
	if ((t->rank ? t->dim[t->rank - 1] : 1) % row->block)
		return bad_tensor(r, t, SEQ_E_FORMAT, "a row is not a whole number of blocks");
	int64_t bytes = seq_dtype_bytes(t->dtype, n);
	if (bytes < 0 || (uint64_t)bytes > SIZE_MAX)
		return bad_tensor(r, t, SEQ_E_FORMAT, "too many bytes");
	t->bytes = (size_t)bytes;
	return SEQ_OK;
}

/* Until the header is read to its end, data holds the offset. */
static int read_tensor(reader *r, seq_tensor *t, uint64_t *offset)
{
	uint32_t type;
	int e = get_name(r, &t->name);
	if (e < 0 || (e = read_shape(r, t)) < 0 || (e = get32(r, &type)) < 0)
		return e;
	t->dtype = type < SEQ_DTYPES ? (int)type : SEQ_DTYPES;
	if ((e = get64(r, offset)) < 0)
		return e;
	return measure(r, t);
}

static int place(reader *r, seq_tensor *t, size_t data, size_t alignment, uint64_t offset)
{
	size_t size = (size_t)(r->end - r->base);
	if (offset % alignment)
		return bad_tensor(r, t, SEQ_E_FORMAT, "its offset breaks the alignment");
	if (data > size || offset > size - data || t->bytes > size - data - (size_t)offset)
		return bad_tensor(r, t, SEQ_E_TRUNC, "its data lies beyond the end of the file");
	t->data = r->base + data + offset;
	return SEQ_OK;
}

static int by_place(const void *a, const void *b)
{
	const seq_tensor *x = *(const seq_tensor *const *)a, *y = *(const seq_tensor *const *)b;
	if (x->data != y->data)
		return (uintptr_t)x->data < (uintptr_t)y->data ? -1 : 1;
	return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

/* Data that is used twice would let a small file ask for much memory. */
static int check_overlap(reader *r)
{
	size_t n = r->g->tensors;
	const seq_tensor **t = seqp_alloc(n, sizeof *t);
	if (!t)
		return seqp_nomem(r->err, n * sizeof *t);
	for (size_t i = 0; i < n; i++)
		t[i] = &r->g->tensor[i];
	qsort(t, n, sizeof *t, by_place);
	int e = SEQ_OK;
	for (size_t i = 1; i < n && e >= 0; i++)
		if ((const char *)t[i]->data < (const char *)t[i - 1]->data + t[i - 1]->bytes)
			e = bad_tensor(r, t[i], SEQ_E_FORMAT, "it shares its data with another");
	free(t);
	return e;
}

static int alignment_of(reader *r, size_t *out)
{
	int64_t a = seqp_gguf_int(r->g, "general.alignment", 32);
	if (a <= 0 || a > MAX_ALIGNMENT || (a & (a - 1)))
		return seqp_fail(r->err, SEQ_E_FORMAT, "GGUF: general.alignment %lld", (long long)a);
	*out = (size_t)a;
	return SEQ_OK;
}

static int index_keys(reader *r)
{
	seqp_gguf *g = r->g;
	seqp_name *list = seqp_arena_alloc(&g->arena, g->keys, sizeof *list);
	if (!list)
		return seqp_nomem(r->err, g->keys * sizeof *list);
	for (size_t i = 0; i < g->keys; i++)
		list[i] = (seqp_name){g->value[i].key, i};
	const char *twice = seqp_index_sort(&g->key_index, list, g->keys);
	return twice ? seqp_fail(r->err, SEQ_E_FORMAT, "GGUF: key %.100s occurs twice", twice) : SEQ_OK;
}

static int index_tensors(reader *r)
{
	seqp_gguf *g = r->g;
	seqp_name *list = seqp_arena_alloc(&g->arena, g->tensors, sizeof *list);
	if (!list)
		return seqp_nomem(r->err, g->tensors * sizeof *list);
	for (size_t i = 0; i < g->tensors; i++)
		list[i] = (seqp_name){g->tensor[i].name, i};
	const char *twice = seqp_index_sort(&g->tensor_index, list, g->tensors);
	return twice ? seqp_fail(r->err, SEQ_E_FORMAT, "GGUF: tensor %.100s occurs twice", twice) : SEQ_OK;
}

static int read_start(reader *r)
{
	uint32_t magic, version;
	uint64_t tensors, keys;
	int e = get32(r, &magic);
	if (e < 0)
		return e;
	if (magic != 0x46554747)
		return seqp_fail(r->err, SEQ_E_FORMAT, "not a GGUF file");
	if ((e = get32(r, &version)) < 0)
		return e;
	if (version != 2 && version != 3)
		return seqp_fail(r->err, SEQ_E_UNSUPPORTED, version & 0xffff ? "GGUF: version %u" :
				 "GGUF: a big-endian file (version word %#x)", (unsigned)version);
	if ((e = get64(r, &tensors)) < 0 || (e = get64(r, &keys)) < 0)
		return e;
	if (keys > MAX_COUNT || tensors > MAX_COUNT)
		return seqp_fail(r->err, SEQ_E_FORMAT, "GGUF: %llu keys and %llu tensors", (unsigned long long)keys,
				 (unsigned long long)tensors);
	if (keys > left(r) / LEAST_KEY || tensors > left(r) / LEAST_TENSOR)
		return cut(r);
	r->g->keys = (size_t)keys;
	r->g->tensors = (size_t)tensors;
	return SEQ_OK;
}

static int read_keys(reader *r)
{
	seqp_gguf *g = r->g;
	g->value = seqp_arena_alloc(&g->arena, g->keys, sizeof *g->value);
	if (!g->value)
		return seqp_nomem(r->err, g->keys * sizeof *g->value);
	for (size_t i = 0; i < g->keys; i++) {
		int e = read_key(r, &g->value[i]);
		if (e < 0)
			return e;
	}
	return index_keys(r);
}

static int read_tensors(reader *r, uint64_t *offset)
{
	seqp_gguf *g = r->g;
	size_t alignment = 1;
	int e = alignment_of(r, &alignment);
	for (size_t i = 0; i < g->tensors && e >= 0; i++)
		e = read_tensor(r, &g->tensor[i], &offset[i]);
	if (e < 0)
		return e;
	size_t data = seqp_round_up((size_t)(r->p - r->base), alignment);
	for (size_t i = 0; i < g->tensors; i++)
		if ((e = place(r, &g->tensor[i], data, alignment, offset[i])) < 0)
			return e;
	e = check_overlap(r);
	return e < 0 ? e : index_tensors(r);
}

static int read_all(reader *r)
{
	seqp_gguf *g = r->g;
	int e = read_start(r);
	if (e < 0 || (e = read_keys(r)) < 0)
		return e;
	g->tensor = seqp_arena_alloc(&g->arena, g->tensors, sizeof *g->tensor);
	uint64_t *offset = seqp_alloc(g->tensors, sizeof *offset);
	e = g->tensor && offset ? read_tensors(r, offset) : seqp_nomem(r->err, g->tensors * sizeof *g->tensor);
	free(offset);
	return e;
}

int seqp_gguf_open(seqp_gguf **out, const void *data, size_t size, seq_error *err)
{
	*out = NULL;
	seqp_gguf *g = calloc(1, sizeof *g);
	if (!g)
		return seqp_nomem(err, sizeof *g);
	static const unsigned char nothing[1];
	const unsigned char *p = data ? data : nothing;
	reader r = {p, p, p + (data ? size : 0), g, err};
	int e = read_all(&r);
	if (e < 0) {
		seqp_gguf_free(g);
		return e;
	}
	*out = g;
	return SEQ_OK;
}

void seqp_gguf_free(seqp_gguf *g)
{
	if (!g)
		return;
	seqp_arena_free(&g->arena);
	free(g);
}

size_t seqp_gguf_keys(const seqp_gguf *g)
{
	return g->keys;
}

const seqp_gguf_value *seqp_gguf_at(const seqp_gguf *g, size_t i)
{
	return i < g->keys ? &g->value[i] : NULL;
}

const seqp_gguf_value *seqp_gguf_find(const seqp_gguf *g, const char *key)
{
	ptrdiff_t i = seqp_index_find(&g->key_index, key);
	return i < 0 ? NULL : &g->value[i];
}

static const seqp_gguf_value *scalar(const seqp_gguf *g, const char *key)
{
	const seqp_gguf_value *v = seqp_gguf_find(g, key);
	return v && !v->array ? v : NULL;
}

int64_t seqp_gguf_int(const seqp_gguf *g, const char *key, int64_t dflt)
{
	seqp_gguf_iter it = seqp_gguf_each(scalar(g, key));
	int64_t x;
	return seqp_gguf_next_int(&it, &x) ? x : dflt;
}

double seqp_gguf_float(const seqp_gguf *g, const char *key, double dflt)
{
	seqp_gguf_iter it = seqp_gguf_each(scalar(g, key));
	double x;
	return seqp_gguf_next_float(&it, &x) ? x : dflt;
}

bool seqp_gguf_bool(const seqp_gguf *g, const char *key, bool dflt)
{
	return seqp_gguf_int(g, key, dflt) != 0;
}

seqp_slice seqp_gguf_str(const seqp_gguf *g, const char *key)
{
	seqp_gguf_iter it = seqp_gguf_each(scalar(g, key));
	seqp_slice s;
	return seqp_gguf_next_str(&it, &s) ? s : (seqp_slice){NULL, 0};
}

seqp_gguf_iter seqp_gguf_each(const seqp_gguf_value *v)
{
	return v ? (seqp_gguf_iter){v->data, v->count, v->type} : (seqp_gguf_iter){NULL, 0, -1};
}

static bool load_int(const unsigned char *p, int type, int64_t *out)
{
	switch (type) {
	case SEQP_GGUF_U8: *out = *p; return true;
	case SEQP_GGUF_I8: *out = (int8_t)*p; return true;
	case SEQP_GGUF_U16: *out = seqp_get16(p); return true;
	case SEQP_GGUF_I16: *out = (int16_t)seqp_get16(p); return true;
	case SEQP_GGUF_U32: *out = seqp_get32(p); return true;
	case SEQP_GGUF_I32: *out = (int32_t)seqp_get32(p); return true;
	case SEQP_GGUF_BOOL: *out = *p != 0; return true;
	case SEQP_GGUF_U64:
	case SEQP_GGUF_I64: *out = (int64_t)seqp_get64(p); return type == SEQP_GGUF_I64 || *out >= 0;
	default: return false;
	}
}

bool seqp_gguf_next_int(seqp_gguf_iter *it, int64_t *out)
{
	if (!it->left || !load_int(it->p, it->type, out))
		return false;
	it->p += type_size((uint32_t)it->type);
	it->left--;
	return true;
}

static bool load_float(const unsigned char *p, int type, double *out)
{
	int64_t i;
	if (type == SEQP_GGUF_F32)
		*out = seqp_bits_f32(seqp_get32(p));
	else if (type == SEQP_GGUF_F64)
		memcpy(out, &(uint64_t){seqp_get64(p)}, 8);
	else if (load_int(p, type, &i))
		*out = (double)i;
	else
		return false;
	return true;
}

bool seqp_gguf_next_float(seqp_gguf_iter *it, double *out)
{
	if (!it->left || !load_float(it->p, it->type, out))
		return false;
	it->p += type_size((uint32_t)it->type);
	it->left--;
	return true;
}

bool seqp_gguf_next_str(seqp_gguf_iter *it, seqp_slice *out)
{
	if (!it->left || it->type != SEQP_GGUF_STR)
		return false;
	*out = (seqp_slice){(const char *)it->p + 8, (size_t)seqp_get64(it->p)};
	it->p += 8 + out->n;
	it->left--;
	return true;
}

size_t seqp_gguf_tensors(const seqp_gguf *g)
{
	return g->tensors;
}

const seq_tensor *seqp_gguf_tensor(const seqp_gguf *g, size_t i)
{
	return i < g->tensors ? &g->tensor[i] : NULL;
}

const seq_tensor *seqp_gguf_tensor_find(const seqp_gguf *g, const char *name)
{
	ptrdiff_t i = seqp_index_find(&g->tensor_index, name);
	return i < 0 ? NULL : &g->tensor[i];
}
