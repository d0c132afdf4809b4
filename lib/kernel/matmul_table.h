/* SPDX-License-Identifier: MIT */
/* Who multiplies: C fills the table, each level overwrites what it does better. */
#ifndef KERNEL_MATMUL_TABLE_H
#define KERNEL_MATMUL_TABLE_H

#include "kernel/matmul.h"
#include "seq/tensor.h"

typedef void seqk_matmul_fn(int dtype, const void *w, size_t stride, const seqk_act *a,
                            float *y, size_t ldy, size_t r0, size_t r1, void *scratch);

typedef struct seqk_matmul_table {
	seqk_matmul_fn *q8[SEQ_DTYPES];    /* activations in 8 bits; NULL: no such product */
	seqk_matmul_fn *exact[SEQ_DTYPES]; /* activations in f32 */
	void (*act_row)(const seqk_act *a, size_t j);
} seqk_matmul_table;

/* Each writes its own entries. */
void seqk_matmul_fill_c(seqk_matmul_table *t);
void seqk_matmul_fill_avx2(seqk_matmul_table *t);
void seqk_matmul_fill_avx512(seqk_matmul_table *t);
void seqk_matmul_fill_vnni(seqk_matmul_table *t);
void seqk_matmul_fill_neon(seqk_matmul_table *t);
void seqk_matmul_fill_dotprod(seqk_matmul_table *t);

/* Fills t as the CPU bits allow (enum in cpu.h): SEQK_AVX512 comes with SEQK_AVX2,
 * SEQK_VNNI with both, SEQK_DOTPROD with SEQK_NEON. */
void seqk_matmul_fill(seqk_matmul_table *t, unsigned bits);

/* Columns of a partial sum, see matmul.h. */
enum { SEQK_MATMUL_SPAN = 256 };

/* Fixed part of the scratch: every level keeps its panels within it. */
enum { SEQK_MATMUL_PANEL_BYTES = 384 * 1024 };

#endif
