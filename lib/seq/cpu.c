/* SPDX-License-Identifier: MIT */
#include "seq/cpu.h"

#include <stddef.h>

#include "kernel/cpu.h"

/* The names of the levels in mask, into text that is long enough for all. */
static const char *name_levels(char *text, unsigned mask)
{
	static const struct {
		unsigned bit;
		const char *name;
	} level[] = {{SEQK_AVX2, "avx2"}, {SEQK_AVX512, "avx512"}, {SEQK_VNNI, "vnni"}, {SEQK_NEON, "neon"},
	             {SEQK_DOTPROD, "dotprod"}};
	size_t at = 0;
	text[at++] = 'c';
	for (size_t i = 0; i < sizeof level / sizeof level[0]; i++) {
		if (!(mask & level[i].bit))
			continue;
		text[at++] = ' ';
		for (const char *p = level[i].name; *p; p++)
			text[at++] = *p;
	}
	text[at] = 0;
	return text;
}

int seq_cpu_init(seq_error *err)
{
	return seqk_cpu_init(err);
}

const char *seq_cpu_name(void)
{
	return seqk_cpu_name();
}

const char *seq_cpu_detected(void)
{
	static _Thread_local char text[64];
	return name_levels(text, seqk_cpu_detected());
}

const char *seq_cpu_built(void)
{
	static _Thread_local char text[64];
	return name_levels(text, seqk_cpu_built());
}
