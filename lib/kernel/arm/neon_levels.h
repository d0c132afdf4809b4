/* SPDX-License-Identifier: MIT */
/* The ARM levels: each writes its entries of a table.  The SIMDe build of the tests
 * compiles the same files under other names. */
#ifndef KERNEL_ARM_NEON_LEVELS_H
#define KERNEL_ARM_NEON_LEVELS_H

#ifdef SEQK_SIMDE
#define seqk_matmul_fill_neon seqk_matmul_fill_neon_simde
#define seqk_matmul_q8_neon seqk_matmul_q8_neon_simde
#define seqk_matmul_exact_neon seqk_matmul_exact_neon_simde
#define seqk_matmul_fill_dotprod seqk_matmul_fill_dotprod_simde
#endif

#include "kernel/matmul_table.h"

void seqk_matmul_q8_neon(seqk_matmul_table *t);
void seqk_matmul_exact_neon(seqk_matmul_table *t);

#endif
