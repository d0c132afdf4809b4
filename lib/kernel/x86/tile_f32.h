/* SPDX-License-Identifier: MIT */
/* Weights widened to f32 times f32 activations: the skeleton of every width.
 *
 * A panel of PANEL rows by SPAN columns is widened into the cache, then every row
 * of activations of a chunk passes over it, TROWS x TACTS outputs at a time, each 16
 * lanes in WORDS registers.  Lanes wait in memory between spans.
 * The includer has defined TROWS, TACTS, WORDS and the f_ functions. */
#ifndef KERNEL_X86_TILE_F32_H
#define KERNEL_X86_TILE_F32_H

#include "kernel/matmul_table.h"
#include "kernel/quant.h"

enum { PANEL = 8, SPAN = 256, CHUNK = 96, FEW = 8, STEP = 16 / WORDS, ROW = SPAN + 16 };

typedef struct f_panel {
	float w[PANEL][ROW];
	float lane[CHUNK][PANEL][16];
} f_panel;

SEQK_INLINE float f_tree(const vflt acc[WORDS]);
SEQK_INLINE void f_trees(const vflt *acc, int n, float *out); /* the trees of n outputs */

/* The trees of nr x na outputs, to their places. */
SEQK_INLINE void f_finish(const vflt *acc, int nr, int na, float *y, size_t ldy)
{
	float out[TROWS * TACTS];
	f_trees(acc, nr * na, out);
	UNROLL
	for (int o = 0; o < nr * na; o++)
		y[(size_t)(o / nr) * ldy + (size_t)(o % nr)] = out[o];
}

/* One span of nr x na outputs; tail columns beyond a multiple of 16.  first: fetch the
 * activations that come next. */
SEQK_INLINE void f_tile(const float (*w)[ROW], const float *x, size_t ldx, size_t k, int nr, int na, bool first,
                        vflt *acc)
{
	size_t i = 0;
	for (; i + 16 <= k; i += 16) {
		UNROLL
		for (int j = 0; j < na && first; j++)
			__builtin_prefetch(x + (size_t)(na + j) * ldx + i);
		UNROLL
		for (int h = 0; h < WORDS; h++) {
			vflt v[TROWS];
			UNROLL
			for (int r = 0; r < nr; r++)
				v[r] = v_get(w[r] + i + h * STEP);
			UNROLL
			for (int j = 0; j < na; j++) {
				vflt u = v_keep(v_get(x + (size_t)j * ldx + i + h * STEP));
				UNROLL
				for (int r = 0; r < nr; r++)
					acc[(j * nr + r) * WORDS + h] = v_fma(v[r], u, acc[(j * nr + r) * WORDS + h]);
			}
		}
	}
	if (i == k)
		return;
	UNROLL
	for (int j = 0; j < na; j++) {
		float last[16] = {0};
		__builtin_memcpy(last, x + (size_t)j * ldx + i, (k - i) * sizeof *last);
		UNROLL
		for (int h = 0; h < WORDS; h++)
			UNROLL
			for (int r = 0; r < nr; r++)
				acc[(j * nr + r) * WORDS + h] = v_fma(v_get(w[r] + i + h * STEP), v_get(last + h * STEP),
				                                      acc[(j * nr + r) * WORDS + h]);
	}
}

typedef struct f_where {
	float *y; /* of row 0 of the panel, activation 0 of the chunk */
	size_t ldy, i0, len; /* columns [i0, i0 + len) */
	bool last;
} f_where;

SEQK_INLINE void f_block(f_panel *p, const seqk_act *a, size_t j0, size_t j, int na, int r, int nr, bool first, f_where at)
{
	vflt acc[TROWS * TACTS * WORDS];
	if (r + 2 * nr <= PANEL)
		UNROLL
		for (int o = 0; o < nr * na; o++)
			__builtin_prefetch(p->lane[j + (size_t)(o / nr)][r + nr + o % nr], 1);
	UNROLL
	for (int o = 0; o < nr * na; o++)
		UNROLL
		for (int h = 0; h < WORDS; h++)
			acc[o * WORDS + h] = at.i0 ? v_get(p->lane[j + (size_t)(o / nr)][r + o % nr] + h * STEP) : v_zero();
	f_tile(p->w + r, a->x + (j0 + j) * a->ldx + at.i0, a->ldx, at.len, nr, na, first, acc);
	if (at.last) {
		f_finish(acc, nr, na, at.y + j * at.ldy + r, at.ldy);
		return;
	}
	UNROLL
	for (int o = 0; o < nr * na; o++)
		UNROLL
		for (int h = 0; h < WORDS; h++)
			v_put(p->lane[j + (size_t)(o / nr)][r + o % nr] + h * STEP, acc[o * WORDS + h]);
}

/* All rows of the panel for activations [j, j + na) of the chunk. */
SEQK_INLINE void f_rows(f_panel *p, const seqk_act *a, size_t j0, size_t j, int na, int rows, f_where at)
{
	int r = 0;
	if (rows >= TROWS)
		f_block(p, a, j0, j, na, r, TROWS, true, at), r = TROWS;
	for (; r + TROWS <= rows; r += TROWS)
		f_block(p, a, j0, j, na, r, TROWS, false, at);
	for (; r < rows; r++)
		f_block(p, a, j0, j, na, r, 1, false, at);
}

enum { AS_F32 = 4, AS_F16 = 2, AS_BF16 = -2 };

SEQK_INLINE vflt f_from_f16(const uint8_t *w);
SEQK_INLINE vflt f_from_bf16(const uint8_t *w);

SEQK_INLINE vflt f_from(int as, const uint8_t *w)
{
	return as == AS_F32 ? v_get((const float *)(const void *)w) : as == AS_F16 ? f_from_f16(w) : f_from_bf16(w);
}

/* nr rows straight from the file times na activations: for few activations, bound by
 * memory.  Far beyond the row lie the rows that come next. */
SEQK_INLINE void f_direct(int as, int dtype, const uint8_t *w, size_t stride, const seqk_act *a, size_t j0,
                          float *y, size_t ldy, int nr, int na)
{
	enum { AHEAD = 1024 };
	size_t size = as == AS_F32 ? 4 : 2, i = 0;
	vflt acc[4 * 3 * WORDS];
	UNROLL
	for (int o = 0; o < nr * na * WORDS; o++)
		acc[o] = v_zero();
	for (; i + 16 <= a->k; i += 16) {
		size_t at = i * size, far = at + AHEAD < a->k * size ? at + AHEAD : at + AHEAD + (size_t)(nr - 1) * stride;
		UNROLL
		for (int r = 0; r < nr; r++)
			__builtin_prefetch(w + (size_t)r * stride + far);
		UNROLL
		for (int h = 0; h < WORDS; h++)
			UNROLL
			for (int r = 0; r < nr; r++) {
				vflt v = f_from(as, w + (size_t)r * stride + at + (size_t)(h * STEP) * size);
				UNROLL
				for (int j = 0; j < na; j++) {
					int o = (j * nr + r) * WORDS + h;
					acc[o] = v_fma(v, v_get(a->x + (j0 + (size_t)j) * a->ldx + i + h * STEP), acc[o]);
				}
			}
	}
	for (int r = 0; r < nr && i < a->k; r++) {
		float v[16] = {0}, u[16] = {0};
		seqk_dequant(dtype, w + (size_t)r * stride + i * size, v, a->k - i);
		for (int j = 0; j < na; j++) {
			__builtin_memcpy(u, a->x + (j0 + (size_t)j) * a->ldx + i, (a->k - i) * sizeof *u);
			for (int h = 0; h < WORDS; h++) {
				int o = (j * nr + r) * WORDS + h;
				acc[o] = v_fma(v_get(v + h * STEP), v_get(u + h * STEP), acc[o]);
			}
		}
	}
	f_finish(acc, nr, na, y + j0 * ldy, ldy);
}

/* Activations three at a time: the rows stay in the cache meanwhile. */
SEQK_INLINE void f_few(int as, int dtype, const uint8_t *w, size_t stride, const seqk_act *a, float *y, size_t ldy,
                       size_t r, size_t r1)
{
	if (a->n == 1)
		for (; r + 4 <= r1; r += 4)
			f_direct(as, dtype, w + r * stride, stride, a, 0, y + r, ldy, 4, 1);
	for (size_t nr; r < r1; r += nr) {
		size_t j = 0;
		nr = r1 - r < 2 ? 1 : 2;
		if (nr == 1) {
			for (; j < a->n; j++)
				f_direct(as, dtype, w + r * stride, stride, a, j, y + r, ldy, 1, 1);
			continue;
		}
		for (; j + 3 <= a->n; j += 3)
			f_direct(as, dtype, w + r * stride, stride, a, j, y + r, ldy, 2, 3);
		if (j + 2 == a->n)
			f_direct(as, dtype, w + r * stride, stride, a, j, y + r, ldy, 2, 2);
		else if (j < a->n)
			f_direct(as, dtype, w + r * stride, stride, a, j, y + r, ldy, 2, 1);
	}
}

typedef void f_widen(int dtype, const uint8_t *w, float *to, size_t n);

SEQK_INLINE void f_load(f_widen *widen, int dtype, const uint8_t *w, size_t stride, size_t i0, size_t len,
                        int rows, f_panel *p)
{
	const seq_dtype_row *row = seq_dtype_get(dtype);
	for (int r = 0; r < rows; r++) {
		widen(dtype, w + (size_t)r * stride + i0 / row->block * row->bytes, p->w[r], len);
		for (size_t i = len; i % 16; i++)
			p->w[r][i] = 0;
	}
}

/* The bytes that the next panel is widened from, fetched little by little meanwhile. */
typedef struct f_ahead {
	const uint8_t *w;
	size_t stride, rows, lines, at, each; /* lines of 64 bytes a row; each: a step */
} f_ahead;

SEQK_INLINE f_ahead f_next(int dtype, const uint8_t *w, size_t stride, size_t i, size_t k, size_t left, size_t steps)
{
	const seq_dtype_row *row = seq_dtype_get(dtype);
	if (i >= k) {
		i = 0;
		w += PANEL * stride;
		left = left > PANEL ? left - PANEL : 0;
	}
	size_t len = k - i < SPAN ? k - i : SPAN, rows = left < PANEL ? left : PANEL;
	f_ahead a = {w + i / row->block * row->bytes, stride, rows, len / row->block * row->bytes / 64, 0, 0};
	a.each = rows * a.lines / (steps ? steps : 1) + 1;
	return a;
}

SEQK_INLINE void f_fetch(f_ahead *a)
{
	for (size_t n = a->each; n && a->at < a->rows * a->lines; n--, a->at++)
		__builtin_prefetch(a->w + a->at / a->lines * a->stride + a->at % a->lines * 64, 0, 2);
}

/* One span of one panel for the activations [j0, j0 + n). */
SEQK_INLINE void f_span(f_panel *p, const seqk_act *a, size_t j0, size_t n, int rows, f_where at, f_ahead next)
{
	size_t j = 0;
	for (; j + TACTS <= n; j += TACTS) {
		f_rows(p, a, j0, j, TACTS, rows, at);
		f_fetch(&next);
	}
	for (; j < n; j++)
		f_rows(p, a, j0, j, 1, rows, at);
}

SEQK_INLINE void f_multiply(f_widen *widen, int dtype, const uint8_t *w, size_t stride, const seqk_act *a,
                            float *y, size_t ldy, size_t r0, size_t r1, f_panel *p)
{
	for (size_t j0 = 0; j0 < a->n; j0 += CHUNK)
		for (size_t r = r0; r < r1; r += PANEL) {
			int rows = r1 - r < PANEL ? (int)(r1 - r) : PANEL;
			size_t n = a->n - j0 < CHUNK ? a->n - j0 : CHUNK;
			const uint8_t *panel = w + r * stride;
			for (size_t i = 0; i < a->k; i += SPAN) {
				f_where at = {y + j0 * ldy + r, ldy, i, a->k - i < SPAN ? a->k - i : SPAN, a->k - i <= SPAN};
				f_load(widen, dtype, panel, stride, i, at.len, rows, p);
				f_span(p, a, j0, n, rows, at, f_next(dtype, panel, stride, i + SPAN, a->k, r1 - r, n / TACTS));
			}
		}
}

static void widen_f32(int dtype, const uint8_t *w, float *to, size_t n)
{
	(void)dtype;
	__builtin_memcpy(to, w, n * sizeof *to);
}

static void widen_f16(int dtype, const uint8_t *w, float *to, size_t n)
{
	size_t i = 0;
	for (; i + STEP <= n; i += STEP)
		v_put(to + i, f_from_f16(w + 2 * i));
	seqk_dequant(dtype, w + 2 * i, to + i, n - i);
}

static void widen_bf16(int dtype, const uint8_t *w, float *to, size_t n)
{
	size_t i = 0;
	for (; i + STEP <= n; i += STEP)
		v_put(to + i, f_from_bf16(w + 2 * i));
	seqk_dequant(dtype, w + 2 * i, to + i, n - i);
}

static void widen_any(int dtype, const uint8_t *w, float *to, size_t n)
{
	seqk_dequant(dtype, w, to, n);
}

static void exact_f32(int dtype, const void *w, size_t stride, const seqk_act *a,
                      float *y, size_t ldy, size_t r0, size_t r1, void *scratch)
{
	if (a->n <= FEW)
		f_few(AS_F32, dtype, w, stride, a, y, ldy, r0, r1);
	else
		f_multiply(widen_f32, dtype, w, stride, a, y, ldy, r0, r1, scratch);
}

static void exact_f16(int dtype, const void *w, size_t stride, const seqk_act *a,
                      float *y, size_t ldy, size_t r0, size_t r1, void *scratch)
{
	if (a->n <= FEW)
		f_few(AS_F16, dtype, w, stride, a, y, ldy, r0, r1);
	else
		f_multiply(widen_f16, dtype, w, stride, a, y, ldy, r0, r1, scratch);
}

static void exact_bf16(int dtype, const void *w, size_t stride, const seqk_act *a,
                       float *y, size_t ldy, size_t r0, size_t r1, void *scratch)
{
	if (a->n <= FEW)
		f_few(AS_BF16, dtype, w, stride, a, y, ldy, r0, r1);
	else
		f_multiply(widen_bf16, dtype, w, stride, a, y, ldy, r0, r1, scratch);
}

static void exact_any(int dtype, const void *w, size_t stride, const seqk_act *a,
                      float *y, size_t ldy, size_t r0, size_t r1, void *scratch)
{
	f_multiply(widen_any, dtype, w, stride, a, y, ldy, r0, r1, scratch);
}

static void fill_exact(seqk_matmul_table *t)
{
	_Static_assert(sizeof(f_panel) <= SEQK_MATMUL_PANEL_BYTES, "the panel fits the scratch");
	_Static_assert(SPAN % SEQK_QUANT_BLOCK == 0, "spans end at blocks");
	for (int i = 0; i < SEQ_DTYPES; i++)
		if (seq_dtype_get(i))
			t->exact[i] = exact_any;
	t->exact[SEQ_F32] = exact_f32;
	t->exact[SEQ_F16] = exact_f16;
	t->exact[SEQ_BF16] = exact_bf16;
}

#endif
