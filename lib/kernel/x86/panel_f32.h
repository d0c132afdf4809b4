/* SPDX-License-Identifier: MIT */
/* Weights of any type to a panel of f32, turned: PANEL rows side by side, one column
 * after the other, so that a lane is a row.
 *
 * The file's rows are turned 16 columns at a time.  What is not whole (the last rows,
 * the last columns) or not F32, F16, BF16 is first spread out in `raw`. */
#ifndef KERNEL_X86_PANEL_F32_H
#define KERNEL_X86_PANEL_F32_H

#include "kernel/matmul_table.h"
#include "kernel/quant.h"

enum { PANEL = 2 * ROWS, SPAN = SEQK_MATMUL_SPAN, BLOCK = 16, STEP = 2 * BLOCK, GROUP = 8 };
enum { AS_F32 = 4, AS_F16 = 2, AS_BF16 = -2 };

SEQK_INLINE size_t f_size(int as)
{
	return as == AS_F32 ? 4 : 2;
}

/* Of the level: how a panel keeps its columns. */
SEQK_INLINE uint8_t *f_group(int as, uint8_t *panel, size_t g);            /* columns [8 g, 8 g + 8) */
SEQK_INLINE vflt f_column(int as, const uint8_t *group, size_t c, int h);  /* half h of the rows */
SEQK_INLINE void f_keep(int as, uint8_t *group, int c, int h, vflt v);
SEQK_INLINE void f_turn16(int as, const uint8_t *w, size_t stride, uint8_t *group, int h); /* f_turn32 of 16 bits */

/* ROWS rows by 16 columns, from a group on. */
SEQK_INLINE void f_turn32(const uint8_t *w, size_t stride, uint8_t *group, int h)
{
	const uint8_t *p[ROWS];
	UNROLL
	for (int r = 0; r < ROWS; r++)
		p[r] = w + (size_t)r * stride;
	UNROLL
	for (int c = 0; c < BLOCK; c += 4) {
		vint v[4];
		v_load16(v, p, (size_t)c * 4);
		UNROLL
		for (int i = 0; i < 4; i++)
			f_keep(AS_F32, group, c + i, h, v_bits(v[i]));
	}
}

/* What is turned next, into the place of what is used up. */
typedef struct f_source {
	const uint8_t *w; /* PANEL rows, whole steps of columns */
	size_t stride, quarters;
	uintptr_t file; /* where the same rows lie in the file */
	size_t file_stride, left, jump; /* bytes to the end of a row, from there to the next panel */
} f_source;

/* Far ahead in every row, a line for each that is read now. */
SEQK_INLINE void f_fetch(int as, const f_source *s, size_t at, int q)
{
	enum { AHEAD = 1024, FULL = ROWS, HALF = ROWS / 2 };
	int n = as == AS_F32 ? FULL : HALF;
	size_t r = (size_t)(as == AS_F32 ? q / 2 * FULL : q * HALF), far = at / 64 * 64 + AHEAD;
	uintptr_t p = s->file + r * s->file_stride + far + (far < s->left ? 0 : s->jump);
	UNROLL
	for (int i = 0; i < n; i++, p += s->file_stride)
		__builtin_prefetch((const void *)p, 0, 2);
}

/* Quarter g of a source: of a step, half the rows by a block of columns.  So lines of the
 * file are read whole before others take their place. */
SEQK_INLINE void f_refill(int as, const f_source *s, size_t g, uint8_t *panel)
{
	size_t q = g % 4, i = g / 4 * STEP + q % 2 * BLOCK, h = q / 2;
	const uint8_t *w = s->w + h * ROWS * s->stride + i * f_size(as);
	f_fetch(as, s, i * f_size(as), (int)q);
	if (as == AS_F32)
		f_turn32(w, s->stride, f_group(as, panel, i / GROUP), (int)h);
	else
		f_turn16(as, w, s->stride, f_group(as, panel, i / GROUP), (int)h);
}

/* Rows and columns that are not whole: zeros where there is nothing. */
static inline void f_spread(int dtype, const uint8_t *w, size_t stride, size_t rows, size_t len, bool plain,
                            uint8_t *raw)
{
	size_t size = plain ? seq_dtype_get(dtype)->bytes : sizeof(float), pad = (STEP - len % STEP) % STEP;
	for (size_t r = 0; r < rows; r++, raw += SPAN * 4) {
		if (plain)
			__builtin_memcpy(raw, w + r * stride, len * size);
		else
			seqk_dequant(dtype, w + r * stride, (float *)(void *)raw, len);
		__builtin_memset(raw + len * size, 0, pad * size);
	}
}

#endif
