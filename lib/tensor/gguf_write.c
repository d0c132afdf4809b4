/* SPDX-License-Identifier: MIT */
#include "tensor/gguf_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/fail.h"
#include "base/half.h"
#include "base/mem.h"
#include "base/size.h"

static unsigned char *room(seqp_gguf_out *o, seqp_bytes *b, size_t n)
{
	if (o->failed || n > SIZE_MAX / 2 - b->n || !seqp_grow(&b->p, &b->cap, b->n + n, 1)) {
		o->failed = true;
		return NULL;
	}
	b->n += n;
	return b->p + b->n - n;
}

static void put(seqp_gguf_out *o, seqp_bytes *b, const void *p, size_t n)
{
	unsigned char *to = room(o, b, n);
	if (to && n)
		memcpy(to, p, n);
}

static void put32(seqp_gguf_out *o, seqp_bytes *b, uint32_t v)
{
	unsigned char *to = room(o, b, 4);
	if (to)
		seqp_put32(to, v);
}

static void put64(seqp_gguf_out *o, seqp_bytes *b, uint64_t v)
{
	unsigned char *to = room(o, b, 8);
	if (to)
		seqp_put64(to, v);
}

static void put_name(seqp_gguf_out *o, seqp_bytes *b, const char *p, size_t n)
{
	put64(o, b, n);
	put(o, b, p, n);
}

static void start(seqp_gguf_out *o, const char *key, uint32_t type)
{
	o->nkeys++;
	put_name(o, &o->keys, key, strlen(key));
	put32(o, &o->keys, type);
}

void seqp_gguf_add_int(seqp_gguf_out *o, int type, int64_t v)
{
	static const unsigned char size[] = {1, 1, 2, 2, 4, 4, 0, 1, 0, 0, 8, 8, 0};
	unsigned char b[8];
	seqp_put64(b, (uint64_t)v);
	put(o, &o->keys, b, size[type]);
}

void seqp_gguf_add_float(seqp_gguf_out *o, double v)
{
	put32(o, &o->keys, seqp_f32_bits((float)v));
}

void seqp_gguf_add_str(seqp_gguf_out *o, const char *p, size_t n)
{
	put_name(o, &o->keys, p, n);
}

void seqp_gguf_put_int(seqp_gguf_out *o, const char *key, int type, int64_t v)
{
	start(o, key, (uint32_t)type);
	seqp_gguf_add_int(o, type, v);
}

void seqp_gguf_put_float(seqp_gguf_out *o, const char *key, double v)
{
	start(o, key, SEQP_GGUF_F32);
	seqp_gguf_add_float(o, v);
}

void seqp_gguf_put_str(seqp_gguf_out *o, const char *key, const char *p, size_t n)
{
	start(o, key, SEQP_GGUF_STR);
	seqp_gguf_add_str(o, p, n);
}

void seqp_gguf_put_array(seqp_gguf_out *o, const char *key, int type, uint64_t count)
{
	start(o, key, SEQP_GGUF_ARRAY);
	put32(o, &o->keys, (uint32_t)type);
	put64(o, &o->keys, count);
}

void seqp_gguf_put_value(seqp_gguf_out *o, const seqp_gguf_value *v)
{
	if (v->array)
		seqp_gguf_put_array(o, v->key, v->type, v->count);
	else
		start(o, v->key, (uint32_t)v->type);
	put(o, &o->keys, v->data, v->bytes);
}

void seqp_gguf_put_tensor(seqp_gguf_out *o, const char *name, int dtype, int rank, const int64_t *dim, uint64_t bytes)
{
	put_name(o, &o->tensors, name, strlen(name));
	put32(o, &o->tensors, (uint32_t)rank);
	for (int i = rank - 1; i >= 0; i--)
		put64(o, &o->tensors, (uint64_t)dim[i]);
	put32(o, &o->tensors, (uint32_t)dtype);
	put64(o, &o->tensors, o->data);
	o->ntensors++;
	if (__builtin_add_overflow(o->data, bytes + SEQP_GGUF_ALIGN - 1, &o->data))
		o->failed = true;
	o->data &= ~(uint64_t)(SEQP_GGUF_ALIGN - 1);
}

static void join(seqp_gguf_out *o, seqp_bytes *head)
{
	put32(o, head, 0x46554747);
	put32(o, head, 3);
	put64(o, head, o->ntensors);
	put64(o, head, o->nkeys);
	put(o, head, o->keys.p, o->keys.n);
	put(o, head, o->tensors.p, o->tensors.n);
	size_t pad = seqp_round_up(head->n, SEQP_GGUF_ALIGN) - head->n;
	unsigned char *to = room(o, head, pad);
	if (to)
		memset(to, 0, pad);
}

int seqp_gguf_head(seqp_gguf_out *o, seqp_bytes *head, seq_error *err)
{
	*head = (seqp_bytes){0};
	join(o, head);
	int e = o->failed ? seqp_nomem(err, o->keys.n + o->tensors.n) : SEQ_OK;
	if (e < 0) {
		free(head->p);
		*head = (seqp_bytes){0};
	}
	seqp_gguf_out_free(o);
	return e;
}

void seqp_gguf_out_free(seqp_gguf_out *o)
{
	free(o->keys.p);
	free(o->tensors.p);
	*o = (seqp_gguf_out){0};
}
