/* SPDX-License-Identifier: MIT */
/* The x86 levels: each writes its entries of a table.  The SIMDe build of the tests
 * compiles the same files under other names. */
#ifndef KERNEL_X86_LEVELS_H
#define KERNEL_X86_LEVELS_H

#ifdef SEQK_SIMDE
#define seqk_matmul_fill_avx2 seqk_matmul_fill_avx2_simde
#define seqk_matmul_q8_avx2 seqk_matmul_q8_avx2_simde
#define seqk_matmul_exact_avx2 seqk_matmul_exact_avx2_simde
#define seqk_matmul_fill_avx512 seqk_matmul_fill_avx512_simde
#define seqk_matmul_fill_vnni seqk_matmul_fill_vnni_simde
#endif

#include "kernel/matmul_table.h"

void seqk_matmul_q8_avx2(seqk_matmul_table *t);
void seqk_matmul_exact_avx2(seqk_matmul_table *t);

#endif
