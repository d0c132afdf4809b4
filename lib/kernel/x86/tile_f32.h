/* SPDX-License-Identifier: MIT */
/* Weights widened to f32 times f32 activations: the skeleton of every width.
 *
 * A panel of PANEL rows by SPAN columns lies turned in the first cache; the activations,
 * copied to even distances in the second, pass over it TACTS at a time: outputs of
 * PANEL x TACTS in registers, a lane a row.  The last of them turn the next panel
 * on their way, each step into the place of the columns just used.
 * Sums wait in y between spans.
 * The includer has defined TACTS and the f_ functions that panel_f32.h names. */
#ifndef KERNEL_X86_TILE_F32_H
#define KERNEL_X86_TILE_F32_H

#include "kernel/x86/panel_f32.h"

enum { PITCH = SPAN + 16, ROOM = 256 }; /* no power of two between rows: else they share sets */

typedef struct f_room {
	uint8_t w[SPAN * PANEL * 4], raw[PANEL * SPAN * 4];
	float x[ROOM][PITCH]; /* [span][activation] */
} f_room;

/* n columns of PANEL x na outputs, from column c of a group. */
SEQK_INLINE void f_columns(int as, const uint8_t *group, size_t c, int n, const float *x, int na, vflt *acc)
{
	UNROLL
	for (int i = 0; i < n; i++) {
		vflt v0 = f_column(as, group, c + (size_t)i, 0), v1 = f_column(as, group, c + (size_t)i, 1);
		UNROLL
		for (int j = 0; j < na; j++) {
			vflt u = v_keep(v_all(x[j * PITCH + i]));
			acc[2 * j] = v_fma(v0, u, acc[2 * j]);
			acc[2 * j + 1] = v_fma(v1, u, acc[2 * j + 1]);
		}
	}
}

/* One span of PANEL x na outputs.  With a next, it is turned one step behind. */
SEQK_INLINE void f_tile(int as, uint8_t *w, const float *x, size_t len, int na, const f_source *next, vflt *acc)
{
	enum { BEHIND = STEP / GROUP };
	size_t g = 0;
	UNROLL
	for (int o = 0; o < 2 * na; o++)
		acc[o] = v_zero();
	for (; g < len / GROUP; g++) {
		f_columns(as, f_group(as, w, g), 0, GROUP, x + g * GROUP, na, acc);
		if (next && g >= BEHIND && g - BEHIND < next->quarters)
			f_refill(as, next, g - BEHIND, w);
	}
	for (size_t c = 0; c < len % GROUP; c++)
		f_columns(as, f_group(as, w, g), c, 1, x + g * GROUP + c, na, acc);
	for (g = g > BEHIND ? g - BEHIND : 0; next && g < next->quarters; g++)
		f_refill(as, next, g, w);
}

typedef struct f_where {
	float *y; /* of row 0 of the panel, activation 0 of the chunk */
	size_t ldy, rows, len;
	bool first; /* the first span: nothing waits in y */
} f_where;

SEQK_INLINE void f_add(const vflt *acc, int na, float *y, f_where at)
{
	float out[PANEL];
	UNROLL
	for (int j = 0; j < na; j++, y += at.ldy) {
		if (at.rows == PANEL) {
			v_put(y, at.first ? acc[2 * j] : v_add(v_get(y), acc[2 * j]));
			v_put(y + ROWS, at.first ? acc[2 * j + 1] : v_add(v_get(y + ROWS), acc[2 * j + 1]));
			continue;
		}
		v_put(out, acc[2 * j]);
		v_put(out + ROWS, acc[2 * j + 1]);
		for (size_t r = 0; r < at.rows; r++)
			y[r] = at.first ? out[r] : y[r] + out[r];
	}
}

SEQK_INLINE void f_some(int as, uint8_t *w, const float *x, int na, float *y, f_where at, const f_source *next)
{
	vflt acc[2 * TACTS];
	UNROLL
	for (int j = 0; j < na; j++) {
		__builtin_prefetch(y + (size_t)j * at.ldy, 1);
		__builtin_prefetch(y + (size_t)j * at.ldy + PANEL - 1, 1);
	}
	f_tile(as, w, x, at.len, na, next, acc);
	f_add(acc, na, y, at);
}

/* f_some with its number of activations known. */
SEQK_INLINE void f_known(int as, uint8_t *w, const float *x, size_t na, float *y, f_where at, const f_source *next)
{
	switch (na) {
	case 1: f_some(as, w, x, 1, y, at, next); break;
	case 2: f_some(as, w, x, 2, y, at, next); break;
	case 3: f_some(as, w, x, 3, y, at, next); break;
	case 4: f_some(as, w, x, 4, y, at, next); break;
	case 5: f_some(as, w, x, 5, y, at, next); break;
	case 6: f_some(as, w, x, 6, y, at, next); break;
#if F_ACTS > 6
	case 7: f_some(as, w, x, 7, y, at, next); break;
	case 8: f_some(as, w, x, 8, y, at, next); break;
	case 9: f_some(as, w, x, 9, y, at, next); break;
	case 10: f_some(as, w, x, 10, y, at, next); break;
	case 11: f_some(as, w, x, 11, y, at, next); break;
	case 12: f_some(as, w, x, 12, y, at, next); break;
#endif
	}
}

/* One span of one panel for n activations, shared out evenly. */
SEQK_INLINE void f_span(int as, f_room *m, const float *x, size_t n, f_where at, const f_source *next)
{
	float *y = at.y;
	for (size_t left = (n + TACTS - 1) / TACTS; left; left--) {
		size_t na = (n + left - 1) / left;
		if (left > 1)
			f_known(as, m->w, x, na, y, at, NULL);
		else
			f_known(as, m->w, x, na, y, at, next);
		x += na * PITCH;
		y += na * at.ldy;
		n -= na;
	}
}

/* A product of a chunk of activations and some spans: where it stands. */
typedef struct f_job {
	int dtype;
	bool plain; /* F32, F16, BF16: as in the file */
	const uint8_t *w;
	size_t stride, k, r1, s0, s1;
} f_job;

typedef struct f_at {
	size_t r, s; /* row, span */
} f_at;

SEQK_INLINE f_at f_after(const f_job *b, f_at at)
{
	return at.s + 1 < b->s1 ? (f_at){at.r, at.s + 1} : (f_at){at.r + PANEL, b->s0};
}

SEQK_INLINE size_t f_len(const f_job *b, f_at at)
{
	return b->k - at.s * SPAN < SPAN ? b->k - at.s * SPAN : SPAN;
}

SEQK_INLINE size_t f_left(const f_job *b, f_at at)
{
	return at.r >= b->r1 ? 0 : b->r1 - at.r < PANEL ? b->r1 - at.r : PANEL;
}

SEQK_INLINE const uint8_t *f_bytes(const f_job *b, f_at at)
{
	const seq_dtype_row *row = seq_dtype_get(b->dtype);
	return b->w + at.r * b->stride + at.s * SPAN / row->block * row->bytes;
}

/* What stands at `at`, ready to be turned. */
static inline f_source f_take(const f_job *b, f_at at, f_room *m)
{
	size_t rows = f_left(b, at), len = f_len(b, at);
	f_source s = {0};
	if (!rows)
		return s;
	s.w = f_bytes(b, at);
	s.stride = b->stride;
	s.quarters = (len + STEP - 1) / STEP * (STEP / GROUP);
	s.file = (uintptr_t)s.w;
	if (b->plain) {
		size_t end = b->s1 * SPAN < b->k ? b->s1 * SPAN : b->k, size = seq_dtype_get(b->dtype)->bytes;
		s.file_stride = b->stride;
		s.left = (end - at.s * SPAN) * size;
		s.jump = PANEL * b->stride - (end - b->s0 * SPAN) * size;
	}
	if (!b->plain || rows < PANEL || len % STEP) {
		f_spread(b->dtype, s.w, s.stride, rows, len, b->plain, m->raw);
		s.w = m->raw;
		s.stride = SPAN * 4;
	}
	return s;
}

SEQK_INLINE void f_run(int as, const f_job *b, size_t r0, size_t n, float *y, size_t ldy, f_room *m)
{
	f_at at = {r0, b->s0};
	f_source s = f_take(b, at, m);
	for (size_t g = 0; g < s.quarters; g++)
		f_refill(as, &s, g, m->w);
	while (at.r < b->r1) {
		f_at next = f_after(b, at);
		f_where where = {y + at.r, ldy, f_left(b, at), f_len(b, at), at.s == 0};
		s = f_take(b, next, m);
		f_span(as, m, m->x[(at.s - b->s0) * n], n, where, &s);
		at = next;
	}
}

static void f_copy(const seqk_act *a, size_t j0, size_t n, size_t s0, size_t s1, f_room *m)
{
	for (size_t s = s0; s < s1; s++)
		for (size_t j = 0; j < n; j++) {
			size_t len = a->k - s * SPAN < SPAN ? a->k - s * SPAN : SPAN;
			__builtin_memcpy(m->x[(s - s0) * n + j], a->x + (j0 + j) * a->ldx + s * SPAN, len * sizeof(float));
		}
}

/* n / parts, rounded up, where parts are as few as fit. */
static inline size_t f_even(size_t n, size_t most)
{
	size_t parts = (n + most - 1) / most;
	return (n + parts - 1) / parts;
}

SEQK_INLINE void f_multiply(int as, int dtype, const uint8_t *w, size_t stride, const seqk_act *a,
                            float *y, size_t ldy, size_t r0, size_t r1, f_room *m)
{
	size_t spans = (a->k + SPAN - 1) / SPAN, chunk = f_even(a->n, ROOM), some = f_even(spans, ROOM / chunk);
	bool plain = as != AS_F32 || dtype == SEQ_F32;
	for (size_t j0 = 0; j0 < a->n; j0 += chunk) {
		size_t n = a->n - j0 < chunk ? a->n - j0 : chunk;
		for (size_t s0 = 0; s0 < spans; s0 += some) {
			f_job b = {dtype, plain, w, stride, a->k, r1, s0, s0 + some < spans ? s0 + some : spans};
			f_copy(a, j0, n, b.s0, b.s1, m);
			f_run(as, &b, r0, n, y + j0 * ldy, ldy, m);
		}
	}
}

/* F32, and what is dequantised first. */
static void exact_f32(int dtype, const void *w, size_t stride, const seqk_act *a,
                      float *y, size_t ldy, size_t r0, size_t r1, void *scratch)
{
	f_multiply(AS_F32, dtype, w, stride, a, y, ldy, r0, r1, scratch);
}

static void exact_f16(int dtype, const void *w, size_t stride, const seqk_act *a,
                      float *y, size_t ldy, size_t r0, size_t r1, void *scratch)
{
	f_multiply(AS_F16, dtype, w, stride, a, y, ldy, r0, r1, scratch);
}

static void exact_bf16(int dtype, const void *w, size_t stride, const seqk_act *a,
                       float *y, size_t ldy, size_t r0, size_t r1, void *scratch)
{
	f_multiply(AS_BF16, dtype, w, stride, a, y, ldy, r0, r1, scratch);
}

static void fill_exact(seqk_matmul_table *t)
{
	_Static_assert(sizeof(f_room) <= SEQK_MATMUL_PANEL_BYTES, "the panel fits the scratch");
	_Static_assert(SPAN % SEQK_QUANT_BLOCK == 0, "spans end at blocks");
	for (int i = 0; i < SEQ_DTYPES; i++)
		if (seq_dtype_get(i))
			t->exact[i] = exact_f32;
	t->exact[SEQ_F16] = exact_f16;
	t->exact[SEQ_BF16] = exact_bf16;
}

#endif
