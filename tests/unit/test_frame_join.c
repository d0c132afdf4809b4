/* SPDX-License-Identifier: MIT */
/* `cat a b`: parts join, ids are renumbered by the rule of seq-stream(5), origins merge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "frame_box.h"

static seq_error err;
static const char model_a[16] = "aaaaaaaaaaaaaaa", model_b[16] = "bbbbbbbbbbbbbbb", model_none[16];

/* One part: frames by letters (t new tokens, p past tokens, s state, c commit, n note, x unknown, T tensor), each
 * followed by the digit of its sequence. */
static void part(int fd, const char *print, const char *model, const char *lines, const char *frames)
{
	static const struct { char c; uint16_t kind, role; uint8_t dtype; } row[] = {
		{'t', SEQ_TOKENS, SEQ_TOKENS_NEW, SEQ_I32}, {'p', SEQ_TOKENS, SEQ_TOKENS_PAST, SEQ_I32},
		{'s', SEQ_STATE, 0, SEQ_F32}, {'c', SEQ_COMMIT, 0, SEQ_F32}, {'n', SEQ_NOTE, 0, SEQ_U8},
		{'x', 0x9000, 0, SEQ_U8}, {'T', SEQ_TENSOR, 0, SEQ_F32},
	};
	seq_writer *w;
	seq_writer_opts o = {.origin = {.model = model, .provenance = lines}};
	memcpy(o.origin.fingerprint, print, 16);
	assert_int_equal(seq_writer_open(&w, fd, &o, &err), 0);
	for (; *frames; frames += 2)
		for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
			if (row[i].c == *frames) {
				seq_frame f = {.kind = row[i].kind, .role = row[i].role, .dtype = row[i].dtype, .rank = 1,
				               .name = "k", .seq = (uint32_t)(frames[1] - '0')};
				assert_int_equal(seq_writer_put(w, &f, &err), 0);
			}
	assert_int_equal(seq_writer_close(w, &err), 0);
}

/* Letters and sequences as read, or the error. */
static int ids(int fd, char out[64])
{
	seq_reader *r;
	seq_frame f;
	int e, n = 0;
	assert_int_equal(seq_reader_open(&r, fd, 1, NULL, &err), 0);
	while ((e = seq_reader_next(r, &f, &err)) > 0)
		n += snprintf(out + n, 64 - (size_t)n, "%u", f.seq);
	out[n] = 0;
	seq_reader_close(r);
	return e;
}

static void joined(const char *a, const char *b, const char *c, const char *want)
{
	char got[64];
	int fd = box_file();
	part(fd, model_a, "a", "", a);
	part(fd, model_none, "", "", b);
	if (c)
		part(fd, model_a, "a", "", c);
	size_t n;
	uint8_t *p = box_bytes(fd, &n);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(ids(fd, got), 0);
	assert_string_equal(got, want);
	assert_int_equal(ids(box_pipe(p, n, 0), got), 0);
	assert_string_equal(got, want);
	free(p);
}

static void renumbering(void **state)
{
	(void)state;
	joined("s0c0", "t0", NULL, "000");               /* { cat ctx; tokenize; } */
	joined("s0c0", "t0t1", NULL, "0001");            /* and one new sequence */
	joined("s0c0", "s0c0", NULL, "0011");            /* two states */
	joined("s0c0s1c1", "s0c0s1c1t1", "s0t0", "0011" "22333" "44");
	joined("s0c0", "s0c0", "t0", "00111");           /* tokens go on with what is right before them */
	joined("s0", "s1", "t1t0", "0110");
	joined("t0", "t0", "t0", "000");                 /* texts one after another */
	joined("p0s0c0t0", "p0s0c0t0", NULL, "00001111"); /* past tokens belong to the state */
	joined("s0c0", "n0x0t0", NULL, "00000");         /* notes decide nothing */
	joined("s0c0", "n0x0s0", NULL, "00111");
	joined("s0c0", "n0", "s0", "0001");              /* nor does a part of notes take an id */
	joined("s2c2", "s0c0", NULL, "2233");            /* a lower id counts as taken: one rule, no table */
	joined("s0c0", "s5c5", "s0", "00556");           /* a free id is kept */
	joined("T0", "T0", NULL, "01");
	joined("", "s0", "s0", "01");
}

static void second_state_refused(void **state)
{
	(void)state;
	char got[64];
	int fd = box_file();
	part(fd, model_a, "a", "", "s0c0");
	part(fd, model_a, "a", "", "t0s0");
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(ids(fd, got), SEQ_E_FORMAT);
	assert_string_equal(got, "000");
}

static void origins_merge(void **state)
{
	(void)state;
	seq_reader *r;
	seq_frame f;
	int fd = box_file();
	part(fd, model_none, "", "tokenize\n", "t0");
	part(fd, model_a, "a.gguf", "tokenize\nprefill", "t0");
	part(fd, model_a, "elsewhere/a.gguf", "decode\n", "t0");
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(seq_reader_open(&r, fd, 1, NULL, &err), 0);
	assert_int_equal(seq_reader_start(r, &err), 0);
	assert_string_equal(seq_reader_origin(r)->provenance, "tokenize\n");
	while (seq_reader_next(r, &f, &err) > 0)
		;
	assert_string_equal(seq_reader_origin(r)->provenance, "tokenize\nprefill\ndecode\n");
	assert_string_equal(seq_reader_origin(r)->model, "a.gguf");
	assert_memory_equal(seq_reader_origin(r)->fingerprint, model_a, 16);
	seq_reader_close(r);
}

static void two_models(void **state)
{
	(void)state;
	char got[64];
	int fd = box_file();
	part(fd, model_a, "a.gguf", "", "t0");
	part(fd, model_b, "b.gguf", "", "t0");
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(ids(fd, got), SEQ_E_MISMATCH);
	assert_string_equal(got, "0");
	assert_non_null(strstr(err.text, "a.gguf"));
	assert_non_null(strstr(err.text, "b.gguf"));
}

/* Too much provenance: the oldest lines go, the stream is whole. */
static void provenance_is_bounded(void **state)
{
	(void)state;
	static char lines[200 * 1024];
	seq_reader *r;
	size_t n = 0;
	int fd = box_file();
	for (int i = 0; n < sizeof lines - 512; i++)
		n += (size_t)snprintf(lines + n, 512, "tool %d %0*d\n", i, i % 400, i);
	part(fd, model_none, "m", lines, "t0");
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(seq_reader_open(&r, fd, 1, NULL, &err), 0);
	assert_int_equal(seq_reader_start(r, &err), 0);
	const char *got = seq_reader_origin(r)->provenance;
	assert_true(strlen(got) > 32 * 1024);
	assert_string_equal(got, lines + n - strlen(got));
	assert_memory_equal(got, "tool ", 5);
	seq_reader_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renumbering),
		cmocka_unit_test(second_state_refused),
		cmocka_unit_test(origins_merge),
		cmocka_unit_test(two_models),
		cmocka_unit_test(provenance_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
