/* SPDX-License-Identifier: MIT */
/* How much time of a core it takes to open a vocabulary and to encode with it.
 *
 *     bench_token VOCABULARY [TEXT...]      prints CSV: medians of five, time in ms, speed in MB/s */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/map.h"
#include "seq/token.h"

enum { TIMES = 5 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *x)
{
	qsort(x, TIMES, sizeof *x, by_value);
	return x[TIMES / 2];
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static int count(void *arg, const int32_t *id, size_t n, seq_error *err)
{
	(void)id;
	(void)err;
	*(size_t *)arg += n;
	return 0;
}

static int encode(const seq_vocab *v, const seqp_map *text, size_t *ids, seq_error *err)
{
	seq_encoder *e;
	*ids = 0;
	int rc = seq_encoder_new(&e, v, 0, err);
	if (rc < 0)
		return rc;
	rc = seq_encode(e, (const char *)text->data, text->size, 1, count, ids, err);
	seq_encoder_free(e);
	return rc;
}

static int bench_open(const char *path, seq_vocab **v, seq_error *err)
{
	double ms[TIMES];
	for (int i = 0; i < TIMES; i++) {
		double t0 = now();
		int rc = seq_vocab_open(v, path, err);
		ms[i] = now() - t0;
		if (rc < 0)
			return rc;
		if (i + 1 < TIMES)
			seq_vocab_free(*v);
	}
	printf("%s,open,%zu,,%.1f,\n", name_of(path), seq_vocab_size(*v), median(ms));
	return 0;
}

static int bench_text(const char *vocab, const seq_vocab *v, const char *path, seq_error *err)
{
	seqp_map text;
	double ms[TIMES];
	size_t ids = 0;
	int rc = seqp_map_open(&text, path, err);
	for (int i = 0; i < TIMES && rc >= 0; i++) {
		double t0 = now();
		rc = encode(v, &text, &ids, err);
		ms[i] = now() - t0;
	}
	if (rc < 0)
		return rc;
	double m = median(ms);
	printf("%s,%s,%zu,%zu,%.1f,%.1f\n", name_of(vocab), name_of(path), text.size, ids, m, (double)text.size / 1e3 / m);
	fflush(stdout);
	seqp_map_close(&text);
	return 0;
}

int main(int argc, char **argv)
{
	seq_error err;
	seq_vocab *v;
	if (argc < 2 || bench_open(argv[1], &v, &err) < 0)
		return fprintf(stderr, "%s\n", argc < 2 ? "which vocabulary?" : err.text), 1;
	for (int i = 2; i < argc; i++)
		if (bench_text(argv[1], v, argv[i], &err) < 0)
			return fprintf(stderr, "%s\n", err.text), 1;
	seq_vocab_free(v);
	return 0;
}
