/* SPDX-License-Identifier: MIT */
/* Files of rwkv.cpp, whole and spoilt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "model/build.h"

enum { VERSION = 4, VOCAB = 8, WIDTH = 12, LAYERS = 16, FIRST = 24 };

struct file {
	uint8_t *p;
	size_t n;
};

static struct file load(const char *name)
{
	const char *src = getenv("SEQ_SRC");
	char path[512];
	seqp_map m;
	snprintf(path, sizeof path, "%s/tests/ref/rwkv/%s/model.bin", src ? src : "..", name);
	assert_true(seqp_map_open(&m, path, NULL) >= 0);
	struct file f = {malloc(m.size), m.size};
	memcpy(f.p, m.data, m.size);
	seqp_map_close(&m);
	return f;
}

/* Opens size bytes, copied to where a byte too far is found. */
static int open_bytes(const uint8_t *p, size_t size, seq_error *err)
{
	uint8_t *copy = malloc(size ? size : 1);
	seq_model *m = calloc(1, sizeof *m);
	memcpy(copy, p, size);
	m->path = "";
	int e = seqp_store_rwkv(&m->src, copy, size, err);
	if (e >= 0)
		e = seqp_model_build(m, err);
	seq_model_free(m);
	free(copy);
	return e;
}

static void refuses(struct file f, int code, const char *part)
{
	seq_error err = {0};
	int e = open_bytes(f.p, f.n, &err);
	if (e != code || !strstr(err.text, part))
		fail_msg("%d, \"%s\"; expected %d, \"%s\"", e, err.text, code, part);
}

/* One of the file's 32-bit numbers changed for a while. */
static void with(struct file f, size_t at, uint32_t value, int code, const char *part)
{
	uint32_t old;
	memcpy(&old, f.p + at, 4);
	memcpy(f.p + at, &value, 4);
	refuses(f, code, part);
	memcpy(f.p + at, &old, 4);
}

/* The place of a tensor's name. */
static size_t find(struct file f, const char *name)
{
	const uint8_t *p = memmem(f.p, f.n, name, strlen(name));
	assert_non_null(p);
	return (size_t)(p - f.p);
}

static void whole(void **state)
{
	(void)state;
	static const char *const names[] = {"4-bin", "5.1-bin", "5.2-bin", "6-bin", "7-bin"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct file f = load(names[i]);
		seq_error err = {0};
		assert_int_equal(open_bytes(f.p, f.n, &err), SEQ_OK);
		free(f.p);
	}
}

static void cut(void **state)
{
	(void)state;
	struct file f = load("7-bin");
	for (size_t n = 0; n < f.n; n += n < 300 ? 1 : 997)
		assert_true(open_bytes(f.p, n, NULL) < 0);
	f.n--;
	refuses(f, SEQ_E_TRUNC, "head.weight");
	free(f.p);
}

static void headers(void **state)
{
	(void)state;
	struct file f = load("6-bin");
	with(f, VERSION, 102, SEQ_E_UNSUPPORTED, "version 102");
	with(f, VOCAB, 0, SEQ_E_FORMAT, "vocabulary of 0");
	with(f, VOCAB, 49, SEQ_E_FORMAT, "emb.weight");
	with(f, WIDTH, 25, SEQ_E_FORMAT, "emb.weight");
	with(f, LAYERS, 3, SEQ_E_FORMAT, "3 layers in the header, 2");
	with(f, LAYERS + 4, 4, SEQ_E_UNSUPPORTED, "type 4");
	with(f, FIRST, 4, SEQ_E_FORMAT, "4 dimensions");
	with(f, FIRST + 4, 0, SEQ_E_FORMAT, "a name of 0 bytes");
	with(f, FIRST + 4, 1 << 30, SEQ_E_TRUNC, "a name");
	with(f, FIRST + 8, 77, SEQ_E_UNSUPPORTED, "type 77");
	with(f, FIRST + 12, 0, SEQ_E_FORMAT, "a size of 0");
	with(f, FIRST + 12, 0x7fffffff, SEQ_E_TRUNC, "emb.weight");
	with(f, FIRST + 8, 2, SEQ_E_FORMAT, "rows of 24 in Q4_0");
	free(f.p);
}

/* A tensor that lost its name is missing; another that is called so has the wrong shape. */
static void tensors(void **state)
{
	(void)state;
	static const struct {
		const char *file, *name, *part;
	} lost[] = {
		{"7-bin", "blocks.1.att.v2", "blocks.1.att.v2 is missing"}, {"7-bin", "blocks.1.ffn.x_k", "blocks.1.ffn.x_k is missing"},
		{"6-bin", "blocks.0.att.time_maa_w2", "time_maa_w2 is missing"}, {"5.2-bin", "blocks.1.att.ln_x.bias", "ln_x.bias is missing"},
		{"5.1-bin", "blocks.1.att.time_first", "time_f"}, {"4-bin", "blocks.0.ln0.weight", "blocks.0.ln0.weight is missing"},
		{"4-bin", "ln_out.bias", "ln_out.bias is missing"}, {"7-bin", "head.weight", "head.weight is missing"},
		{"7-bin", "blocks.1.att.w1", "w1 is missing"}, {"7-bin", "emb.weight", "emb.weight"},
	};
	for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
		struct file f = load(lost[i].file);
		f.p[find(f, lost[i].name)] = '#';
		refuses(f, SEQ_E_FORMAT, lost[i].part);
		free(f.p);
	}
	struct file f = load("4-bin");
	memcpy(f.p + find(f, "blocks.0.ffn.value.weight"), "blocks.0.ffn.valux.weight", 25);
	memcpy(f.p + find(f, "blocks.0.att.value.weight"), "blocks.0.ffn.value.weight", 25);
	refuses(f, SEQ_E_FORMAT, "blocks.0.ffn.value.weight: shape [24 24], expected [24 40]");
	free(f.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole), cmocka_unit_test(cut), cmocka_unit_test(headers), cmocka_unit_test(tensors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
