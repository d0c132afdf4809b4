/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target without a fuzzer: every file of the seeds, then seeded mutations of each.
 *
 *     replay_NAME [-n MUTATIONS] [-m ONE] [FILE|FOLDER...]
 *
 * -m runs that one mutation only, as named in the line of a crash.  Without arguments the
 * seeds are SEEDS (folders or files under $SEQ_SRC, with spaces between them) and
 * the number is MUTATIONS, both given when it is built.  The same numbers make the same
 * bytes on every machine. */
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "base/rng.h"

#ifndef SEEDS
#define SEEDS ""
#endif
#ifndef MUTATIONS
#define MUTATIONS 200
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char now[5000]; /* what runs, for the line of a crash */
static unsigned long long runs, files;

static void on_crash(int sig)
{
	if (write(2, now, strlen(now)) < 0)
		_exit(99);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* The k-th number of mutation m, below n. */
static size_t pick(uint32_t m, uint32_t k, size_t n)
{
	return n ? (size_t)(seqp_uniform(0x5eed, m, k / 256, k % 256) * (double)n) : 0;
}

/* Numbers that readers trip over. */
static uint64_t nasty(uint32_t m, uint32_t k)
{
	static const uint64_t row[] = {0, 1, 2, 7, 63, 64, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff,
		0x80000000, 0xfffffff0, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff};
	return row[pick(m, k, sizeof row / sizeof row[0])];
}

/* One change of p (size n, room for twice as much and 64); the new size. */
static size_t change(uint8_t *p, size_t n, uint32_t m, uint32_t k)
{
	size_t at = pick(m, k, n), len = 1 + pick(m, k + 1, 32);
	uint64_t v = nasty(m, k + 2);
	switch (pick(m, k + 3, 8)) {
	case 0:
	case 1:
		if (n)
			p[at] ^= (uint8_t)(1u << pick(m, k + 4, 8));
		return n;
	case 2:
		if (n)
			p[at] = (uint8_t)pick(m, k + 4, 256);
		return n;
	case 3: /* a number of 1, 2, 4 or 8 bytes; mostly where numbers stand */
		at &= ~(size_t)(pick(m, k + 5, 2) ? 3 : 0);
		len = (size_t)1 << pick(m, k + 4, 4);
		if (at + len <= n)
			memcpy(p + at, &v, len);
		return n;
	case 4: /* cut at the end */
		return at;
	case 5: /* take out */
		if (at + len > n)
			return n;
		memmove(p + at, p + at + len, n - at - len);
		return n - len;
	case 6: /* double */
		if (at + len > n)
			return n;
		memmove(p + at + len, p + at, n - at);
		return n + len;
	default: /* copy over */
		if (at + len <= n)
			memmove(p + pick(m, k + 4, n - len + 1), p + at, len);
		return n;
	}
}

static void run(const uint8_t *p, size_t n)
{
	uint8_t *tight = malloc(n ? n : 1); /* so that one byte beyond is seen */
	if (!tight)
		abort();
	if (n)
		memcpy(tight, p, n);
	LLVMFuzzerTestOneInput(tight, n);
	free(tight);
	runs++;
}

static void mutate(const char *path, const uint8_t *seed, size_t n, uint32_t m)
{
	enum { CHANGES = 8 };
	uint8_t *p = malloc(n + 64 * CHANGES);
	if (!p)
		abort();
	if (n)
		memcpy(p, seed, n);
	size_t changes = 1 + pick(m, 0, CHANGES);
	snprintf(now, sizeof now, "replay: %s -m %u\n", path, m);
	for (uint32_t c = 0; c < changes; c++)
		n = change(p, n, m, 8 + 8 * c);
	run(p, n);
	free(p);
}

static int one_file(const char *path, uint32_t mutations, long only)
{
	seq_error err;
	seqp_map map;
	if (seqp_map_open(&map, path, &err) < 0) {
		fprintf(stderr, "replay: %s\n", err.text);
		return 1;
	}
	files++;
	snprintf(now, sizeof now, "replay: %s\n", path);
	if (only < 0)
		run(map.data, map.size);
	for (uint32_t m = 1; m <= mutations; m++)
		if (only < 0 || m == (uint32_t)only)
			mutate(path, map.data, map.size, m);
	seqp_map_close(&map);
	return 0;
}

static int one_path(const char *path, uint32_t mutations, long only)
{
	struct stat st;
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return one_file(path, mutations, only);
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort), bad = n < 0;
	for (int i = 0; i < n; i++) {
		char file[4096];
		snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && stat(file, &st) == 0 && S_ISREG(st.st_mode))
			bad |= one_file(file, mutations, only);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return bad;
}

/* The seeds it was built with. */
static int own_seeds(uint32_t mutations, long only)
{
	char list[] = SEEDS, path[4096], *save = NULL;
	const char *src = getenv("SEQ_SRC");
	int bad = 0;
	if (!src || !list[0])
		return 77;
	for (char *s = strtok_r(list, " ", &save); s; s = strtok_r(NULL, " ", &save)) {
		snprintf(path, sizeof path, "%s/%s", src, s);
		bad |= one_path(path, mutations, only);
	}
	return bad;
}

int main(int argc, char **argv)
{
	uint32_t mutations = MUTATIONS;
	long only = -1;
	int bad = 0, i = 1;
	signal(SIGSEGV, on_crash);
	signal(SIGBUS, on_crash);
	signal(SIGFPE, on_crash);
	signal(SIGILL, on_crash);
	signal(SIGABRT, on_crash);
	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (!strcmp(argv[i], "-n"))
			mutations = (uint32_t)strtoul(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "-m"))
			only = strtol(argv[i + 1], NULL, 10);
	}
	if (only >= (long)mutations)
		mutations = (uint32_t)only;
	if (i == argc)
		bad = own_seeds(mutations, only);
	for (; i < argc; i++)
		bad |= one_path(argv[i], mutations, only);
	printf("%llu files, %llu runs\n", files, runs);
	return bad;
}
