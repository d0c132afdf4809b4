/* SPDX-License-Identifier: MIT */
/* What a parallel region and a barrier cost.
 *
 *     bench_team [THREADS]      prints microseconds as CSV, medians
 *
 * "region" begins and ends runs one after another; "region after idling" leaves the team alone for two
 * milliseconds before each; "begin" is the time until every member runs. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/team.h"

enum { RUNS = 400, BARRIERS = 2000 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void say(const char *what, int threads, double *us, int n)
{
	qsort(us, (size_t)n, sizeof *us, by_value);
	printf("%s,%d,%.2f,%.2f\n", what, threads, us[n / 2], us[n * 9 / 10]);
}

struct start {
	double at[64];
};

static void note(void *arg, const seqp_lane *lane)
{
	struct start *s = arg;
	s->at[lane->tid % 64] = now();
}

static void meet(void *arg, const seqp_lane *lane)
{
	for (int i = 0; i < *(const int *)arg; i++)
		seqp_team_barrier(lane);
}

static void pause_us(long us)
{
	nanosleep(&(struct timespec){0, us * 1000}, NULL);
}

static void regions(seqp_team *t, int n, long idle, const char *region, const char *begin)
{
	double whole[RUNS], first[RUNS];
	for (int i = 0; i < RUNS; i++) {
		struct start s = {0};
		if (idle)
			pause_us(idle);
		double t0 = now();
		seqp_team_run(t, note, &s);
		whole[i] = now() - t0;
		first[i] = 0;
		for (int k = 0; k < n && k < 64; k++)
			if (s.at[k] - t0 > first[i])
				first[i] = s.at[k] - t0;
	}
	say(region, n, whole, RUNS);
	say(begin, n, first, RUNS);
}

static void barriers(seqp_team *t, int n)
{
	double us[20];
	int many = BARRIERS;
	for (int i = 0; i < 20; i++) {
		double t0 = now();
		seqp_team_run(t, meet, &many);
		us[i] = (now() - t0) / BARRIERS;
	}
	say("barrier", n, us, 20);
}

int main(int argc, char **argv)
{
	seqp_team *t = seqp_team_new(argc > 1 ? atoi(argv[1]) : 0);
	if (!t)
		return 1;
	int n = seqp_team_size(t);
	printf("what,threads,us,us_of_90_percent\n");
	regions(t, n, 0, "region", "begin");
	regions(t, n, 2000, "region after idling", "begin after idling");
	barriers(t, n);
	seqp_team_free(t);
	return 0;
}
