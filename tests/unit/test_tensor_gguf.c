/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "guard.h"
#include "tensor/gguf.h"

/* A file made piece by piece. */
typedef struct file {
	uint8_t b[8192];
	size_t n;
} file;

static void p32(file *f, uint32_t v)
{
	seqp_put32(f->b + f->n, v);
	f->n += 4;
}

static void p64(file *f, uint64_t v)
{
	seqp_put64(f->b + f->n, v);
	f->n += 8;
}

static void pstr(file *f, const char *s)
{
	p64(f, strlen(s));
	memcpy(f->b + f->n, s, strlen(s));
	f->n += strlen(s);
}

static void start(file *f, uint64_t tensors, uint64_t keys)
{
	f->n = 0;
	p32(f, 0x46554747);
	p32(f, 3);
	p64(f, tensors);
	p64(f, keys);
}

static void key32(file *f, const char *key, uint32_t type, uint32_t v)
{
	pstr(f, key);
	p32(f, type);
	p32(f, v);
}

static void tensor(file *f, const char *name, uint64_t d0, uint64_t d1, uint32_t type, uint64_t offset)
{
	pstr(f, name);
	p32(f, 2);
	p64(f, d0);
	p64(f, d1);
	p32(f, type);
	p64(f, offset);
}

static void data(file *f, size_t bytes)
{
	while (f->n % 32)
		f->b[f->n++] = 0;
	for (size_t i = 0; i < bytes; i++)
		f->b[f->n++] = (uint8_t)i;
}

/* One of everything. */
static void whole(file *f)
{
	start(f, 2, 8);
	pstr(f, "general.architecture"), p32(f, SEQP_GGUF_STR), pstr(f, "llama");
	key32(f, "a.u32", SEQP_GGUF_U32, 7);
	key32(f, "a.i32", SEQP_GGUF_I32, (uint32_t)-3);
	key32(f, "a.f32", SEQP_GGUF_F32, 0x3fc00000);
	pstr(f, "a.bool"), p32(f, SEQP_GGUF_BOOL), f->b[f->n++] = 1;
	pstr(f, "a.u64"), p32(f, SEQP_GGUF_U64), p64(f, UINT64_MAX);
	pstr(f, "a.words"), p32(f, SEQP_GGUF_ARRAY), p32(f, SEQP_GGUF_STR), p64(f, 3), pstr(f, "x"), pstr(f, ""), pstr(f, "yz");
	pstr(f, "a.list"), p32(f, SEQP_GGUF_ARRAY), p32(f, SEQP_GGUF_I32), p64(f, 2), p32(f, 5), p32(f, (uint32_t)-6);
	tensor(f, "one", 4, 3, SEQ_F32, 0);
	tensor(f, "two", 32, 2, SEQ_Q8_0, 64);
	data(f, 64 + 68);
}

static int try(const file *f, seqp_gguf **g)
{
	seq_error err;
	return seqp_gguf_open(g, f->b, f->n, &err);
}

static void refused(const file *f, int code)
{
	seqp_gguf *g;
	seq_error err = {0};
	assert_int_equal(seqp_gguf_open(&g, f->b, f->n, &err), code);
	assert_null(g);
	assert_true(err.text[0]);
}

static void reads_values(void **state)
{
	(void)state;
	file f;
	seqp_gguf *g;
	whole(&f);
	assert_int_equal(try(&f, &g), SEQ_OK);
	assert_int_equal(seqp_gguf_keys(g), 8);
	assert_int_equal(seqp_gguf_int(g, "a.u32", 0), 7);
	assert_int_equal(seqp_gguf_int(g, "a.i32", 0), -3);
	assert_true(seqp_gguf_float(g, "a.f32", 0) == 1.5);
	assert_true(seqp_gguf_float(g, "a.u32", 0) == 7);
	assert_true(seqp_gguf_bool(g, "a.bool", false));
	assert_int_equal(seqp_gguf_int(g, "a.u64", -1), -1);
	assert_int_equal(seqp_gguf_int(g, "a.f32", -1), -1);
	assert_int_equal(seqp_gguf_int(g, "a.list", -1), -1);
	assert_int_equal(seqp_gguf_int(g, "absent", 42), 42);
	seqp_slice s = seqp_gguf_str(g, "general.architecture");
	assert_int_equal(s.n, 5);
	assert_memory_equal(s.p, "llama", 5);
	assert_null(seqp_gguf_str(g, "a.words").p);
	seqp_gguf_free(g);
}

static void reads_lists(void **state)
{
	(void)state;
	file f;
	seqp_gguf *g;
	whole(&f);
	assert_int_equal(try(&f, &g), SEQ_OK);
	seqp_gguf_iter it = seqp_gguf_each(seqp_gguf_find(g, "a.words"));
	seqp_slice s;
	const size_t lengths[] = {1, 0, 2};
	for (int i = 0; i < 3; i++) {
		assert_true(seqp_gguf_next_str(&it, &s));
		assert_int_equal(s.n, lengths[i]);
	}
	assert_false(seqp_gguf_next_str(&it, &s));
	it = seqp_gguf_each(seqp_gguf_find(g, "a.list"));
	int64_t n;
	assert_true(seqp_gguf_next_int(&it, &n) && n == 5);
	double x;
	assert_true(seqp_gguf_next_float(&it, &x) && x == -6);
	assert_false(seqp_gguf_next_int(&it, &n));
	it = seqp_gguf_each(NULL);
	assert_false(seqp_gguf_next_int(&it, &n));
	seqp_gguf_free(g);
}

static void reads_tensors(void **state)
{
	(void)state;
	file f;
	seqp_gguf *g;
	whole(&f);
	assert_int_equal(try(&f, &g), SEQ_OK);
	const seq_tensor *t = seqp_gguf_tensor_find(g, "two");
	assert_non_null(t);
	assert_int_equal(t->dim[0], 2);
	assert_int_equal(t->dim[1], 32);
	assert_int_equal(t->bytes, 68);
	assert_int_equal((const uint8_t *)t->data - f.b, f.n - 68);
	assert_null(seqp_gguf_tensor_find(g, "three"));
	assert_null(seqp_gguf_tensor(g, 2));
	seqp_gguf_free(g);
}

/* Every value and every byte of every tensor. */
static unsigned touch(const seqp_gguf *g)
{
	unsigned sum = 0;
	for (size_t i = 0; i < seqp_gguf_keys(g); i++) {
		seqp_gguf_iter a = seqp_gguf_each(seqp_gguf_at(g, i)), b = a, c = a;
		seqp_slice s;
		int64_t n;
		double x;
		while (seqp_gguf_next_str(&a, &s))
			for (size_t k = 0; k < s.n; k++)
				sum += (unsigned char)s.p[k];
		while (seqp_gguf_next_int(&b, &n))
			sum += (unsigned)n;
		while (seqp_gguf_next_float(&c, &x))
			sum += x > 0;
	}
	for (size_t i = 0; i < seqp_gguf_tensors(g); i++)
		for (size_t k = 0; k < seqp_gguf_tensor(g, i)->bytes; k++)
			sum += ((const uint8_t *)seqp_gguf_tensor(g, i)->data)[k];
	return sum;
}

static void cut_anywhere(void **state)
{
	(void)state;
	file f;
	guard box;
	whole(&f);
	assert_true(guard_open(&box, sizeof f.b));
	for (size_t n = 0; n < f.n; n++) {
		seqp_gguf *g;
		int e = seqp_gguf_open(&g, guard_put(&box, f.b, n), n, NULL);
		assert_int_equal(e, SEQ_E_TRUNC);
	}
	guard_close(&box);
}

static void flipped_anywhere(void **state)
{
	(void)state;
	file f;
	guard box;
	whole(&f);
	assert_true(guard_open(&box, sizeof f.b));
	static const uint8_t with[] = {1, 2, 4, 8, 16, 32, 64, 128, 255};
	unsigned opened = 0;
	for (size_t i = 0; i < f.n; i++)
		for (size_t k = 0; k < sizeof with; k++) {
			uint8_t *p = guard_put(&box, f.b, f.n);
			p[i] ^= with[k];
			seqp_gguf *g;
			if (seqp_gguf_open(&g, p, f.n, NULL) < 0)
				continue;
			opened += touch(g) != 1;
			seqp_gguf_free(g);
		}
	assert_true(opened > 0);
	guard_close(&box);
}

static void lying_counts(void **state)
{
	(void)state;
	file f;
	static const uint64_t big[] = {1u << 20, 1ull << 32, 1ull << 61, UINT64_MAX};
	for (size_t i = 0; i < 4; i++) {
		start(&f, big[i], 0), data(&f, 100), refused(&f, i ? SEQ_E_FORMAT : SEQ_E_TRUNC);
		start(&f, 0, big[i]), data(&f, 100), refused(&f, i ? SEQ_E_FORMAT : SEQ_E_TRUNC);
		start(&f, 0, 1), p64(&f, big[i]), data(&f, 100), refused(&f, SEQ_E_FORMAT);
		start(&f, 0, 1), pstr(&f, "k"), p32(&f, SEQP_GGUF_STR), p64(&f, big[i]), data(&f, 100), refused(&f, SEQ_E_TRUNC);
		for (uint32_t t = SEQP_GGUF_U8; t <= SEQP_GGUF_F64; t++)
			if (t != SEQP_GGUF_ARRAY) {
				start(&f, 0, 1), pstr(&f, "k"), p32(&f, SEQP_GGUF_ARRAY), p32(&f, t), p64(&f, big[i]);
				data(&f, 100), refused(&f, SEQ_E_TRUNC);
			}
		start(&f, 1, 0), tensor(&f, "t", big[i], 1, SEQ_F32, 0), data(&f, 64);
		refused(&f, big[i] > 1ull << 60 ? SEQ_E_FORMAT : SEQ_E_TRUNC);
		start(&f, 1, 0), tensor(&f, "t", big[i], big[i], SEQ_F32, 0), data(&f, 64);
		refused(&f, i ? SEQ_E_FORMAT : SEQ_E_TRUNC);
		start(&f, 1, 0), tensor(&f, "t", 4, 4, SEQ_F32, big[i] & ~31ull), data(&f, 64), refused(&f, SEQ_E_TRUNC);
	}
}

static void twice(void **state)
{
	(void)state;
	file f;
	start(&f, 0, 3), key32(&f, "b", SEQP_GGUF_U32, 1), key32(&f, "a", SEQP_GGUF_U32, 1), key32(&f, "b", SEQP_GGUF_U32, 1);
	refused(&f, SEQ_E_FORMAT);
	start(&f, 2, 0), tensor(&f, "t", 4, 1, SEQ_F32, 0), tensor(&f, "t", 4, 1, SEQ_F32, 32), data(&f, 64);
	refused(&f, SEQ_E_FORMAT);
}

static void bad_heads(void **state)
{
	(void)state;
	file f;
	start(&f, 0, 0), f.b[0] = 'g', refused(&f, SEQ_E_FORMAT);
	start(&f, 0, 0), f.b[4] = 1, refused(&f, SEQ_E_UNSUPPORTED);
	start(&f, 0, 0), f.b[4] = 4, refused(&f, SEQ_E_UNSUPPORTED);
	start(&f, 0, 0), f.b[4] = 0, f.b[7] = 3, refused(&f, SEQ_E_UNSUPPORTED);
	f.n = 0, refused(&f, SEQ_E_TRUNC);
}

static void bad_keys(void **state)
{
	(void)state;
	file f;
	start(&f, 0, 1), key32(&f, "", SEQP_GGUF_U32, 1), data(&f, 9), refused(&f, SEQ_E_FORMAT);
	start(&f, 0, 1), key32(&f, "a", 13, 1), refused(&f, SEQ_E_FORMAT);
	start(&f, 0, 1), p64(&f, 2), f.b[f.n++] = 'a', f.b[f.n++] = 0, p32(&f, 4), p32(&f, 1), refused(&f, SEQ_E_FORMAT);
	start(&f, 0, 1), pstr(&f, "a"), p32(&f, SEQP_GGUF_ARRAY), p32(&f, SEQP_GGUF_ARRAY), p64(&f, 1), data(&f, 40);
	refused(&f, SEQ_E_UNSUPPORTED);
	static const uint32_t alignment[] = {0, 3, 48, 1u << 21, UINT32_MAX};
	for (size_t i = 0; i < 5; i++)
		start(&f, 0, 1), key32(&f, "general.alignment", SEQP_GGUF_U32, alignment[i]), refused(&f, SEQ_E_FORMAT);
}

static void bad_tensors(void **state)
{
	(void)state;
	file f;
	start(&f, 1, 0), tensor(&f, "t", 4, 1, SEQ_F32, 16), data(&f, 64), refused(&f, SEQ_E_FORMAT);
	start(&f, 2, 0), tensor(&f, "t", 16, 1, SEQ_F32, 0), tensor(&f, "u", 4, 1, SEQ_F32, 32), data(&f, 64);
	refused(&f, SEQ_E_FORMAT);
	start(&f, 2, 0), tensor(&f, "t", 4, 1, SEQ_F32, 0), tensor(&f, "u", 4, 1, SEQ_F32, 0), data(&f, 64);
	refused(&f, SEQ_E_FORMAT);
	start(&f, 1, 0), tensor(&f, "t", 33, 1, SEQ_Q8_0, 0), data(&f, 640), refused(&f, SEQ_E_FORMAT);
	start(&f, 1, 0), tensor(&f, "t", 4, 1, 4, 0), data(&f, 64), refused(&f, SEQ_E_UNSUPPORTED);
	start(&f, 1, 0), tensor(&f, "t", 4, 1, SEQ_U8, 0), data(&f, 64), refused(&f, SEQ_E_UNSUPPORTED);
	start(&f, 1, 0), tensor(&f, "t", 4, 1, UINT32_MAX, 0), data(&f, 64), refused(&f, SEQ_E_UNSUPPORTED);
	start(&f, 1, 0), pstr(&f, "t"), p32(&f, 5), data(&f, 90), refused(&f, SEQ_E_UNSUPPORTED);
	start(&f, 1, 0), tensor(&f, "t", 4, 5, SEQ_F32, 0), data(&f, 79), refused(&f, SEQ_E_TRUNC);
}

/* Many names: the index must not be quadratic. */
static void many_keys(void **state)
{
	(void)state;
	enum { N = 200000 };
	size_t n = 24;
	uint8_t *b = malloc(24 + (size_t)N * 32);
	assert_non_null(b);
	file f;
	start(&f, 0, N);
	memcpy(b, f.b, 24);
	for (int i = 0; i < N; i++) {
		f.n = 0;
		char name[16];
		snprintf(name, sizeof name, "key%06d", i);
		key32(&f, name, SEQP_GGUF_U32, (uint32_t)i);
		memcpy(b + n, f.b, f.n);
		n += f.n;
	}
	seqp_gguf *g;
	assert_int_equal(seqp_gguf_open(&g, b, n, NULL), SEQ_OK);
	assert_int_equal(seqp_gguf_int(g, "key123456", 0), 123456);
	seqp_gguf_free(g);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_values), cmocka_unit_test(reads_lists), cmocka_unit_test(reads_tensors),
		cmocka_unit_test(cut_anywhere), cmocka_unit_test(flipped_anywhere), cmocka_unit_test(lying_counts),
		cmocka_unit_test(twice), cmocka_unit_test(bad_heads), cmocka_unit_test(bad_keys),
		cmocka_unit_test(bad_tensors), cmocka_unit_test(many_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
