/* SPDX-License-Identifier: MIT */
#include "model/rwkv_file.h"

#include <string.h>

#include "base/endian.h"
#include "base/fail.h"

enum { MAGIC = 0x67676d66, OLDEST = 100, NEWEST = 101, MAX_NAME = 256 };

/* By number; -1: a layout that is gone or never was a weight's. */
static const int types[] = {SEQ_F32, SEQ_F16, SEQ_Q4_0, SEQ_Q4_1, -1, -1, -1, SEQ_Q5_0, SEQ_Q5_1, SEQ_Q8_0, -1,
	SEQ_Q2_K, SEQ_Q3_K, SEQ_Q4_K, SEQ_Q5_K, SEQ_Q6_K};

typedef struct cursor {
	const unsigned char *p;
	size_t left;
	uint32_t version;
} cursor;

static bool take32(cursor *c, uint32_t *x)
{
	if (c->left < 4)
		return false;
	*x = seqp_get32(c->p);
	c->p += 4, c->left -= 4;
	return true;
}

bool seqp_rwkv_is(const void *data, size_t size)
{
	return size >= 4 && seqp_get32(data) == MAGIC;
}

static int read_type(const cursor *c, uint32_t type, int *dtype, seq_error *err)
{
	if (type >= sizeof types / sizeof *types || types[type] < 0)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "rwkv.cpp: type %u is not read", (unsigned)type);
	*dtype = types[type];
	if (c->version == OLDEST && type > 1)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "rwkv.cpp: quantised files of version %d have another layout", OLDEST);
	return SEQ_OK;
}

static int read_head(cursor *c, seqp_rwkv_head *head, seq_error *err)
{
	uint32_t magic, vocab, width, layers, type;
	int dtype;
	if (!take32(c, &magic) || !take32(c, &c->version) || !take32(c, &vocab) || !take32(c, &width) || !take32(c, &layers) ||
	    !take32(c, &type))
		return seqp_fail(err, SEQ_E_TRUNC, "rwkv.cpp: the file ends in its header");
	if (magic != MAGIC || c->version < OLDEST || c->version > NEWEST)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "rwkv.cpp: version %u is not read", (unsigned)c->version);
	if (!vocab || !width || !layers || vocab > INT32_MAX || width > INT32_MAX || layers > INT32_MAX)
		return seqp_fail(err, SEQ_E_FORMAT, "rwkv.cpp: vocabulary of %u, width %u, %u layers", (unsigned)vocab, (unsigned)width,
		                 (unsigned)layers);
	*head = (seqp_rwkv_head){vocab, width, layers};
	return read_type(c, type, &dtype, err);
}

static int read_name(cursor *c, uint32_t n, seqp_arena *names, seq_tensor *t, seq_error *err)
{
	if (!n || n > MAX_NAME || n > c->left || memchr(c->p, 0, n))
		return seqp_fail(err, n > c->left ? SEQ_E_TRUNC : SEQ_E_FORMAT, "rwkv.cpp: a name of %u bytes", (unsigned)n);
	t->name = seqp_arena_strdup(names, (const char *)c->p, n);
	c->p += n, c->left -= n;
	return t->name ? SEQ_OK : seqp_nomem(err, n);
}

static int read_sizes(cursor *c, uint32_t rank, seq_tensor *t, seq_error *err)
{
	if (rank < 1 || rank > 3)
		return seqp_fail(err, SEQ_E_FORMAT, "rwkv.cpp: a tensor of %u dimensions", (unsigned)rank);
	t->rank = (int)rank;
	for (int i = t->rank; i-- > 0;) {
		uint32_t n;
		if (!take32(c, &n))
			return seqp_fail(err, SEQ_E_TRUNC, "rwkv.cpp: the file ends in a tensor's sizes");
		if (!n || n > INT32_MAX)
			return seqp_fail(err, SEQ_E_FORMAT, "rwkv.cpp: a size of %u", (unsigned)n);
		t->dim[i] = n;
	}
	return SEQ_OK;
}

static int read_data(cursor *c, seq_tensor *t, seq_error *err)
{
	const seq_dtype_row *row = seq_dtype_get(t->dtype);
	int64_t n = 1, bytes;
	for (int i = 0; i < t->rank; i++)
		if (__builtin_mul_overflow(n, t->dim[i], &n))
			return seqp_fail(err, SEQ_E_FORMAT, "rwkv.cpp: tensor %.100s: too many elements", t->name);
	if (t->dim[t->rank - 1] % (int64_t)row->block)
		return seqp_fail(err, SEQ_E_FORMAT, "rwkv.cpp: tensor %.100s: rows of %lld in %s", t->name,
		                 (long long)t->dim[t->rank - 1], row->name);
	bytes = seq_dtype_bytes(t->dtype, n);
	if (bytes < 0 || (uint64_t)bytes > c->left)
		return seqp_fail(err, SEQ_E_TRUNC, "rwkv.cpp: tensor %.100s: its data lies beyond the end of the file", t->name);
	t->bytes = (size_t)bytes;
	t->data = c->p;
	c->p += t->bytes, c->left -= t->bytes;
	return SEQ_OK;
}

static int read_tensor(cursor *c, seqp_arena *names, seq_tensor *t, seq_error *err)
{
	uint32_t rank, name, type;
	int e;
	*t = (seq_tensor){0};
	if (!take32(c, &rank) || !take32(c, &name) || !take32(c, &type))
		return seqp_fail(err, SEQ_E_TRUNC, "rwkv.cpp: the file ends in a tensor's header");
	if ((e = read_type(c, type, &t->dtype, err)) < 0 || (e = read_sizes(c, rank, t, err)) < 0 ||
	    (e = read_name(c, name, names, t, err)) < 0)
		return e;
	return read_data(c, t, err);
}

int seqp_rwkv_read(seqp_tensor_list *out, seqp_arena *names, seqp_rwkv_head *head, const void *data, size_t size, seq_error *err)
{
	cursor c = {data, size, 0};
	int e = read_head(&c, head, err);
	while (e >= 0 && c.left) {
		seq_tensor t;
		if ((e = read_tensor(&c, names, &t, err)) < 0)
			break;
		if (!seqp_grow(&out->t, &out->cap, out->n + 1, sizeof t))
			return seqp_nomem(err, (out->n + 1) * sizeof t);
		out->t[out->n++] = t;
	}
	return e;
}
