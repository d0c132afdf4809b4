/* SPDX-License-Identifier: MIT */
/* Quantised weights times 8-bit activations: the skeleton of every width.
 *
 * PANELS x ROWS weight rows by a span of columns are loaded to units in the cache
 * once, then all rows of activations pass over them, up to TILE at a time.  Sums
 * wait in y between spans: they are single f32 numbers in the order of matmul.h.
 * The includer has defined ROWS, TILE, PANELS, SPAN (units), sums(), and how much too large
 * its sums() makes signed codes (SIGNED_OFF). */
#ifndef KERNEL_X86_TILE_Q8_H
#define KERNEL_X86_TILE_Q8_H

#include "kernel/matmul_table.h"

enum { AHEAD = 768 }; /* bytes of each row */

/* What the compiler should know about a type. */
typedef struct shape {
	loader *load;
	int units; /* of a block; 0: ask the table */
	int group;
	bool min;
	int off;   /* codes are stored this much too large */
	int fit;   /* products of so many vectors fit 16 bits; 0: codes are signed, any */
} shape;

/* The sums over nv vectors of w and columns 4 nv of each q, exactly. */
SEQK_INLINE void sums(shape s, const vint *w, int nv, const int8_t *const *q, size_t at, int na, vint *out);

typedef struct acts {
	const int8_t *q[TILE];
	const float *scale[TILE], *sum[TILE];
} acts;

SEQK_INLINE void tile(shape s, const unit *u, size_t units, const acts *x, size_t u0, int na, vflt *acc)
{
	for (size_t i = 0; i < units; i++, u++)
		UNROLL
		for (int g = 0; g < 32 / s.group; g++) {
			vint isum[TILE];
			size_t at = u0 + i;
			sums(s, u->w + s.group / 4 * g, s.group / 4, x->q, 32 * at + (size_t)(s.group * g), na, isum);
			UNROLL
			for (int j = 0; j < na; j++) {
				const float *p = x->sum[j] + 2 * at;
				float qsum = s.group == 16 ? p[g] : p[0] + p[1], scale = x->scale[j][at];
				vflt f = v_float(isum[j]);
				if (s.off || (!s.fit && SIGNED_OFF != 0))
					f = v_nfma(v_all((float)(s.fit ? s.off : SIGNED_OFF)), v_all(qsum), f);
				acc[j] = v_fma(v_mul(u->d[g], v_all(scale)), f, acc[j]);
				if (s.min)
					acc[j] = v_fma(u->m[g], v_all(scale * qsum), acc[j]);
			}
		}
}

/* y of rows [0, rows) and activations [j, j + na) over one span. */
SEQK_INLINE void tile_rows(shape s, const unit *u, size_t units, const seqk_act *a, size_t j, int na,
                           float *y, size_t ldy, int rows, size_t u0)
{
	acts x;
	vflt acc[TILE];
	float part[ROWS];
	size_t blocks = (a->k + 31) / 32;
	UNROLL
	for (int i = 0; i < na; i++) {
		size_t at = (j + (size_t)i) * blocks;
		x.q[i] = a->q + 32 * at;
		x.scale[i] = a->scale + at;
		x.sum[i] = a->sum + 2 * at;
		acc[i] = v_zero();
		if (u0 && rows == ROWS) {
			acc[i] = v_get(y + (size_t)i * ldy);
		} else if (u0) {
			for (int r = 0; r < ROWS; r++)
				part[r] = r < rows ? y[(size_t)i * ldy + (size_t)r] : 0;
			acc[i] = v_get(part);
		}
	}
	tile(s, u, units, &x, u0, na, acc);
	UNROLL
	for (int i = 0; i < na; i++) {
		if (rows == ROWS) {
			v_put(y + (size_t)i * ldy, acc[i]);
			continue;
		}
		v_put(part, acc[i]);
		for (int r = 0; r < rows; r++)
			y[(size_t)i * ldy + (size_t)r] = part[r];
	}
}

SEQK_INLINE void row_starts(const uint8_t *p[ROWS], const uint8_t *w, size_t stride, int rows)
{
	for (int r = 0; r < ROWS; r++)
		p[r] = w + (size_t)(r < rows ? r : rows - 1) * stride;
}

/* Fetches what lies AHEAD of block b of every row, a cache line at a time; beyond the row
 * come the rows that are next. */
SEQK_INLINE void look_ahead(const uint8_t *const p[ROWS], size_t b, size_t bytes, size_t row_bytes, size_t stride)
{
	size_t at = b * bytes + AHEAD, end = at + bytes;
	if (at >= row_bytes)
		at += ROWS * stride - row_bytes, end += ROWS * stride - row_bytes;
	for (size_t line = (at + 63) & ~(size_t)63; line < end; line += 64)
		for (int r = 0; r < ROWS; r++)
			__builtin_prefetch(p[r] + line);
}

SEQK_INLINE void load_span(shape s, const seqk_quant *t, const uint8_t *w, size_t stride, size_t row_bytes,
                           int rows, size_t b0, size_t b1, size_t units, unit *u)
{
	const uint8_t *p[ROWS];
	row_starts(p, w, stride, rows);
	for (size_t b = b0; b < b1; b++, u += units) {
		look_ahead(p, b, t->bytes, row_bytes, stride);
		s.load(t, p, b, u);
	}
}

/* ROWS rows times na activations in one walk over the row: for few activations. */
SEQK_INLINE void walk(shape s, const seqk_quant *t, const uint8_t *w, size_t stride, const seqk_act *a,
                      float *y, size_t ldy, int rows, int na)
{
	size_t units = s.units ? (size_t)s.units : t->block / 32u, blocks = a->k / t->block, kb = (a->k + 31) / 32;
	const uint8_t *p[ROWS];
	unit u[SEQK_QUANT_BLOCK / 32];
	vflt acc[TILE];
	acts x;
	row_starts(p, w, stride, rows);
	UNROLL
	for (int i = 0; i < na; i++) {
		size_t at = (a->n > (size_t)i ? (size_t)i : a->n - 1) * kb;
		x.q[i] = a->q + 32 * at;
		x.scale[i] = a->scale + at;
		x.sum[i] = a->sum + 2 * at;
		acc[i] = v_zero();
	}
	for (size_t b = 0; b < blocks; b++) {
		look_ahead(p, b, t->bytes, blocks * t->bytes, stride);
		s.load(t, p, b, u);
		tile(s, u, units, &x, b * units, na, acc);
	}
	UNROLL
	for (int i = 0; i < na; i++) {
		float part[ROWS];
		v_put(part, acc[i]);
		for (int r = 0; r < rows && a->n > (size_t)i; r++)
			y[(size_t)i * ldy + (size_t)r] = part[r];
	}
}

SEQK_INLINE void panels(shape s, const unit *u, size_t units, const seqk_act *a, float *y, size_t ldy,
                        size_t rows, size_t u0, size_t j, int na)
{
	for (size_t r = 0; r < rows; r += ROWS, u += SPAN)
		tile_rows(s, u, units, a, j, na, y + j * ldy + r, ldy, rows - r < ROWS ? (int)(rows - r) : ROWS, u0);
}

SEQK_INLINE void multiply(shape s, const seqk_quant *t, const uint8_t *w, size_t stride, const seqk_act *a,
                          float *y, size_t ldy, size_t r0, size_t r1, void *scratch)
{
	size_t units = s.units ? (size_t)s.units : t->block / 32u, blocks = a->k / t->block;
	size_t span = SPAN / units, step = ROWS * PANELS;
	unit *u = scratch;
	for (size_t r = r0; r < r1 && a->n <= 4; r += ROWS) {
		int rows = r1 - r < ROWS ? (int)(r1 - r) : ROWS;
		if (a->n == 1)
			walk(s, t, w + r * stride, stride, a, y + r, ldy, rows, 1);
		else if (a->n == 2)
			walk(s, t, w + r * stride, stride, a, y + r, ldy, rows, 2);
		else
			walk(s, t, w + r * stride, stride, a, y + r, ldy, rows, 4);
	}
	for (size_t r = r0; r < r1 && a->n > 4; r += step) {
		size_t rows = r1 - r < step ? r1 - r : step;
		for (size_t b = 0; b < blocks; b += span) {
			size_t e = blocks - b < span ? blocks : b + span, j = 0;
			for (size_t p = 0; p < rows; p += ROWS)
				load_span(s, t, w + (r + p) * stride, stride, blocks * t->bytes,
				          rows - p < ROWS ? (int)(rows - p) : ROWS, b, e, units, u + p / ROWS * SPAN);
			for (; j + TILE <= a->n; j += TILE)
				panels(s, u, (e - b) * units, a, y + r, ldy, rows, b * units, j, TILE);
			if (TILE == 8 && a->n - j >= 4) {
				panels(s, u, (e - b) * units, a, y + r, ldy, rows, b * units, j, 4);
				j += 4;
			}
			if (a->n - j >= 2) {
				panels(s, u, (e - b) * units, a, y + r, ldy, rows, b * units, j, 2);
				j += 2;
			}
			if (a->n - j >= 1)
				panels(s, u, (e - b) * units, a, y + r, ldy, rows, b * units, j, 1);
		}
	}
}

#define SEQK_Q8(name, ...)                                                                                 \
	static void name(int dtype, const void *w, size_t stride, const seqk_act *a, float *y, size_t ldy,   \
	                 size_t r0, size_t r1, void *scratch)                                               \
	{                                                                                                   \
		multiply((shape){__VA_ARGS__}, seqk_quant_get(dtype), w, stride, a, y, ldy, r0, r1, scratch); \
	}

SEQK_Q8(q8_0, load_q8_0, 1, 32, false, 0, 0)
SEQK_Q8(q4_0, load_q4_0, 1, 32, false, 8, 8)
SEQK_Q8(q4_1, load_q4_1, 1, 32, true, 0, 8)
SEQK_Q8(q5_0, load_q5_0, 1, 32, false, 16, 4)
SEQK_Q8(q5_1, load_q5_1, 1, 32, true, 0, 4)
SEQK_Q8(q2_k, load_q2_k, 8, 16, true, 0, 4)
SEQK_Q8(q3_k, load_q3_k, 8, 16, false, 4, 4)
SEQK_Q8(q4_k, load_q4_k, 8, 32, true, 0, 8)
SEQK_Q8(q5_k, load_q5_k, 8, 32, true, 0, 4)
SEQK_Q8(q6_k, load_q6_k, 8, 16, false, 32, 2)
SEQK_Q8(iq4_nl, load_iq4_nl, 1, 32, false, 0, 0)
SEQK_Q8(iq4_xs, load_iq4_xs, 8, 32, false, 0, 0)
SEQK_Q8(mxfp4, load_mxfp4, 1, 32, false, 0, 0)
SEQK_Q8(any16, load_any, 0, 16, false, 0, 0)
SEQK_Q8(any32, load_any, 0, 32, false, 0, 0)

static void fill_q8(seqk_matmul_table *t)
{
	for (int i = 0; i < SEQ_DTYPES; i++) { /* every type with a minimum has its own below */
		const seqk_quant *q = seqk_quant_get(i);
		if (q && !q->min)
			t->q8[i] = q->group == 16 ? any16 : any32;
	}
	t->q8[SEQ_Q8_0] = q8_0;
	t->q8[SEQ_Q4_0] = q4_0;
	t->q8[SEQ_Q4_1] = q4_1;
	t->q8[SEQ_Q5_0] = q5_0;
	t->q8[SEQ_Q5_1] = q5_1;
	t->q8[SEQ_Q2_K] = q2_k;
	t->q8[SEQ_Q3_K] = q3_k;
	t->q8[SEQ_Q4_K] = q4_k;
	t->q8[SEQ_Q5_K] = q5_k;
	t->q8[SEQ_Q6_K] = q6_k;
	t->q8[SEQ_IQ4_NL] = iq4_nl;
	t->q8[SEQ_IQ4_XS] = iq4_xs;
	t->q8[SEQ_MXFP4] = mxfp4;
}

#endif
