/* SPDX-License-Identifier: MIT */
#include "checkkern.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "kernel/cpu.h"

static const check_family *const families[] = {
	&check_quant, &check_matmul, &check_vec, &check_attn, &check_scan, &check_recur, &check_quantize,
#ifdef HAVE_BLAS
	&check_blas,
#endif
};

const char *check_only;

static unsigned long done, failed, skipped;
static uint64_t seed = 1, drawn;

bool check_that(bool ok, const char *format, ...)
{
	done++;
	if (ok)
		return true;
	va_list args;
	va_start(args, format);
	if (failed++ < 40) {
		fprintf(stderr, "checkkern: seed %llu: ", (unsigned long long)seed);
		vfprintf(stderr, format, args);
		fputc('\n', stderr);
	}
	va_end(args);
	return false;
}

void check_skip(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (skipped++ < 4) {
		fputs("checkkern: skipped: ", stdout);
		vprintf(format, args);
		putchar('\n');
	}
	va_end(args);
}

uint64_t check_random(void)
{
	uint64_t z = seed * 0x9e3779b97f4a7c15u + ++drawn * 0xd1342543de82ef95u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

float check_normal(void)
{
	double s = -6; /* twelve uniforms: near enough */
	for (int i = 0; i < 12; i++)
		s += (double)(check_random() >> 11) * 0x1p-53;
	return (float)s;
}

void check_bytes(void *p, size_t n)
{
	uint8_t *b = p;
	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)(check_random() >> 24);
}

static void *slurp(const char *path, size_t *bytes)
{
	FILE *f = fopen(path, "rb");
	char *p = NULL;
	long n;
	if (!f)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (n = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0 &&
	    (p = malloc((size_t)n + 1)) && fread(p, 1, (size_t)n, f) == (size_t)n) {
		*bytes = (size_t)n;
	} else {
		free(p);
		p = NULL;
	}
	fclose(f);
	return p;
}

static void *below(const char *root, const char *middle, const char *path, size_t *bytes)
{
	char name[4096];
	if (snprintf(name, sizeof name, "%s%s/%s", root, middle, path) >= (int)sizeof name)
		return NULL;
	return slurp(name, bytes);
}

static const char *srcdir(void)
{
	const char *s = getenv("srcdir");
	return s ? s : ".";
}

void *check_ref(const char *path, size_t *bytes)
{
	return below(srcdir(), "/tests/ref", path, bytes);
}

void *check_shared(const char *path, size_t *bytes)
{
	const char *s = getenv("SEQ_SHARED");
	return s ? below(s, "", path, bytes) : below(srcdir(), "/../shared", path, bytes);
}

bool check_same(const float *a, const float *b, size_t n)
{
	return memcmp(a, b, n * sizeof *a) == 0;
}

double check_distance(const float *a, const float *b, size_t n)
{
	double top = 0, far = 0;
	for (size_t i = 0; i < n; i++) {
		double e = fabs((double)a[i] - b[i]);
		far = !(e <= far) ? e : far;
		top = fabs(b[i]) > top ? fabs(b[i]) : top;
	}
	return top > 0 ? far / top : far;
}

double check_clock(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double check_time(void (*f)(void *), void *arg)
{
	double best = 1e9, start = check_clock(), now = start;
	int runs = 0;
	while (runs < 3 || now - start < 0.1) {
		double t = now;
		f(arg);
		now = check_clock();
		best = now - t < best ? now - t : best;
		runs++;
	}
	return best;
}

const check_level *check_levels(void)
{
	static const check_level all[] = {
		{"c", 0},
		{"avx2", SEQK_AVX2},
		{"avx512", SEQK_AVX2 | SEQK_AVX512},
		{"avx512vnni", SEQK_AVX2 | SEQK_AVX512 | SEQK_VNNI},
		{"neon", SEQK_NEON},
		{"dotprod", SEQK_NEON | SEQK_DOTPROD},
	};
	static check_level have[sizeof all / sizeof *all + 1];
	unsigned bits = seqk_cpu_detected() & seqk_cpu_built();
	for (size_t i = 0, n = 0; i < sizeof all / sizeof *all; i++)
		if ((all[i].bits & bits) == all[i].bits)
			have[n++] = all[i];
	return have;
}

int main(int argc, char **argv)
{
	bool bench = false;
	const char *only = NULL;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--bench") == 0)
			bench = true;
		else if (strncmp(argv[i], "--seed=", 7) == 0)
			seed = strtoull(argv[i] + 7, NULL, 10);
		else if (argv[i][0] != '-' && !only)
			only = argv[i];
		else if (argv[i][0] != '-' && !check_only)
			check_only = argv[i];
		else
			return fprintf(stderr, "usage: checkkern [--bench] [--seed=N] [FAMILY [KERNEL]]\n"), 2;
	}
	if (bench)
		printf("one core: read %.1f GB/s, fma %.1f Gflop/s, int8 %.1f Gop/s\n", check_peaks()->read * 1e-9,
		       check_peaks()->fma * 1e-9, check_peaks()->int8 * 1e-9);
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		const check_family *f = families[i];
		if (only && strcmp(only, f->name))
			continue;
		if (bench && f->bench)
			f->bench();
		else if (!bench)
			f->check();
	}
	if (!bench)
		printf("checkkern: %lu comparisons, %lu failed, %lu skipped\n", done, failed, skipped);
	return failed ? 1 : 0;
}
