/* SPDX-License-Identifier: MIT */
/* Streams that are cut, damaged or lie: an error and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "base/endian.h"
#include "base/hash.h"
#include "frame/head.h"
#include "frame_box.h"

static seq_error err;

/* A small stream with most of what there is. */
static uint8_t *sample(size_t *n, enum seq_codec codec)
{
	static const int32_t ids[] = {1, 2, 3};
	static float ramp[1100];
	seq_writer *w;
	seq_writer_opts o = {.codec = codec, .name = "out", .origin = {{9}, "m.gguf", "tool 1\n"}};
	seq_frame f[] = {
		{.kind = SEQ_TOKENS, .dtype = SEQ_I32, .rank = 1, .dim = {3}, .payload = ids, .bytes = 12},
		{.kind = SEQ_STATE, .dtype = SEQ_F32, .rank = 2, .dim = {2, 550}, .payload = ramp, .bytes = 4400},
		{.kind = SEQ_NOTE, .dtype = SEQ_U8, .rank = 1, .dim = {2}, .payload = "hi", .bytes = 2, .name = "key"},
	};
	for (int i = 0; i < 1100; i++)
		ramp[i] = (float)(i / 100);
	int fd = box_file();
	assert_int_equal(seq_writer_open(&w, fd, &o, &err), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(seq_writer_put(w, &f[i], &err), 0);
	assert_int_equal(seq_writer_close(w, &err), 0);
	uint8_t *p = box_bytes(fd, n);
	close(fd);
	return p;
}

/* From a file and from a pipe: the same result. */
static int drain(const uint8_t *p, size_t n, int *frames)
{
	int again;
	int e = box_drain(box_of(p, n), frames, &err);
	assert_int_equal(box_drain(box_pipe(p, n, 0), &again, &err), e);
	assert_int_equal(again, *frames);
	return e;
}

static void cut_anywhere(void **state)
{
	(void)state;
	size_t n;
	int frames, before = 0;
	uint8_t *p = sample(&n, SEQ_CODEC_SPLIT_ZSTD);
	for (size_t cut = 0; cut < n; cut++) {
		assert_int_equal(drain(p, cut, &frames), SEQ_E_TRUNC);
		assert_true(frames >= before);
		before = frames;
	}
	assert_int_equal(before, 3);
	assert_int_equal(drain(p, n, &frames), 0);
	assert_int_equal(frames, 3);
	free(p);
}

static void any_bit_flipped(void **state)
{
	(void)state;
	for (int codec = 0; codec <= SEQ_CODEC_SPLIT_ZSTD; codec += SEQ_CODEC_SPLIT_ZSTD) {
		size_t n;
		int frames;
		uint8_t *p = sample(&n, (enum seq_codec)codec);
		for (size_t i = 0; i < 8 * n; i += i / 8 < 1024 || codec ? 1 : 13) {
			p[i / 8] ^= (uint8_t)(1 << i % 8);
			assert_true(drain(p, n, &frames) < 0);
			assert_true(frames < 4);
			p[i / 8] ^= (uint8_t)(1 << i % 8);
		}
		assert_int_equal(drain(p, n, &frames), 0);
		free(p);
	}
}

/* Damage that keeps the header checksum right: the fields themselves are checked. */
static void any_header_byte_sealed(void **state)
{
	(void)state;
	size_t n;
	int frames;
	uint8_t *p = sample(&n, SEQ_CODEC_ZSTD);
	for (size_t head = 0; head + 64 <= n; head += 64) {
		seqp_head h;
		if (seqp_head_get(&h, p + head, NULL) < 0)
			continue;
		for (size_t i = 0; i < 60; i++)
			for (int bit = 0; bit < 8; bit++) {
				uint8_t old[64];
				memcpy(old, p + head, 64);
				p[head + i] ^= (uint8_t)(1 << bit);
				if (i >= 4)
					seqp_put32(p + head + 60, (uint32_t)seqp_hash64(p + head, 60));
				(void)drain(p, n, &frames); /* 0 or an error; the sanitizers watch */
				memcpy(p + head, old, 64);
			}
	}
	free(p);
}

/* A terabyte is promised in a pipe: memory follows what came. */
static void promise_costs_nothing(void **state)
{
	(void)state;
	struct rlimit old, low = {1 << 30, RLIM_INFINITY};
	size_t n;
	int frames;
	uint8_t *p = sample(&n, SEQ_CODEC_NONE), lie[4096] = {0};
	seqp_head h = {.f = {.kind = SEQ_STATE, .dtype = SEQ_U8, .rank = 2, .dim = {1 << 20, 1 << 20}},
	               .stored = (uint64_t)1 << 40, .raw = (uint64_t)1 << 40};
	memcpy(lie, p, 128 + 64);
	size_t begin = 64 + 64; /* header and payload of the begin frame */
	seqp_head_put(lie + begin, &h);
	assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
	low.rlim_max = old.rlim_max;
	if (!BOX_SANITIZED)
		assert_int_equal(setrlimit(RLIMIT_AS, &low), 0);
	assert_int_equal(drain(lie, sizeof lie, &frames), SEQ_E_TRUNC);
	assert_int_equal(frames, 0);
	assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
	free(p);
}

static void writer_refuses(void **state)
{
	(void)state;
	seq_writer *w;
	seq_frame f = {.kind = SEQ_TOKENS, .dtype = SEQ_I32, .rank = 1, .dim = {2}, .payload = "1234567", .bytes = 4};
	int fd = box_file(), frames;
	assert_int_equal(seq_writer_open(&w, fd, NULL, &err), 0);
	assert_int_equal(seq_writer_put(w, &f, &err), SEQ_E_ARG); /* bytes and dims disagree */
	f.bytes = 8;
	f.kind = SEQ_END;
	assert_int_equal(seq_writer_put(w, &f, &err), SEQ_E_ARG);
	f.kind = 99;
	assert_int_equal(seq_writer_put(w, &f, &err), SEQ_E_ARG);
	f.kind = SEQ_TOKENS;
	f.seq = 1 << 24;
	assert_int_equal(seq_writer_put(w, &f, &err), SEQ_E_ARG);
	f.seq = 0;
	strcpy(f.name, "a\tb");
	assert_int_equal(seq_writer_put(w, &f, &err), SEQ_E_ARG);
	f.name[0] = 0;
	assert_int_equal(seq_writer_put(w, &f, &err), 0); /* a refusal leaves the stream whole */
	assert_int_equal(seq_writer_close(w, &err), 0);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(box_drain(fd, &frames, &err), 0);
	assert_int_equal(frames, 1);
}

static void full_disk(void **state)
{
	(void)state;
	static char big[1 << 20];
	seq_writer *w;
	seq_frame f = {.kind = SEQ_STATE, .dtype = SEQ_U8, .rank = 1, .dim = {sizeof big}, .payload = big,
	               .bytes = sizeof big};
	int fd = open("/dev/full", O_WRONLY);
	if (fd < 0)
		skip();
	assert_int_equal(seq_writer_open(&w, fd, &(seq_writer_opts){.own = 1, .name = "full"}, &err), 0);
	assert_int_equal(seq_writer_put(w, &f, &err), SEQ_E_IO);
	assert_non_null(strstr(err.text, "full: cannot write: "));
	f.bytes = f.dim[0] = 1;
	assert_int_equal(seq_writer_put(w, &f, &err), SEQ_E_IO); /* it stays broken */
	assert_int_equal(seq_writer_flush(w, &err), SEQ_E_IO);
	assert_int_equal(seq_writer_close(w, &err), SEQ_E_IO);
	fd = open("/dev/full", O_WRONLY);
	assert_int_equal(seq_writer_open(&w, fd, &(seq_writer_opts){.own = 1}, &err), 0);
	assert_int_equal(seq_writer_close(w, &err), SEQ_E_IO);
}

static void abandoned_is_broken(void **state)
{
	(void)state;
	seq_writer *w;
	seq_frame f = {.kind = SEQ_TOKENS, .dtype = SEQ_I32, .rank = 1, .dim = {1}, .payload = "1234", .bytes = 4};
	int fd = box_file(), frames;
	assert_int_equal(seq_writer_open(&w, fd, NULL, &err), 0);
	assert_int_equal(seq_writer_put(w, &f, &err), 0);
	seq_writer_abandon(w);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(box_drain(fd, &frames, &err), SEQ_E_TRUNC);
	assert_int_equal(frames, 1);
}

/* Flushed frames are there before the next one is made. */
static void flush_hands_over(void **state)
{
	(void)state;
	seq_writer *w;
	seq_reader *r;
	seq_frame g, f = {.kind = SEQ_TOKENS, .dtype = SEQ_I32, .rank = 1, .dim = {1}, .bytes = 4};
	int p[2];
	assert_int_equal(pipe(p), 0);
	assert_int_equal(seq_writer_open(&w, p[1], &(seq_writer_opts){.own = 1}, &err), 0);
	assert_int_equal(seq_reader_open(&r, p[0], 1, NULL, &err), 0);
	for (int32_t i = 0; i < 100; i++) {
		f.payload = &i;
		assert_int_equal(seq_writer_put(w, &f, &err), 0);
		assert_int_equal(seq_writer_flush(w, &err), 0);
		assert_int_equal(seq_reader_next(r, &g, &err), 1);
		assert_memory_equal(g.payload, &i, 4);
	}
	assert_int_equal(seq_writer_close(w, &err), 0);
	assert_int_equal(seq_reader_next(r, &g, &err), 0);
	seq_reader_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(any_bit_flipped),
		cmocka_unit_test(any_header_byte_sealed),
		cmocka_unit_test(promise_costs_nothing),
		cmocka_unit_test(writer_refuses),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(abandoned_is_broken),
		cmocka_unit_test(flush_hands_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
