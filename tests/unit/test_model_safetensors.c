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
#include "model/config.h"
#include "model/safetensors.h"

static guard box;

/* Header and n bytes of data, right before the fence. */
static uint8_t *make(const char *header, size_t n, size_t *size)
{
	uint8_t b[4096];
	size_t h = strlen(header);
	*size = 8 + h + n;
	assert_true(*size <= sizeof b);
	seqp_put64(b, h);
	memcpy(b + 8, header, h);
	for (size_t i = 0; i < n; i++)
		b[8 + h + i] = (uint8_t)i;
	return guard_put(&box, b, *size);
}

static int try(const char *header, size_t n, seqp_tensor_list *list, seqp_arena *arena)
{
	size_t size;
	uint8_t *p = make(header, n, &size);
	seq_error err = {0};
	int e = seqp_safetensors_read(list, arena, p, size, &err);
	assert_true(e == SEQ_OK || err.text[0]);
	return e;
}

static void outcome(const char *header, size_t n, int code)
{
	seqp_tensor_list list = {0};
	seqp_arena arena = {0};
	int e = try(header, n, &list, &arena);
	if (e != code)
		fail_msg("%s: %d, expected %d", header, e, code);
	free(list.t);
	seqp_arena_free(&arena);
}

static const char good[] =
	"{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"dtype\":\"BF16\",\"shape\":[2,3],\"data_offsets\":[16,28]},"
	"\"a\\u00e9\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]},"
	"\"none\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[16,16]},"
	"\"one\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[28,36]}}   ";

static void reads_tensors(void **state)
{
	(void)state;
	seqp_tensor_list list = {0};
	seqp_arena arena = {0};
	assert_int_equal(try(good, 36, &list, &arena), SEQ_OK);
	assert_int_equal(list.n, 4);
	assert_string_equal(list.t[0].name, "a\xc3\xa9"); /* by place in the file */
	assert_int_equal(list.t[3].rank, 0);
	const seq_tensor *b = NULL;
	for (size_t i = 0; i < list.n; i++)
		if (strcmp(list.t[i].name, "b") == 0)
			b = &list.t[i];
	assert_non_null(b);
	assert_int_equal(b->dtype, SEQ_BF16);
	assert_int_equal(b->dim[1], 3);
	assert_int_equal(b->bytes, 12);
	assert_int_equal(*(const uint8_t *)b->data, 16);
	free(list.t);
	seqp_arena_free(&arena);
}

#define T(dtype, shape, offsets) "{\"t\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void refuses(void **state)
{
	(void)state;
	outcome(T("F32", "[4]", "[0,16]"), 16, SEQ_OK);
	outcome(T("F32", "[4]", "[0,16]"), 15, SEQ_E_TRUNC);
	outcome(T("F32", "[4]", "[0,12]"), 16, SEQ_E_FORMAT);
	outcome(T("F32", "[4]", "[16,0]"), 16, SEQ_E_FORMAT);
	outcome(T("F32", "[4]", "[-16,0]"), 16, SEQ_E_FORMAT);
	outcome(T("F32", "[4]", "[0,16,32]"), 32, SEQ_E_FORMAT);
	outcome(T("F32", "[4]", "[0.0,16.0]"), 16, SEQ_E_FORMAT);
	outcome(T("F32", "[4]", "null"), 16, SEQ_E_FORMAT);
	outcome(T("F32", "[-4]", "[0,16]"), 16, SEQ_E_FORMAT);
	outcome(T("F32", "[4.0]", "[0,16]"), 16, SEQ_E_FORMAT);
	outcome(T("F32", "4", "[0,16]"), 16, SEQ_E_FORMAT);
	outcome(T("F32", "[1,1,1,1,4]", "[0,16]"), 16, SEQ_E_UNSUPPORTED);
	outcome(T("F32", "[4294967296,4294967296]", "[0,0]"), 16, SEQ_E_FORMAT);
	outcome(T("F32", "[4611686018427387904]", "[0,0]"), 16, SEQ_E_FORMAT);
	outcome(T("F32", "[1]", "[9223372036854775803,9223372036854775807]"), 16, SEQ_E_TRUNC);
	outcome(T("F8_E4M3", "[4]", "[0,4]"), 16, SEQ_E_UNSUPPORTED);
	outcome("{\"t\":{}}", 0, SEQ_E_FORMAT);
	outcome("{\"t\":1}", 0, SEQ_E_FORMAT);
	outcome("{\"\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, SEQ_E_FORMAT);
	outcome("[]", 0, SEQ_E_FORMAT);
	outcome("{", 0, SEQ_E_FORMAT);
	outcome("", 0, SEQ_E_FORMAT);
	outcome("{} x", 0, SEQ_E_FORMAT);
	outcome("{}", 0, SEQ_OK);
}

#define U(name, offsets) "\"" name "\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" offsets "}"

static void refuses_sharing(void **state)
{
	(void)state;
	outcome("{" U("a", "[0,8]") "," U("b", "[8,16]") "}", 16, SEQ_OK);
	outcome("{" U("a", "[0,8]") "," U("b", "[4,12]") "}", 16, SEQ_E_FORMAT);
	outcome("{" U("a", "[0,8]") "," U("b", "[0,8]") "}", 16, SEQ_E_FORMAT);
	outcome("{" U("a", "[0,8]") "," U("a", "[8,16]") "}", 16, SEQ_E_FORMAT);
}

static void lying_lengths(void **state)
{
	(void)state;
	static const uint64_t big[] = {100, 1u << 20, SEQP_SAFETENSORS_HEADER + 1, 1ull << 40, UINT64_MAX - 7, UINT64_MAX};
	for (size_t i = 0; i < sizeof big / sizeof *big; i++) {
		size_t size;
		uint8_t *p = make("{}", 20, &size);
		seqp_put64(p, big[i]);
		seqp_tensor_list list = {0};
		seqp_arena arena = {0};
		assert_true(seqp_safetensors_read(&list, &arena, p, size, NULL) < 0);
	}
}

static void cut_anywhere(void **state)
{
	(void)state;
	size_t size;
	uint8_t whole[4096];
	const uint8_t *made = make(good, 36, &size);
	memcpy(whole, made, size);
	for (size_t n = 0; n < size; n++) {
		seqp_tensor_list list = {0};
		seqp_arena arena = {0};
		assert_int_equal(seqp_safetensors_read(&list, &arena, guard_put(&box, whole, n), n, NULL), SEQ_E_TRUNC);
		free(list.t);
		seqp_arena_free(&arena);
	}
}

static unsigned touch(const seqp_tensor_list *list)
{
	unsigned sum = 0;
	for (size_t i = 0; i < list->n; i++)
		for (size_t k = 0; k < list->t[i].bytes; k++)
			sum += ((const uint8_t *)list->t[i].data)[k];
	return sum;
}

static void flipped_anywhere(void **state)
{
	(void)state;
	unsigned opened = 0;
	size_t size;
	make(good, 36, &size);
	for (size_t i = 0; i < size; i++)
		for (int bit = 0; bit < 8; bit++) {
			uint8_t *p = make(good, 36, &size);
			p[i] ^= (uint8_t)(1 << bit);
			seqp_tensor_list list = {0};
			seqp_arena arena = {0};
			if (seqp_safetensors_read(&list, &arena, p, size, NULL) >= 0)
				opened += touch(&list) != 1;
			free(list.t);
			seqp_arena_free(&arena);
		}
	assert_true(opened > 0);
}

static void configurations(void **state)
{
	(void)state;
	json_t *j;
	const char text[] = "{\"a\": Infinity, \"b\": [-Infinity], \"s\": \"Infinity \\\" Infinity\", \"n\": 99999999999999999999}";
	assert_int_equal(seqp_config_parse(&j, text, sizeof text - 1, NULL), SEQ_OK);
	assert_true(json_real_value(json_object_get(j, "a")) >= 1e308);
	assert_true(json_real_value(json_array_get(json_object_get(j, "b"), 0)) <= -1e308);
	assert_string_equal(json_string_value(json_object_get(j, "s")), "Infinity \" Infinity");
	json_decref(j);
	static const char *const bad[] = {"", "[]", "1", "{", "{\"a\":NaN}", "{\"a\":}", "{} {}", "{\"a\":1e999}", "{\"\xff\":1}"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		seq_error err = {0};
		assert_int_equal(seqp_config_parse(&j, bad[i], strlen(bad[i]), &err), SEQ_E_FORMAT);
		assert_true(err.text[0]);
	}
}

static void deep_nesting(void **state)
{
	(void)state;
	enum { N = 1 << 20 };
	char *b = malloc(N);
	assert_non_null(b);
	memset(b, '[', N);
	json_t *j;
	assert_int_equal(seqp_config_parse(&j, b, N, NULL), SEQ_E_FORMAT);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_tensors), cmocka_unit_test(refuses), cmocka_unit_test(refuses_sharing),
		cmocka_unit_test(lying_lengths), cmocka_unit_test(cut_anywhere), cmocka_unit_test(flipped_anywhere),
		cmocka_unit_test(configurations), cmocka_unit_test(deep_nesting),
	};
	if (!guard_open(&box, 4096))
		return 1;
	int e = cmocka_run_group_tests(tests, NULL, NULL);
	guard_close(&box);
	return e;
}
