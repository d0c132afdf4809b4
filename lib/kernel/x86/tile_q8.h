/* SPDX-License-Identifier: MIT */
/* Quantised weights times 8-bit activations: the skeleton of every width.
 *
 * PANELS x ROWS weight rows by a span of columns are loaded to units in the first cache
 * once, then a block of rows of activations that stays in the second passes over them,
 * TILE at a time; each four columns of an activation are fetched once for all panels.
 * Sums wait in y between spans: they are single f32 numbers in the order of matmul.h.
 * The includer has defined ROWS, TILE, PANELS, SPAN (units), struct signs, prepare() and
 * sums(), and how much too large its sums() makes signed codes (SIGNED_OFF). */
#ifndef KERNEL_X86_TILE_Q8_H
#define KERNEL_X86_TILE_Q8_H

#include "kernel/matmul_table.h"

enum {
	AHEAD = 768,   /* bytes of each row */
	WALK = 2,      /* up to so many activations take no panels; signed codes: twice as many */
	ACTS = 128,    /* activations of a block */
	SUMS = PANELS * TILE,
};

/* What the compiler should know about a type. */
typedef struct shape {
	loader *load;
	int units; /* of a block */
	int group;
	bool min;
	int off;   /* codes are stored this much too large */
	int fit;   /* products of so many vectors fit 16 bits; 0: codes are signed, any */
} shape;

/* The sums over columns of group g of the units at u and u + SPAN (np of them) and
 * columns from `at` of each q, exactly; sg: what prepare() made of signed codes, or NULL. */
SEQK_INLINE void sums(shape s, const unit *u, const signs *sg, int g, const int8_t *const *q, size_t at, int na, int np,
                      vint *out);

/* Makes what sums() wants of the signed codes of a panel. */
SEQK_INLINE void prepare(shape s, unit *u, signs *sg, size_t units);

typedef struct acts {
	const int8_t *q[TILE];
	const float *scale[TILE], *sum[TILE];
} acts;

SEQK_INLINE void tile(shape s, const unit *u, const signs *sg, size_t units, const acts *x, size_t u0, int na, int np,
                      vflt *acc)
{
	const int off = s.off ? s.off : s.fit ? 0 : SIGNED_OFF;
	for (size_t at = u0; at < u0 + units; at++, u++, sg += sg != NULL)
		UNROLL
		for (int g = 0; g < 32 / s.group; g++) {
			vint isum[SUMS];
			sums(s, u, sg, g, x->q, 32 * at + (size_t)(s.group * g), na, np, isum);
			UNROLL
			for (int j = 0; j < na; j++) {
				const float *p = x->sum[j] + 2 * at;
				vflt scale = v_all(x->scale[j][at]), qsum = v_zero(), low = v_zero();
				if (off || s.min)
					qsum = s.group == 16 ? v_all(p[g]) : v_add(v_all(p[0]), v_all(p[1]));
				if (s.min)
					low = v_mul(scale, qsum);
				UNROLL
				for (int i = 0; i < np; i++) {
					vflt f = v_float(isum[i * TILE + j]), *a = acc + i * TILE + j;
					if (off)
						f = v_nfma(v_all((float)off), qsum, f);
					*a = v_fma(v_mul(u[i * SPAN].d[g], scale), f, *a);
					if (s.min)
						*a = v_fma(u[i * SPAN].m[g], low, *a);
				}
			}
		}
}

SEQK_INLINE void acts_at(acts *x, const seqk_act *a, size_t j, int na)
{
	size_t blocks = (a->k + 31) / 32;
	UNROLL
	for (int i = 0; i < na; i++) {
		size_t at = (j + (size_t)i < a->n ? j + (size_t)i : a->n - 1) * blocks;
		x->q[i] = a->q + 32 * at;
		x->scale[i] = a->scale + at;
		x->sum[i] = a->sum + 2 * at;
	}
}

/* The first `rows` numbers at y, zeros behind; and back. */
SEQK_INLINE vflt get_rows(const float *y, int rows)
{
	float part[ROWS] = {0};
	if (rows >= ROWS)
		return v_get(y);
	for (int r = 0; r < rows; r++)
		part[r] = y[r];
	return v_get(part);
}

SEQK_INLINE void put_rows(float *y, int rows, vflt a)
{
	float part[ROWS];
	if (rows >= ROWS) {
		v_put(y, a);
		return;
	}
	v_put(part, a);
	for (int r = 0; r < rows; r++)
		y[r] = part[r];
}

/* y of rows [0, rows) and activations [j, j + na) over one span. */
SEQK_INLINE void tile_rows(shape s, const unit *u, const signs *sg, size_t units, const seqk_act *a, size_t j, int na,
                           int np, float *y, size_t ldy, int rows, size_t u0)
{
	acts x;
	vflt acc[SUMS];
	acts_at(&x, a, j, na);
	UNROLL
	for (int i = 0; i < na; i++)
		UNROLL
		for (int p = 0; p < np; p++)
			acc[p * TILE + i] = u0 ? get_rows(y + (size_t)i * ldy + ROWS * p, rows - ROWS * p) : v_zero();
	tile(s, u, sg, units, &x, u0, na, np, acc);
	UNROLL
	for (int i = 0; i < na; i++)
		UNROLL
		for (int p = 0; p < np; p++)
			put_rows(y + (size_t)i * ldy + ROWS * p, rows - ROWS * p, acc[p * TILE + i]);
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
	size_t units = (size_t)s.units, blocks = a->k / t->block;
	const uint8_t *p[ROWS];
	unit u[SEQK_QUANT_BLOCK / 32];
	vflt acc[SUMS];
	acts x;
	row_starts(p, w, stride, rows);
	acts_at(&x, a, 0, na);
	UNROLL
	for (int i = 0; i < na; i++)
		acc[i] = v_zero();
	for (size_t b = 0; b < blocks; b++) {
		look_ahead(p, b, t->bytes, blocks * t->bytes, stride);
		s.load(t, p, b, u);
		tile(s, u, NULL, units, &x, b * units, na, 1, acc);
	}
	UNROLL
	for (int i = 0; i < na; i++)
		if ((size_t)i < a->n)
			put_rows(y + (size_t)i * ldy, rows, acc[i]);
}

/* Activations [j, e) times the loaded panels. */
SEQK_INLINE void pass(shape s, const unit *u, const signs *sg, size_t units, const seqk_act *a, float *y, size_t ldy,
                      int rows, int np, size_t u0, size_t j, size_t e)
{
	for (; j + TILE <= e; j += TILE)
		tile_rows(s, u, sg, units, a, j, TILE, np, y + j * ldy, ldy, rows, u0);
	if (TILE == 8 && e - j >= 4) {
		tile_rows(s, u, sg, units, a, j, 4, np, y + j * ldy, ldy, rows, u0);
		j += 4;
	}
	if (e - j >= 2) {
		tile_rows(s, u, sg, units, a, j, 2, np, y + j * ldy, ldy, rows, u0);
		j += 2;
	}
	if (e - j >= 1)
		tile_rows(s, u, sg, units, a, j, 1, np, y + j * ldy, ldy, rows, u0);
}

/* One step of PANELS x ROWS rows, span by span, times activations [j, e). */
SEQK_INLINE void step(shape s, const seqk_quant *t, const uint8_t *w, size_t stride, const seqk_act *a,
                      float *y, size_t ldy, int rows, size_t j, size_t e, void *scratch)
{
	size_t units = (size_t)s.units, blocks = a->k / t->block;
	size_t span = (s.fit ? SPAN : SPAN / 2) / units;
	unit *u = scratch;
	signs *sg = (signs *)(void *)(u + PANELS * SPAN);
	for (size_t b = 0; b < blocks; b += span) {
		size_t end = blocks - b < span ? blocks : b + span, n = (end - b) * units;
		for (int p = 0; p * ROWS < rows; p++) {
			load_span(s, t, w + (size_t)(p * ROWS) * stride, stride, blocks * t->bytes, rows - p * ROWS, b, end,
			          units, u + p * SPAN);
			if (!s.fit)
				prepare(s, u + p * SPAN, sg + p * SPAN, n);
		}
		if (PANELS > 1 && rows > ROWS)
			pass(s, u, s.fit ? NULL : sg, n, a, y, ldy, rows, PANELS, b * units, j, e);
		else
			pass(s, u, s.fit ? NULL : sg, n, a, y, ldy, rows, 1, b * units, j, e);
	}
}

SEQK_INLINE void multiply(shape s, const seqk_quant *t, const uint8_t *w, size_t stride, const seqk_act *a,
                          float *y, size_t ldy, size_t r0, size_t r1, void *scratch)
{
	const size_t few = s.fit ? WALK : 2 * WALK;
	for (size_t r = r0; r < r1 && a->n <= few; r += ROWS) {
		int rows = r1 - r < ROWS ? (int)(r1 - r) : ROWS;
		if (a->n == 1)
			walk(s, t, w + r * stride, stride, a, y + r, ldy, rows, 1);
		else if (a->n == 2)
			walk(s, t, w + r * stride, stride, a, y + r, ldy, rows, 2);
		else if (!s.fit)
			walk(s, t, w + r * stride, stride, a, y + r, ldy, rows, 4);
	}
	for (size_t j = 0; j < a->n && a->n > few; j += ACTS) {
		size_t e = a->n - j < ACTS ? a->n : j + ACTS;
		for (size_t r = r0; r < r1; r += PANELS * ROWS)
			step(s, t, w + r * stride, stride, a, y + r, ldy,
			     r1 - r < PANELS * ROWS ? (int)(r1 - r) : PANELS * ROWS, j, e, scratch);
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
SEQK_Q8(mxfp4, load_mxfp4, 1, 32, false, 12, 4)
SEQK_Q8(q8_1, load_q8_1, 1, 32, false, 0, 0)
SEQK_Q8(q8_k, load_q8_k, 8, 32, false, 0, 0)
SEQK_Q8(tq2_0, load_tq2_0, 8, 32, false, 1, 8)
SEQK_Q8(tq1_0, load_tq1_0, 8, 32, false, 1, 8)
SEQK_Q8(nvfp4, load_nvfp4, 2, 16, false, 12, 4)
SEQK_Q8(iq1_s, load_iq1_s, 8, 32, false, 16, 4)
SEQK_Q8(iq1_m, load_iq1_m, 8, 16, false, 16, 4)
SEQK_Q8(iq2_xxs, load_iq2_xxs, 8, 32, false, 0, 0)
SEQK_Q8(iq2_xs, load_iq2_xs, 8, 16, false, 0, 0)
SEQK_Q8(iq2_s, load_iq2_s, 8, 16, false, 0, 0)
SEQK_Q8(iq3_xxs, load_iq3_xxs, 8, 32, false, 0, 0)
SEQK_Q8(iq3_s, load_iq3_s, 8, 32, false, 16, 4)

static void fill_q8(seqk_matmul_table *t)
{
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
	t->q8[SEQ_Q8_1] = q8_1;
	t->q8[SEQ_Q8_K] = q8_k;
	t->q8[SEQ_TQ2_0] = tq2_0;
	t->q8[SEQ_TQ1_0] = tq1_0;
	t->q8[SEQ_NVFP4] = nvfp4;
	t->q8[SEQ_IQ1_S] = iq1_s;
	t->q8[SEQ_IQ1_M] = iq1_m;
	t->q8[SEQ_IQ2_XXS] = iq2_xxs;
	t->q8[SEQ_IQ2_XS] = iq2_xs;
	t->q8[SEQ_IQ2_S] = iq2_s;
	t->q8[SEQ_IQ3_XXS] = iq3_xxs;
	t->q8[SEQ_IQ3_S] = iq3_s;
	seqk_lattice_fill();
}

#endif
