/* SPDX-License-Identifier: MIT */
/* What is written is what is read: kinds, types, ranks, codecs, files and pipes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/rng.h"
#include "frame_box.h"

static seq_error err;
static float data[64 * 1024];

static void fill(int smooth)
{
	for (uint32_t i = 0; i < sizeof data / 4; i++)
		data[i] = smooth ? (float)(i / 16) : (float)seqp_uniform(7, 1, i, 0);
}

/* A frame of about `want` elements of the type, or of none that fits the rank. */
static seq_frame make(int kind, int dtype, int rank, uint32_t want)
{
	const seq_dtype_row *t = seq_dtype_get(dtype);
	seq_frame f = {.kind = (uint16_t)kind, .dtype = (uint8_t)dtype, .rank = (uint8_t)rank, .seq = 3, .layer = 5};
	size_t n = t->bytes;
	for (int i = 0; i < rank; i++)
		f.dim[i] = i == rank - 1 ? t->block * (1 + want / t->block) : 2;
	for (int i = 0; i < rank; i++)
		n *= i == rank - 1 ? f.dim[i] / t->block : f.dim[i];
	f.payload = data;
	f.bytes = n;
	return f;
}

static void same(const seq_frame *a, const seq_frame *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->role, b->role);
	assert_int_equal(a->dtype, b->dtype);
	assert_int_equal(a->rank, b->rank);
	assert_memory_equal(a->dim, b->dim, sizeof a->dim);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->layer, b->layer);
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->bytes, b->bytes);
	assert_memory_equal(a->payload, b->payload, a->bytes);
	assert_int_equal((uintptr_t)b->payload % 64, 0);
}

/* Writes the frames, reads them from a file and from a pipe in pieces. */
static void trip(const seq_frame *f, int n, enum seq_codec codec)
{
	int fd = box_file();
	seq_writer *w;
	seq_writer_opts o = {.codec = codec, .name = "out", .origin = {{1, 2, 3}, "a/b.gguf", "x 1\ny 2\n"}};
	assert_int_equal(seq_writer_open(&w, fd, &o, &err), 0);
	for (int i = 0; i < n; i++)
		assert_int_equal(seq_writer_put(w, &f[i], &err), 0);
	assert_int_equal(seq_writer_close(w, &err), 0);
	size_t size;
	uint8_t *bytes = box_bytes(fd, &size);
	assert_int_equal(size % 64, 0);
	lseek(fd, 0, SEEK_SET);
	for (int pipe = 0; pipe < 2; pipe++) {
		seq_reader *r;
		seq_frame g;
		assert_int_equal(seq_reader_open(&r, pipe ? box_pipe(bytes, size, 1000) : fd, 1, "in", &err), 0);
		assert_int_equal(seq_reader_start(r, &err), 0);
		assert_string_equal(seq_reader_origin(r)->model, "a/b.gguf");
		assert_string_equal(seq_reader_origin(r)->provenance, "x 1\ny 2\n");
		for (int i = 0; i < n; i++) {
			assert_int_equal(seq_reader_next(r, &g, &err), 1);
			same(&f[i], &g);
		}
		assert_int_equal(seq_reader_next(r, &g, &err), 0);
		assert_int_equal(seq_reader_next(r, &g, &err), 0);
		seq_reader_close(r);
	}
	wait(NULL);
	free(bytes);
}

static void every_type_rank_codec(void **state)
{
	(void)state;
	for (int smooth = 0; smooth < 2; smooth++)
		for (int codec = SEQ_CODEC_NONE; codec <= SEQ_CODEC_SPLIT_ZSTD; codec++) {
			seq_frame f[SEQ_DTYPES * 5];
			int n = 0;
			fill(smooth);
			for (int t = 0; t < SEQ_DTYPES; t++)
				for (int rank = 0; rank <= SEQ_MAX_RANK; rank++)
					if (seq_dtype_get(t) && (rank || seq_dtype_get(t)->block == 1))
						f[n++] = make(SEQ_STATE, t, rank, 2000);
			trip(f, n, (enum seq_codec)codec);
		}
}

static void every_kind(void **state)
{
	(void)state;
	fill(0);
	seq_frame f[] = {
		make(SEQ_TOKENS, SEQ_I32, 1, 40), make(SEQ_LOGITS, SEQ_F32, 2, 512), make(SEQ_TENSOR, SEQ_BF16, 3, 30),
		make(SEQ_STATE, SEQ_F16, 4, 64), make(SEQ_COMMIT, SEQ_U8, 1, 100), make(SEQ_DRAFT, SEQ_I32, 2, 9),
		make(SEQ_NOTE, SEQ_U8, 1, 11), make(0x9abc, SEQ_U8, 1, 5),
	};
	f[0].role = SEQ_TOKENS_PAST;
	f[3].role = 0xffff;
	strcpy(f[2].name, "blk.0.attn_q.weight");
	memset(f[6].name, 'k', SEQ_NAME_MAX);
	trip(f, 8, SEQ_CODEC_NONE);
	trip(f, 8, SEQ_CODEC_SPLIT_ZSTD);
}

static void empty_and_big(void **state)
{
	(void)state;
	size_t n = 9 << 20;
	float *big = malloc(n);
	assert_non_null(big);
	for (size_t i = 0; i < n / 4; i++)
		big[i] = (float)(i * 7 % 1000);
	seq_frame f[] = {
		{.kind = SEQ_TOKENS, .dtype = SEQ_I32, .rank = 1},
		{.kind = SEQ_STATE, .dtype = SEQ_F32, .rank = 2, .dim = {9, 1 << 18}, .payload = big, .bytes = n},
		{.kind = SEQ_STATE, .dtype = SEQ_F32, .rank = 3, .dim = {0xffffffff, 0, 0xffffffff}},
		{.kind = SEQ_STATE, .dtype = SEQ_F32, .rank = 1, .dim = {1}, .payload = big, .bytes = 4},
	};
	trip(f, 4, SEQ_CODEC_NONE);
	trip(f, 4, SEQ_CODEC_ZSTD);
	free(big);
}

static void nothing_at_all(void **state)
{
	(void)state;
	trip(NULL, 0, SEQ_CODEC_NONE);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Both ends without blocking, in a small pipe, interrupted all the time. */
static void short_writes_and_signals(void **state)
{
	(void)state;
	static char big[3 << 20];
	struct sigaction act = {.sa_handler = on_alarm};
	struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
	seq_frame f = {.kind = SEQ_STATE, .dtype = SEQ_U8, .rank = 1, .dim = {sizeof big}, .payload = big, .bytes = sizeof big};
	int p[2], frames, status;
	for (size_t i = 0; i < sizeof big; i++)
		big[i] = (char)(i * 7);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(fcntl(p[0], F_SETFL, O_NONBLOCK) | fcntl(p[1], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(sigaction(SIGALRM, &act, NULL), 0);
	pid_t child = fork();
	if (child == 0) {
		seq_writer *w;
		int bad = setitimer(ITIMER_REAL, &often, NULL);
		close(p[0]);
		bad |= seq_writer_open(&w, p[1], NULL, NULL);
		for (int i = 0; i < 4; i++)
			bad |= seq_writer_put(w, &f, NULL);
		bad |= seq_writer_close(w, NULL);
		_exit(bad != 0);
	}
	close(p[1]);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	assert_int_equal(box_drain(p[0], &frames, &err), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_int_equal(frames, 4);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(every_kind),
		cmocka_unit_test(every_type_rank_codec),
		cmocka_unit_test(empty_and_big),
		cmocka_unit_test(short_writes_and_signals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
