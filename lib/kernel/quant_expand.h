/* SPDX-License-Identifier: MIT */
/* The lattices with a byte a value, in the order of columns, for loaders that fetch a row of a lattice at a time; and
 * the scales of NVFP4. */
#ifndef KERNEL_QUANT_EXPAND_H
#define KERNEL_QUANT_EXPAND_H

#include <stdint.h>

typedef struct seqk_lattices {
	uint64_t iq1[2048];                            /* 8 grid: -8, 0, 8 */
	uint64_t iq2xxs[256], iq2xs[512], iq2s[1024];  /* 8, 25, 43 */
	uint32_t iq3xxs[256], iq3s[512];               /* 4 ... 62; 1 ... 15 */
	float nvfp4[256];                              /* half the ue4m3 value */
} seqk_lattices;

extern seqk_lattices seqk_lattice;
/* Fills it once; any thread. */
void seqk_lattice_fill(void);

#endif
