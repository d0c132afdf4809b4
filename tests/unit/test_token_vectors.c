/* SPDX-License-Identifier: MIT */
/* Every vocabulary against its reference: difficult strings and slices of a corpus. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "token_vectors.h"

static const struct vocab {
	const char *name, *file;
} vocabs[] = {
	{"llama-spm", "data/tokenizers/ggml-vocab-llama-spm.gguf"},
	{"gpt-2", "data/tokenizers/ggml-vocab-gpt-2.gguf"},
	{"llama-bpe", "data/tokenizers/ggml-vocab-llama-bpe.gguf"},
	{"qwen2", "data/tokenizers/ggml-vocab-qwen2.gguf"},
	{"falcon", "data/tokenizers/ggml-vocab-falcon.gguf"},
	{"deepseek-coder", "data/tokenizers/ggml-vocab-deepseek-coder.gguf"},
	{"bert-bge", "data/tokenizers/ggml-vocab-bert-bge.gguf"},
	{"rwkv-world", "data/tokenizers/rwkv_vocab_v20230424.txt"},
	{"trained-bpe", "refs/tok/trained-bpe/tokenizer.json"},
	{"trained-unigram", "refs/tok/trained-unigram/unigram.model"},
};

static seq_vocab *open_vocab(const struct vocab *k)
{
	seq_error err;
	seq_vocab *v;
	if (seq_vocab_open(&v, vec_path(vec_shared(), k->file), &err) < 0)
		fail_msg("%s", err.text);
	return v;
}

static void strings(void **state)
{
	const struct vocab *k = *state;
	char ids[256];
	int seen;
	seq_vocab *v = open_vocab(k);
	snprintf(ids, sizeof(ids), "refs/tok/%s/strings.jsonl", k->name);
	int bad = vec_strings(v, vec_path(vec_shared(), "refs/tok/strings.jsonl"), vec_path(vec_shared(), ids), &seen);
	seq_vocab_free(v);
	print_message("%s: %d strings, %d differ\n", k->name, seen, bad);
	assert_true(seen > 300);
	assert_int_equal(bad, 0);
}

static void slice(const seq_vocab *v, const char *file, const json_t *want)
{
	char name[256], hex[65];
	size_t size, n, offset = (size_t)json_integer_value(json_object_get(want, "offset"));
	size_t bytes = (size_t)json_integer_value(json_object_get(want, "bytes"));
	snprintf(name, sizeof(name), "data/corpus/%s", file);
	char *text = vec_file(vec_path(vec_shared(), name), &size);
	assert_non_null(text);
	assert_true(offset <= size);
	if (bytes > size - offset)
		bytes = size - offset;
	int32_t *id = vec_encode(v, 0, text + offset, bytes, 0, &n);
	vec_sha256(id, 4 * n, hex);
	const char *sha = json_string_value(json_object_get(want, "sha256"));
	print_message("  %s: %zu ids, %lld wanted%s\n", file, n, (long long)json_integer_value(json_object_get(want, "count")),
	              strcmp(hex, sha) ? ", DIFFER" : "");
	json_t *first = json_object_get(want, "first");
	for (size_t i = 0; i < json_array_size(first) && i < n; i++)
		if (json_integer_value(json_array_get(first, i)) != id[i]) {
			print_message("  id %zu\n", i);
			break;
		}
	free(text);
	free(id);
	assert_string_equal(hex, sha);
}

static void corpus(void **state)
{
	const struct vocab *k = *state;
	char name[256];
	snprintf(name, sizeof(name), "refs/tok/%s/case.json", k->name);
	json_t *c = json_load_file(vec_path(vec_shared(), name), 0, NULL), *want;
	const char *file;
	assert_non_null(c);
	seq_vocab *v = open_vocab(k);
	json_object_foreach(json_object_get(c, "corpus"), file, want)
		slice(v, file, want);
	seq_vocab_free(v);
	json_decref(c);
}

/* The .inp file: texts between separator lines; the .out file: a line of ids each. */
static void inp_out(void **state)
{
	static const char sep[] = "\n__ggml_vocab_test__\n";
	const struct vocab *k = *state;
	char name[256];
	size_t ni, no, n, count = 0;
	snprintf(name, sizeof(name), "%s.inp", k->file);
	char *in = vec_file(vec_path(vec_shared(), name), &ni);
	snprintf(name, sizeof(name), "%s.out", k->file);
	char *out = vec_file(vec_path(vec_shared(), name), &no), *line = out;
	assert_non_null(in);
	assert_non_null(out);
	seq_vocab *v = open_vocab(k);
	int bad = 0;
	for (char *p = in, *next; p; p = next, count++) {
		char *at = strstr(p, sep);
		next = at ? at + strlen(sep) : NULL;
		int32_t *id = vec_encode(v, 0, p, at ? (size_t)(at - p) : strlen(p), 0, &n);
		size_t i = 0;
		char *eol = line + strcspn(line, "\n"), *q = line;
		for (char *after; q < eol; q = after, i++) {
			long want = strtol(q, &after, 10);
			if (after == q || after > eol)
				break;
			if (i >= n || want != id[i]) {
				print_message("%s: text %zu: id %zu is %d, %ld wanted\n", k->name, count, i, i < n ? id[i] : -1, want);
				bad++;
				break;
			}
		}
		line = *eol ? eol + 1 : eol;
		free(id);
	}
	free(in);
	free(out);
	seq_vocab_free(v);
	assert_true(count > 10);
	assert_int_equal(bad, 0);
}

static struct CMUnitTest t[64];
static size_t n;

static void add(const struct vocab *v, const char *what, CMUnitTestFunction f)
{
	static char name[sizeof(t) / sizeof(*t)][64];
	snprintf(name[n], sizeof(*name), "%s %s", v->name, what);
	t[n] = (struct CMUnitTest){name[n], f, NULL, NULL, (void *)(uintptr_t)v};
	n++;
}

int main(int argc, char **argv)
{
	if (!vec_shared())
		return 77;
	for (size_t i = 0; i < sizeof(vocabs) / sizeof(*vocabs); i++) {
		if (argc > 1 && strcmp(argv[1], vocabs[i].name))
			continue;
		add(&vocabs[i], "strings", strings);
		add(&vocabs[i], "corpus", corpus);
		if (strstr(vocabs[i].file, ".gguf"))
			add(&vocabs[i], "inp/out", inp_out);
	}
	return _cmocka_run_group_tests("vectors", t, n, NULL, NULL);
}
