/* SPDX-License-Identifier: MIT */
/* The levels of the kernel table that this machine can run: C first, then native and emulated ones. */
#ifndef TESTS_KERN_LEVELS_H
#define TESTS_KERN_LEVELS_H

#include <stdbool.h>

#include "kernel/table.h"

typedef struct level {
	const char *name;
	bool native; /* worth timing */
	seqk_table t;
} level;

const level *levels(size_t *n);

void fill_avx2_simde(seqk_table *t);
void fill_avx512_simde(seqk_table *t);
void fill_neon_simde(seqk_table *t);

/* Same bits, NaN like NaN. */
bool same_floats(const float *a, const float *b, size_t n);
/* n floats in [-span, span]; some exact zeros. */
void random_floats(float *x, size_t n, float span);

#endif
