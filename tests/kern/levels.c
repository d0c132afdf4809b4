/* SPDX-License-Identifier: MIT */
#include "levels.h"

#include <math.h>
#include <string.h>

#include "checkkern.h"
#include "kernel/cpu.h"

static level all[6];
static size_t count;

static void add(const char *name, bool native, unsigned bits, void (*fill)(seqk_table *))
{
	level *l = &all[count++];
	l->name = name, l->native = native;
	seqk_table_fill(&l->t, bits);
	if (fill)
		fill(&l->t);
}

const level *levels(size_t *n)
{
	unsigned can = seqk_cpu_detected() & seqk_cpu_built();
	if (!count) {
		add("c", true, 0, NULL);
		if (can & SEQK_AVX2)
			add("avx2", true, SEQK_AVX2, NULL);
		if (can & SEQK_AVX512)
			add("avx512", true, SEQK_AVX2 | SEQK_AVX512, NULL);
		if (can & SEQK_NEON)
			add("neon", true, SEQK_NEON, NULL);
#ifdef CHECK_SIMDE
		add("avx2 emulated", false, 0, fill_avx2_simde);
		add("avx512 emulated", false, 0, fill_avx512_simde);
#ifndef __aarch64__
		add("neon emulated", false, 0, fill_neon_simde);
#endif
#endif
	}
	*n = count;
	return all;
}

bool same_floats(const float *a, const float *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(a + i, b + i, sizeof *a) && !(isnan(a[i]) && isnan(b[i])))
			return false;
	return true;
}

void random_floats(float *x, size_t n, float span)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t r = check_random();
		x[i] = r % 61 ? ((float)(r >> 40) * 0x1p-23f - 1) * span : 0;
	}
}
