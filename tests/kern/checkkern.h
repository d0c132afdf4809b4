/* SPDX-License-Identifier: MIT */
/* checkkern: every kernel at every CPU level against C (same bits), against
 * double precision, against golden values; with --bench its speed.
 *
 * A family of kernels is one file check_NAME.c and one row of the table in
 * checkkern.c. */
#ifndef CHECKKERN_H
#define CHECKKERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct check_family {
	const char *name;
	void (*check)(void);
	void (*bench)(void); /* may be NULL */
} check_family;

extern const check_family check_quant, check_matmul, check_vec, check_attn, check_scan, check_recur, check_quantize, check_blas;

/* bench_ops.c, of the family recur. */
void bench_ops(void);

/* Counts one comparison; prints the sentence when it does not hold. Returns ok. */
bool check_that(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The levels to try on this machine: name and CPU bits, ended by a NULL name. The first is C. */
typedef struct check_level {
	const char *name;
	unsigned bits;
} check_level;
const check_level *check_levels(void);

/* The one kernel to measure (its own name), or NULL for all. */
extern const char *check_only;

/* Random numbers, seeded per run (--seed) and printed when something fails. */
uint64_t check_random(void);
float check_normal(void);
void check_bytes(void *p, size_t n);

/* A golden file: refs/quants and the like.  NULL if absent; *bytes its size.  free() it. */
void *check_ref(const char *path, size_t *bytes);    /* below tests/ref */
void *check_shared(const char *path, size_t *bytes); /* below the shared folder, if there is one */

/* Same bytes? */
bool check_same(const float *a, const float *b, size_t n);
/* max |a - b| / max |b| */
double check_distance(const float *a, const float *b, size_t n);

/* --bench: peaks of one core of this machine, measured in this process. */
typedef struct check_peak {
	double read, fma, int8; /* bytes, flop, int8 op per second */
} check_peak;
const check_peak *check_peaks(void);
double check_clock(void); /* seconds of this thread on its core: other programs do not count */
/* Best seconds of one call of f(arg) over a while. */
double check_time(void (*f)(void *), void *arg);

#endif
