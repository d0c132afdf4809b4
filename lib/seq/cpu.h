/* SPDX-License-Identifier: MIT */
/* Which kernels run.
 *
 * The environment variable SEQ_CPU caps the level: c, avx2, avx512 or native (the
 * default); on ARM c, neon or native.  The results are the same bits at every level; only the speed differs.
 *
 *     seq_error err;
 *     if (seq_cpu_init(&err) < 0)
 *         fprintf(stderr, "%s\n", err.text);   // SEQ_CPU names no level
 *     puts(seq_cpu_name());
 *
 * Nobody has to call this: the first net does.  Call it early, from one thread. */
#ifndef SEQ_CPU_H
#define SEQ_CPU_H

#include "seq/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Chooses the kernels.  SEQ_E_ARG: SEQ_CPU has an unknown value; the sentence lists the allowed. */
int seq_cpu_init(seq_error *err) SEQ_MUST_USE;

/* The level in use: "c", "avx2", "avx512", "avx512vnni", "neon", "dotprod". */
const char *seq_cpu_name(void);

/* The same names for what this machine has and for what is compiled in, with spaces between
 * the parts: "c avx2 avx512 vnni".  Valid until the same call in the same thread. */
const char *seq_cpu_detected(void);
const char *seq_cpu_built(void);

#ifdef __cplusplus
}
#endif
#endif
