/* SPDX-License-Identifier: MIT */
/* Progress for a person at a terminal, and the line of counts for -v. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "porch.h"

static struct timespec begun;
static double shown; /* when the progress line was last drawn; 0: never */
static int drawn;

void porch_time_start(void)
{
	clock_gettime(CLOCK_MONOTONIC, &begun);
}

double tool_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begun.tv_sec) + 1e-9 * (double)(now.tv_nsec - begun.tv_nsec);
}

void tool_progress_clear(void)
{
	if (drawn)
		fputs("\r\033[K", stderr);
	drawn = 0;
}

void tool_progress(uint64_t done, uint64_t total)
{
	tool_progress_of("tokens", 1, done, total);
}

void tool_progress_of(const char *unit, double size, uint64_t done, uint64_t total)
{
	static int terminal = -1;
	if (terminal < 0)
		terminal = isatty(2) && !tool.quiet;
	double now = tool_seconds();
	if (!terminal || now < 1 || now - shown < 0.2)
		return;
	shown = now;
	drawn = 1;
	double rate = (double)done / now;
	fprintf(stderr, "\r\033[K%s: %.0f", tool.spec->name, (double)done / size);
	if (total)
		fprintf(stderr, "/%.0f", (double)total / size);
	fprintf(stderr, " %s, %.1f %s/s", unit, rate / size, unit);
	if (total > done && rate > 0)
		fprintf(stderr, ", %.0f s to go", (double)(total - done) / rate);
	fflush(stderr);
}

void tool_summary(uint64_t tokens, double seconds, size_t state_bytes)
{
	struct rusage use;
	tool_progress_clear();
	if (!tool.verbose || tool_is_broken())
		return;
	double resident = getrusage(RUSAGE_SELF, &use) ? 0 : (double)use.ru_maxrss * 1024;
	fprintf(stderr, "%s: %llu tokens, %.3f s, %.1f tokens/s, %.1f MB resident, %.3f MB state\n", tool.spec->name,
	        (unsigned long long)tokens, seconds, seconds > 0 ? (double)tokens / seconds : 0, resident / 1e6,
	        (double)state_bytes / 1e6);
}
