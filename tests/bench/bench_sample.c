/* SPDX-License-Identifier: MIT */
/* What choosing a token costs on a vocabulary of 150k: microseconds of a core as CSV, medians of 50. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "seq/gen.h"

enum { VOCAB = 151936, TIMES = 50 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static int bench(const char *what, const seq_sampler_opts *o, const float *logits)
{
	double us[TIMES];
	seq_sampler *s;
	seq_error err;
	if (seq_sampler_new(&s, VOCAB, o, &err) < 0)
		return fprintf(stderr, "%s\n", err.text), 1;
	for (int i = 0; i < TIMES; i++) {
		double t0 = now();
		if (seq_sample(s, logits, NULL, 0, 0, (uint64_t)i) < 0)
			return 1;
		us[i] = now() - t0;
	}
	seq_sampler_free(s);
	qsort(us, TIMES, sizeof *us, by_value);
	printf("%s,%d,%.0f\n", what, VOCAB, us[TIMES / 2]);
	return 0;
}

int main(void)
{
	static float logits[VOCAB];
	uint32_t x = 1;
	for (int i = 0; i < VOCAB; i++) { /* near a normal distribution, a few far above */
		double sum = 0;
		for (int k = 0; k < 6; k++)
			sum += (double)((x = x * 1664525u + 1013904223u) >> 8) / (1 << 24) - 0.5;
		logits[i] = (float)(3 * sum + (i % 9973 == 0 ? 12 : 0));
	}
	seq_sampler_opts plain = {.temp = 1, .top_p = 1, .typical = 1, .repetition = 1}, o;
	printf("what,vocabulary,us\n");
	o = plain, o.temp = 0;
	int bad = bench("greedy", &o, logits);
	bad |= bench("temperature", &plain, logits);
	o = plain, o.top_k = 40;
	bad |= bench("top-k 40", &o, logits);
	o = plain, o.top_p = 0.95f;
	bad |= bench("top-p 0.95", &o, logits);
	o = plain, o.min_p = 0.05f;
	bad |= bench("min-p 0.05", &o, logits);
	o = (seq_sampler_opts)SEQ_SAMPLER_DEFAULTS;
	bad |= bench("defaults (top-p 0.95 and min-p 0.05)", &o, logits);
	return bad;
}
