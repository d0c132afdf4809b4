/* SPDX-License-Identifier: MIT */
#include <sched.h>
#include <stdio.h>

#include "base/team.h"

/* The lowest-numbered hardware thread that shares a core with cpu. */
static int first_sibling(int cpu)
{
	char path[96];
	int first = cpu;
	snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
	FILE *f = fopen(path, "re");
	if (!f)
		return cpu;
	if (fscanf(f, "%d", &first) != 1)
		first = cpu;
	fclose(f);
	return first;
}

int seqp_cores(void)
{
	cpu_set_t mask, core;
	CPU_ZERO(&core);
	if (sched_getaffinity(0, sizeof mask, &mask) < 0)
		return 1;
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &mask)) {
			int s = first_sibling(i);
			CPU_SET(s >= 0 && s < CPU_SETSIZE ? s : i, &core);
		}
	int n = CPU_COUNT(&core);
	return n > 0 ? n : 1;
}
