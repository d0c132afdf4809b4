/* SPDX-License-Identifier: MIT */
/* tile_q8.h for NEON, which multiplies bytes with their signs: nothing is made of signed
 * codes.  The includer has defined TILE and PANELS. */
#ifndef KERNEL_ARM_TILE_NEON_H
#define KERNEL_ARM_TILE_NEON_H

#include "kernel/x86/loader_grid.h"

enum { SPAN = 32, SIGNED_OFF = 0 };

typedef struct signs {
	char unused;
} signs;

#include "kernel/x86/tile_q8.h"

SEQK_INLINE void prepare(shape s, unit *u, signs *sg, size_t units)
{
	(void)s;
	(void)u;
	(void)sg;
	(void)units;
}

#endif
