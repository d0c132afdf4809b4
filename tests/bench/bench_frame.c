/* SPDX-License-Identifier: MIT */
/* A state through a pipe and back from a file, against the same bytes through write(2) and read(2).
 *
 *     bench_frame [MEGABYTES]      prints GB/s, best of five */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "seq/frame.h"

enum { FRAME = 4 << 20 };

static char *payload;

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(int truth)
{
	if (!truth) {
		fprintf(stderr, "bench_frame: failed\n");
		_exit(1);
	}
}

static void write_frames(int fd, int frames, enum seq_codec codec)
{
	seq_writer *w;
	seq_frame f = {.kind = SEQ_STATE, .dtype = SEQ_F32, .rank = 1, .dim = {FRAME / 4}, .payload = payload, .bytes = FRAME};
	must(seq_writer_open(&w, fd, &(seq_writer_opts){.codec = codec}, NULL) == 0);
	for (int i = 0; i < frames; i++)
		must(seq_writer_put(w, &f, NULL) == 0);
	must(seq_writer_close(w, NULL) == 0);
}

static void read_frames(int fd, int frames)
{
	seq_reader *r;
	seq_frame f;
	int n = 0;
	must(seq_reader_open(&r, fd, 0, NULL, NULL) == 0);
	while (seq_reader_next(r, &f, NULL) > 0)
		n++;
	must(n == frames);
	seq_reader_close(r);
}

static void write_plain(int fd, int frames, enum seq_codec codec)
{
	(void)codec;
	for (int i = 0; i < frames; i++)
		for (size_t at = 0; at < FRAME;) {
			ssize_t n = write(fd, payload + at, FRAME - at);
			must(n > 0);
			at += (size_t)n;
		}
}

static void read_plain(int fd, int frames)
{
	char *buf = malloc(FRAME);
	must(buf != NULL);
	for (size_t at = 0, all = (size_t)frames * FRAME; at < all;) {
		ssize_t n = read(fd, buf + at % FRAME, FRAME - at % FRAME);
		must(n > 0);
		at += (size_t)n;
	}
	free(buf);
}

static double through_pipe(int frames, void (*out)(int, int, enum seq_codec), void (*in)(int, int))
{
	int p[2], status;
	must(pipe(p) == 0);
	fcntl(p[0], F_SETPIPE_SZ, 1 << 20);
	double t = seconds();
	pid_t pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		close(p[0]);
		out(p[1], frames, SEQ_CODEC_NONE);
		_exit(0);
	}
	close(p[1]);
	in(p[0], frames);
	t = seconds() - t;
	close(p[0]);
	must(waitpid(pid, &status, 0) == pid && status == 0);
	return t;
}

static double through_file(int frames, enum seq_codec codec, double *reading)
{
	int fd = memfd_create("bench", 0);
	double t = seconds();
	must(fd >= 0);
	write_frames(fd, frames, codec);
	t = seconds() - t;
	must(lseek(fd, 0, SEEK_SET) == 0);
	double r = seconds();
	read_frames(fd, frames);
	*reading = seconds() - r;
	close(fd);
	return t;
}

static double best(double a, double b)
{
	return a < b ? a : b;
}

int main(int argc, char **argv)
{
	int frames = (argc > 1 ? atoi(argv[1]) : 512) / (FRAME >> 20);
	double gb = (double)frames * FRAME / 1e9, t[6] = {9e9, 9e9, 9e9, 9e9, 9e9, 9e9}, r;
	payload = malloc(FRAME);
	must(payload != NULL && frames > 0);
	for (int i = 0; i < FRAME / 4; i++)
		((float *)payload)[i] = (float)(i % 4099) / 64;
	for (int k = 0; k < 5; k++) {
		t[0] = best(t[0], through_pipe(frames, write_plain, read_plain));
		t[1] = best(t[1], through_pipe(frames, write_frames, read_frames));
		t[2] = best(t[2], through_file(frames, SEQ_CODEC_NONE, &r));
		t[3] = best(t[3], r);
	}
	t[4] = through_file(frames, SEQ_CODEC_SPLIT_ZSTD, &r);
	t[5] = r;
	printf("pipe, plain bytes  %6.2f GB/s\npipe, frames       %6.2f GB/s\nfile, written      %6.2f GB/s\n"
	       "file, mapped       %6.2f GB/s\nsplit zstd, write  %6.2f GB/s\nsplit zstd, read   %6.2f GB/s\n",
	       gb / t[0], gb / t[1], gb / t[2], gb / t[3], gb / t[4], gb / t[5]);
	return 0;
}
