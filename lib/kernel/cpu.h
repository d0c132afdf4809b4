/* SPDX-License-Identifier: MIT */
/* What the CPU can do, and what SEQ_CPU lets the kernels use. */
#ifndef KERNEL_CPU_H
#define KERNEL_CPU_H

#include "seq/error.h"

enum {
	SEQK_AVX2 = 1,   /* AVX2, FMA, F16C */
	SEQK_AVX512 = 2, /* AVX-512 F, BW, VL, DQ */
	SEQK_VNNI = 4,   /* AVX-512 VNNI */
	SEQK_NEON = 8,
	SEQK_DOTPROD = 16 /* sdot: Armv8.2 DotProd */
};

unsigned seqk_cpu_detected(void); /* bits of this machine */
unsigned seqk_cpu_built(void);    /* bits compiled in */

/* Chooses the kernels: SEQ_CPU=c|avx2|avx512|native (on ARM c|neon|native) caps the level; unset means native.
 * Called by whoever opens a net or a tool; the first kernel call does it too (an
 * unknown value then means native).  SEQ_E_ARG: unknown value, the sentence
 * lists the allowed. */
int seqk_cpu_init(seq_error *err);
unsigned seqk_cpu_used(void);
const char *seqk_cpu_name(void); /* "c", "avx2", "avx512", "avx512vnni", "neon", "dotprod" */

#endif
