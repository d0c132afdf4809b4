/* SPDX-License-Identifier: MIT */
/* Small vocabularies against their golden ids, and the laws every vocabulary must keep:
 * any cut of the input gives the same ids, decoding gives the bytes back, time is
 * linear whatever the text, long words take no more memory than short ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "token/encoder.h"
#include "token_vectors.h"

static const char *source(void)
{
	const char *s = getenv("SEQ_SRC");
	return s ? s : "..";
}

enum { TRIPS = 1, SPACES = 2, BIG = 4, HOLES = 8 }; /* any bytes come back; U+2581 comes back as a blank; some bytes have no spelling */

static const struct vocab {
	const char *file;
	int law;
} vocabs[] = {
	{"tests/ref/tok/story/tokenizer.model", TRIPS | SPACES},
	{"tests/ref/tok/story/tokenizer.json", TRIPS | SPACES},
	{"tests/ref/tok/trained-bpe/tokenizer.json", TRIPS},
	{"tests/ref/tok/trained-unigram/unigram.model", TRIPS | SPACES},
	{"data/story-mamba2.gguf", TRIPS | SPACES},
	{"data/tokenizers/ggml-vocab-llama-spm.gguf", BIG | TRIPS | SPACES},
	{"data/tokenizers/ggml-vocab-gpt-2.gguf", BIG | TRIPS},
	{"data/tokenizers/ggml-vocab-llama-bpe.gguf", BIG | TRIPS},
	{"data/tokenizers/ggml-vocab-qwen2.gguf", BIG | TRIPS},
	{"data/tokenizers/ggml-vocab-falcon.gguf", BIG | TRIPS | HOLES},
	{"data/tokenizers/ggml-vocab-deepseek-coder.gguf", BIG | TRIPS | HOLES},
	{"data/tokenizers/ggml-vocab-bert-bge.gguf", BIG},
	{"data/tokenizers/rwkv_vocab_v20230424.txt", BIG | TRIPS},
};
enum { VOCABS = sizeof(vocabs) / sizeof(*vocabs) };

static seq_vocab *open_vocab(const struct vocab *k)
{
	seq_error err;
	seq_vocab *v;
	const char *root = k->law & BIG ? vec_shared() : source();
	if (!root)
		skip();
	if (seq_vocab_open(&v, vec_path(root, k->file), &err) < 0)
		fail_msg("%s", err.text);
	return v;
}

/* --- golden ids ------------------------------------------------------------------------ */

static void golden(void **state)
{
	static const struct vocab k[] = {{"tests/ref/tok/trained-bpe/tokenizer.json", 0},
	                                 {"tests/ref/tok/trained-unigram/unigram.model", 0}};
	static const char *const ids[] = {"tests/ref/tok/trained-bpe/strings.jsonl", "tests/ref/tok/trained-unigram/strings.jsonl"};
	(void)state;
	for (int i = 0; i < 2; i++) {
		int seen;
		seq_vocab *v = open_vocab(&k[i]);
		assert_int_equal(vec_strings(v, vec_path(source(), "tests/ref/tok/strings.jsonl"), vec_path(source(), ids[i]), &seen), 0);
		assert_true(seen > 300);
		seq_vocab_free(v);
	}
}

static void story(void **state)
{
	static const int32_t want[] = {1, 386, 387, 261, 368};
	seq_vocab *v = open_vocab(&vocabs[4]);
	size_t n;
	int32_t *id = vec_encode(v, SEQ_ENCODE_BOS, "Once upon a time", 16, 0, &n);
	(void)state;
	assert_string_equal(seq_vocab_kind(v), "spm");
	assert_int_equal(seq_vocab_size(v), 1024);
	assert_int_equal(seq_vocab_bos(v), 1);
	assert_int_equal(seq_vocab_eos(v), 2);
	assert_true(seq_vocab_is_end(v, 2) && !seq_vocab_is_end(v, 1) && !seq_vocab_is_end(v, -1));
	assert_true(seq_vocab_is_special(v, 1) && !seq_vocab_is_special(v, 300) && !seq_vocab_is_special(v, 1 << 30));
	assert_int_equal(seq_vocab_find(v, "<s>", 3), 1);
	assert_int_equal(seq_vocab_find(v, "<s>s", 4), -1);
	assert_int_equal(n, 5);
	assert_memory_equal(id, want, sizeof(want));
	free(id);
	seq_vocab_free(v);
}

static void specials(void **state)
{
	seq_vocab *v = open_vocab(&vocabs[4]);
	size_t n, len;
	int32_t *id = vec_encode(v, SEQ_ENCODE_SPECIAL, "a</s>b</", 8, 1, &n);
	(void)state;
	assert_int_equal(id[1], 2);
	char *text = vec_decode(v, SEQ_DECODE_SPECIAL, id, n, &len);
	assert_int_equal(len, 9); /* a blank stands in front of each stretch */
	assert_memory_equal(text, "a</s> b</", 9);
	free(text);
	free(id);
	id = vec_encode(v, 0, "a</s>", 5, 0, &n);
	for (size_t i = 0; i < n; i++)
		assert_int_not_equal(id[i], 2);
	free(id);
	seq_vocab_free(v);
}

static void decoding(void **state)
{
	seq_vocab *v = open_vocab(&vocabs[4]);
	seq_decoder *d;
	seq_error err;
	const char *text;
	size_t n;
	(void)state;
	int32_t e2 = seq_vocab_find(v, "<0xE2>", 6), b82 = seq_vocab_find(v, "<0x82>", 6), ac = seq_vocab_find(v, "<0xAC>", 6);
	assert_int_equal(seq_decoder_new(&d, v, 0, &err), 0);
	assert_int_equal(seq_decode(d, e2, &text, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_int_equal(seq_decode(d, b82, &text, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_int_equal(seq_decode(d, ac, &text, &n, &err), 0);
	assert_int_equal(n, 3);
	assert_int_equal(seq_decode(d, e2, &text, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_int_equal(seq_decode(d, e2, &text, &n, &err), 0);
	assert_int_equal(n, 1); /* the first can no longer begin a character */
	assert_int_equal(seq_decode_end(d, &text, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(seq_decode(d, 1024, &text, &n, &err), SEQ_E_ARG);
	assert_int_equal(seq_decode(d, -1, &text, &n, &err), SEQ_E_ARG);
	seq_decoder_free(d);
	seq_vocab_free(v);
}

static int refuse(void *arg, const int32_t *id, size_t n, seq_error *err)
{
	(void)id, (void)n;
	err->code = SEQ_E_IO;
	++*(int *)arg;
	return SEQ_E_IO;
}

static void sink_error(void **state)
{
	seq_vocab *v = open_vocab(&vocabs[4]);
	seq_encoder *e;
	seq_error err;
	int calls = 0;
	char *text = calloc(1, 100000);
	(void)state;
	memset(text, 'x', 100000);
	assert_int_equal(seq_encoder_new(&e, v, 0, &err), 0);
	assert_int_equal(seq_encode(e, text, 100000, 1, refuse, &calls, &err), SEQ_E_IO);
	assert_int_equal(calls, 1);
	seq_encoder_free(e);
	free(text);
	seq_vocab_free(v);
}

/* --- texts that make trouble -------------------------------------------------------------- */

enum { TEXTS = 18 };

static void fill(char *p, size_t n, const char *unit)
{
	size_t k = strlen(unit);
	for (size_t i = 0; i < n; i++)
		p[i] = unit[i % k];
}

static void text_of(int which, char *p, size_t n)
{
	static const char *const unit[TEXTS] = {
		"a", " ", "\n", " \n ", "aA", "'", "!'s ", "\xcc\x81\xcc\xa7", "e\xcc\x81 ", "\xe2\x96\x81", "\xe4\xb8\xad\xe3\x80\x82",
		"0123456789", "\xf0\x9f\x91\xa9\xe2\x80\x8d", "\xe2\x96", "The quick brown fox, aged 1234567, didn't jump!\r\n\r\n  ",
		"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", NULL, NULL};
	if (unit[which]) {
		fill(p, n, unit[which]);
		return;
	}
	/* Random bytes; random pieces of the units. */
	for (size_t i = 0, k = 0; i < n; k++) {
		double r = seqp_uniform(7, (uint32_t)which, k, 0), q = seqp_uniform(7, (uint32_t)which, k, 1);
		const char *s = unit[(int)(q * 16)];
		if (which == 16) {
			p[i++] = (char)(int)(r * 256);
			continue;
		}
		for (int m = 1 + (int)(r * 9); m && i < n; m--)
			for (const char *c = s; *c && i < n; c++)
				p[i++] = *c;
	}
}

/* A large vocabulary takes long to get ready for long words: two texts are enough. */
static bool left_out(const struct vocab *k, int t)
{
	return (k->law & BIG) && t != 3 && t != 17;
}

static void same_ids(const int32_t *a, size_t n, const int32_t *b, size_t m, const char *file, int which, size_t chunk)
{
	for (size_t i = 0; i < n && i < m; i++)
		if (a[i] != b[i])
			fail_msg("%s: text %d, chunks of %zu: id %zu of %zu is %d, not %d", file, which, chunk, i, n, b[i], a[i]);
	if (n != m)
		fail_msg("%s: text %d, chunks of %zu: %zu ids, not %zu", file, which, chunk, m, n);
}

static void chunks(void **state)
{
	static const size_t chunk[] = {1, 2, 3, 7, 64, 1000, 4096, 20000};
	const struct vocab *k = *state;
	seq_vocab *v = open_vocab(k);
	enum { LEN = 30011 };
	char *text = malloc(LEN);
	for (int t = 0; t < TEXTS; t++) {
		if (left_out(k, t))
			continue;
		text_of(t, text, LEN);
		for (size_t c = 0; c < sizeof(chunk) / sizeof(*chunk); c++) {
			size_t len = chunk[c] < 64 ? 12007 : LEN, n, m;
			if ((k->law & BIG) && chunk[c] != 1 && chunk[c] != 1000)
				continue;
			int32_t *whole = vec_encode(v, 0, text, len, 0, &n), *cut = vec_encode(v, 0, text, len, chunk[c], &m);
			same_ids(whole, n, cut, m, k->file, t, chunk[c]);
			free(whole);
			free(cut);
		}
	}
	free(text);
	seq_vocab_free(v);
}

/* One word over the window, merged as a whole and by the lattice. */
static void long_words(void **state)
{
	const struct vocab *k = *state;
	seq_vocab *v = open_vocab(k);
	enum { LEN = 60000 };
	char *text = malloc(LEN);
	for (int t = 0; t < TEXTS; t++) {
		size_t n, m;
		if (left_out(k, t))
			continue;
		text_of(t, text, LEN);
		int32_t *cut = vec_encode(v, 0, text, LEN, 4001, &m);
		seqp_window = SIZE_MAX;
		int32_t *whole = vec_encode(v, 0, text, LEN, 0, &n);
		seqp_window = SEQP_WINDOW;
		same_ids(whole, n, cut, m, k->file, t, 4001);
		free(whole);
		free(cut);
	}
	free(text);
	seq_vocab_free(v);
}

/* U+2581 comes back as a blank. */
static size_t blanks(char *p, size_t n)
{
	size_t k = 0;
	for (size_t i = 0; i < n; k++) {
		if (n - i >= 3 && !memcmp(p + i, "\xe2\x96\x81", 3)) {
			p[k] = ' ';
			i += 3;
		} else {
			p[k] = p[i++];
		}
	}
	return k;
}

/* Bytes that a vocabulary has no spelling for (falcon lacks 28; deepseek-coder spells 13 that no UTF-8
 * text has as letters) become a letter: what cannot be said cannot come back. */
static void sayable(const seq_vocab *v, char *text, size_t len)
{
	char back[256];
	for (int b = 0; b < 256; b++) {
		size_t n, m;
		char one = (char)b;
		int32_t *id = vec_encode(v, SEQ_ENCODE_NO_NFC, &one, 1, 0, &n);
		char *text1 = vec_decode(v, 0, id, n, &m);
		back[b] = m == 1 && *text1 == one ? one : 'a';
		free(text1);
		free(id);
	}
	for (size_t i = 0; i < len; i++)
		text[i] = back[(unsigned char)text[i]];
}

static void trips(void **state)
{
	const struct vocab *k = *state;
	seq_vocab *v = open_vocab(k);
	enum { LEN = 20011 };
	char *text = malloc(LEN);
	for (int t = 0; t < TEXTS && (k->law & TRIPS); t++) {
		size_t n, len, want = LEN;
		text_of(t, text, LEN);
		if (k->law & HOLES)
			sayable(v, text, LEN);
		int32_t *id = vec_encode(v, SEQ_ENCODE_NO_NFC, text, LEN, 0, &n);
		char *back = vec_decode(v, 0, id, n, &len);
		if (k->law & SPACES)
			want = blanks(text, LEN);
		size_t at = 0;
		while (at < len && at < want && back[at] == text[at])
			at++;
		if (len != want || at < len)
			fail_msg("%s: text %d: %zu bytes come back, not %zu, from %zu on: %02x, not %02x", k->file, t, len, want, at,
			         (unsigned char)back[at], (unsigned char)text[at]);
		free(back);
		free(id);
	}
	free(text);
	seq_vocab_free(v);
}

static int count(void *arg, const int32_t *id, size_t n, seq_error *err)
{
	(void)id, (void)err;
	*(size_t *)arg += n;
	return 0;
}

/* Steps for n bytes of a text; *held: bytes the encoder holds at the end. */
static uint64_t steps(const seq_vocab *v, const char *text, size_t n, size_t *held)
{
	seq_encoder *e;
	seq_error err;
	size_t ids = 0;
	assert_int_equal(seq_encoder_new(&e, v, 0, &err), 0);
	assert_int_equal(seq_encode(e, text, n, 0, count, &ids, &err), 0);
	*held = e->buf.cap + e->merger.cap * 48;
	assert_int_equal(seq_encode(e, NULL, 0, 1, count, &ids, &err), 0);
	uint64_t work = e->work + e->merger.work;
	seq_encoder_free(e);
	return work;
}

static void linear(void **state)
{
	const struct vocab *k = *state;
	seq_vocab *v = open_vocab(k);
	enum { LEN = 1 << 18 };
	char *text = malloc(LEN);
	for (int t = 0; t < TEXTS; t++) {
		size_t held, few;
		if (left_out(k, t))
			continue;
		text_of(t, text, LEN);
		uint64_t a = steps(v, text, LEN / 8, &few), b = steps(v, text, LEN, &held);
		if (b > 10 * a + 1000000)
			fail_msg("%s: text %d: %llu steps for an eighth, %llu for the whole", k->file, t, (unsigned long long)a,
			         (unsigned long long)b);
		if (held > 4u << 20)
			fail_msg("%s: text %d: %zu bytes are held", k->file, t, held);
	}
	free(text);
	seq_vocab_free(v);
}

/* --- files that are broken ------------------------------------------------------------------- */

static void broken(void **state)
{
	(void)state;
	for (int f = 0; f < 4; f++) {
		size_t n;
		char *data = vec_file(vec_path(source(), vocabs[f].file), &n);
		assert_non_null(data);
		for (size_t i = 0; i < 400; i++) {
			size_t at = (size_t)(seqp_uniform(1, (uint32_t)f, i, 0) * (double)n), cut = n;
			char old = data[at];
			seq_vocab *v = NULL;
			seq_error err = {0};
			if (i & 1)
				cut = at;
			else
				data[at] = (char)(int)(seqp_uniform(1, (uint32_t)f, i, 1) * 256);
			int rc = f == 0 || f == 3 ? seqp_vocab_read_sp(&v, data, cut, &err) :
			                            seqp_vocab_read_json(&v, data, cut, NULL, 0, &err);
			if (rc < 0)
				assert_true(err.text[0] && err.code == rc);
			else
				seq_vocab_free(v);
			data[at] = old;
		}
		free(data);
	}
}

int main(void)
{
	static const struct CMUnitTest fixed[] = {cmocka_unit_test(golden),   cmocka_unit_test(story),      cmocka_unit_test(specials),
	                                          cmocka_unit_test(decoding), cmocka_unit_test(sink_error), cmocka_unit_test(broken)};
	static const struct {
		const char *name;
		CMUnitTestFunction f;
	} laws[] = {{"chunks", chunks}, {"long words", long_words}, {"trips", trips}, {"linear", linear}};
	struct CMUnitTest t[6 + 4 * VOCABS];
	static char name[4 * VOCABS][128];
	size_t n = 6;
	memcpy(t, fixed, sizeof(fixed));
	for (size_t l = 0; l < 4; l++)
		for (size_t i = 0; i < VOCABS; i++) {
			snprintf(name[n - 6], sizeof(*name), "%s: %s", laws[l].name, vocabs[i].file);
			t[n] = (struct CMUnitTest){name[n - 6], laws[l].f, NULL, NULL, (void *)(uintptr_t)&vocabs[i]};
			n++;
		}
	return _cmocka_run_group_tests("token", t, n, NULL, NULL);
}
