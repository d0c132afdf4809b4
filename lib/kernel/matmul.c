/* SPDX-License-Identifier: MIT */
/* The door: which types multiply, and the table of who does it. */
#include "kernel/matmul.h"

#include <pthread.h>

#include "config.h"
#include "kernel/cpu.h"
#include "kernel/matmul_table.h"
#include "kernel/quant.h"

/* Bits that a table adds to those before it. */
#ifdef SEQK_ARM
static const unsigned more[] = {0, SEQK_NEON, SEQK_DOTPROD};
#else
static const unsigned more[] = {0, SEQK_AVX2, SEQK_AVX512, SEQK_VNNI};
#endif
enum { TABLES = sizeof more / sizeof *more };
static seqk_matmul_table tables[TABLES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

void seqk_matmul_fill(seqk_matmul_table *t, unsigned bits)
{
	seqk_matmul_fill_c(t);
#ifdef SEQK_X86
	if (bits & SEQK_AVX2)
		seqk_matmul_fill_avx2(t);
	if (bits & SEQK_AVX512)
		seqk_matmul_fill_avx512(t);
	if (bits & SEQK_VNNI)
		seqk_matmul_fill_vnni(t);
#elif defined SEQK_ARM
	if (bits & SEQK_NEON)
		seqk_matmul_fill_neon(t);
	if (bits & SEQK_DOTPROD)
		seqk_matmul_fill_dotprod(t);
#else
	(void)bits;
#endif
}

/* What fills a level's entries is compiled for that level: it may run only where the CPU has it. */
static void fill(void)
{
	unsigned bits = 0, can = seqk_cpu_detected();
	for (int i = 0; i < TABLES; i++)
		seqk_matmul_fill(&tables[i], bits |= more[i] & can);
}

static const seqk_matmul_table *get(void)
{
	unsigned used = seqk_cpu_used();
	pthread_once(&once, fill);
	int i = TABLES - 1;
	while (i > 0 && !(used & more[i]))
		i--;
	return &tables[i];
}

void seqk_act_row(const seqk_act *a, size_t j)
{
	get()->act_row(a, j);
}

_Bool seqk_matmul_wants_q(int dtype)
{
	return seqk_quant_get(dtype) != NULL;
}

_Bool seqk_matmul_can(int dtype, size_t cols)
{
	const seq_dtype_row *row = seq_dtype_get(dtype);
	return row && cols && cols % row->block == 0;
}

size_t seqk_matmul_scratch(size_t k)
{
	return SEQK_MATMUL_PANEL_BYTES + (k + SEQK_QUANT_BLOCK) / SEQK_QUANT_BLOCK * SEQK_QUANT_BLOCK * sizeof(float);
}

void seqk_matmul(int dtype, const void *w, size_t stride, const seqk_act *a,
                 float *y, size_t ldy, size_t r0, size_t r1, void *scratch)
{
	const seqk_matmul_table *t = get();
	seqk_matmul_fn *f = a->q && t->q8[dtype] ? t->q8[dtype] : t->exact[dtype];
	if (r0 < r1 && a->n)
		f(dtype, w, stride, a, y, ldy, r0, r1, scratch);
}
