/* SPDX-License-Identifier: MIT */
/* From blocks in the file to units: 32 columns of ROWS weight rows, turned so that a
 * dword lane is a row and vector j holds columns 4 j to 4 j + 3.  One loader a type
 * reads one block (a chunk of 1 or 8 units) of every row; written once for all
 * widths (wide_avx2.h, wide_avx512.h, arm/wide_neon.h).  Nothing outside the block is read.
 *
 * Codes are stored unsigned, off too large, where that leaves them in 7 bits, so
 * that sums of products of a few columns fit 16 bits; else as they are. */
#ifndef KERNEL_X86_LOADER_H
#define KERNEL_X86_LOADER_H

#include "kernel/quant.h"

typedef struct unit {
	vint w[8];
	vflt d[2], m[2]; /* for groups of 32 the first only */
} unit;

typedef void loader(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u);

SEQK_INLINE void nibbles(unit *u, const uint8_t *const p[ROWS], size_t at)
{
	vint v[4], low = v_set8(15);
	v_load16(v, p, at);
	UNROLL
	for (int j = 0; j < 4; j++) {
		u->w[j] = v_and(v[j], low);
		u->w[4 + j] = v_and(v_right(v[j], 4), low);
	}
}

SEQK_INLINE void load_q8_0(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 34;
	(void)t;
	u->d[0] = v_load_half(p, at);
	v_load16(u->w, p, at + 2);
	v_load16(u->w + 4, p, at + 18);
}

SEQK_INLINE void load_q8_1(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 36;
	(void)t;
	u->d[0] = v_load_half(p, at);
	v_load16(u->w, p, at + 4);
	v_load16(u->w + 4, p, at + 20);
}

SEQK_INLINE void load_q8_k(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 292;
	vflt d = v_bits(v_load32(p, at));
	(void)t;
	UNROLL
	for (int g = 0; g < 8; g++) {
		u[g].d[0] = d;
		v_load16(u[g].w, p, at + 4 + 32 * (size_t)g);
		v_load16(u[g].w + 4, p, at + 20 + 32 * (size_t)g);
	}
}

SEQK_INLINE void load_q4_0(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	(void)t;
	u->d[0] = v_load_half(p, block * 18);
	nibbles(u, p, block * 18 + 2);
}

SEQK_INLINE void load_q4_1(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	vint dm = v_load32(p, block * 20);
	(void)t;
	u->d[0] = v_half(dm);
	u->m[0] = v_half(v_right(dm, 16));
	nibbles(u, p, block * 20 + 4);
}

/* Adds the fifth bits: bit i of the row's dword belongs to column i. */
SEQK_INLINE void fifth(unit *u, vint h)
{
	vint low = v_set32(0x08040201), high = v_set32((int)0x80402010), bit = v_set8(16);
	UNROLL
	for (int b = 0; b < 4; b++) {
		int o = b * 0x01010101;
		vint r = v_shuffle(h, v_four(o, o + 0x04040404, o + 0x08080808, o + 0x0c0c0c0c));
		u->w[2 * b] = v_or(u->w[2 * b], v_test8(r, low, bit));
		u->w[2 * b + 1] = v_or(u->w[2 * b + 1], v_test8(r, high, bit));
	}
}

SEQK_INLINE void load_q5_0(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	(void)t;
	u->d[0] = v_load_half(p, block * 22);
	nibbles(u, p, block * 22 + 6);
	fifth(u, v_load32(p, block * 22 + 2));
}

SEQK_INLINE void load_q5_1(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	vint dm = v_load32(p, block * 24);
	(void)t;
	u->d[0] = v_half(dm);
	u->m[0] = v_half(v_right(dm, 16));
	nibbles(u, p, block * 24 + 8);
	fifth(u, v_load32(p, block * 24 + 4));
}

SEQK_INLINE vint by_table(vint v, const int8_t table[16])
{
	return v_shuffle(v_table(table), v);
}

static const int8_t nl_value[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
/* 12 too large */
static const int8_t fp4_value[16] = {12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0};

SEQK_INLINE void load_iq4_nl(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	(void)t;
	u->d[0] = v_load_half(p, block * 18);
	nibbles(u, p, block * 18 + 2);
	UNROLL
	for (int j = 0; j < 8; j++)
		u->w[j] = by_table(u->w[j], nl_value);
}

SEQK_INLINE void load_mxfp4(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	vint e = v_and(v_load32(p, block * 17), v_set32(255)), half = v_right(e, 1), bias = v_set32(63);
	(void)t;
	/* 2^(e - 128), which may be too small for a normal number, as a product of two */
	u->d[0] = v_mul(v_bits(v_left(v_add32(half, bias), 23)), v_bits(v_left(v_add32(v_sub32(e, half), bias), 23)));
	nibbles(u, p, block * 17 + 1);
	UNROLL
	for (int j = 0; j < 8; j++)
		u->w[j] = by_table(u->w[j], fp4_value);
}

/* Byte g of every row's dword: unsigned, signed. */
SEQK_INLINE vflt byte_of(vint v, int g)
{
	return v_float(v_and(v_right(v, 8 * g), v_set32(255)));
}

SEQK_INLINE vflt signed_byte_of(vint v, int g)
{
	return v_float(v_right_signed(v_left(v, 24 - 8 * g), 24));
}

/* 6-bit scales and minima of Q4_K and Q5_K; see quant_k.c. */
SEQK_INLINE void scales_k4(const uint8_t *const p[ROWS], size_t at, unit *u)
{
	vint v[4], six = v_set8(63), four = v_set8(15), two = v_set8(0x30), s[2], m[2];
	v_load16(v, p, at);
	vflt d = v_half(v[0]), dm = v_negate(v_half(v_right(v[0], 16)));
	s[0] = v_and(v[1], six);
	m[0] = v_and(v[2], six);
	s[1] = v_or(v_and(v[3], four), v_and(v_right(v[1], 2), two));
	m[1] = v_or(v_and(v_right(v[3], 4), four), v_and(v_right(v[2], 2), two));
	UNROLL
	for (int g = 0; g < 8; g++) {
		u[g].d[0] = v_mul(d, byte_of(s[g / 4], g % 4));
		u[g].m[0] = v_mul(dm, byte_of(m[g / 4], g % 4));
	}
}

SEQK_INLINE void load_q4_k(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 144;
	vint low = v_set8(15);
	(void)t;
	scales_k4(p, at, u);
	UNROLL
	for (int i = 0; i < 4; i++) {
		vint v[8];
		v_load16(v, p, at + 16 + 32 * i);
		v_load16(v + 4, p, at + 32 + 32 * i);
		UNROLL
		for (int j = 0; j < 8; j++) {
			u[2 * i].w[j] = v_and(v[j], low);
			u[2 * i + 1].w[j] = v_and(v_right(v[j], 4), low);
		}
	}
}

/* Bit g of the bytes of h, moved to bit `to`. */
SEQK_INLINE vint bit_of(vint h, int g, int to)
{
	return v_and(g < to ? v_left(h, to - g) : v_right(h, g - to), v_set8(1 << to));
}

SEQK_INLINE void load_q5_k(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 176;
	vint low = v_set8(15), h[8];
	(void)t;
	scales_k4(p, at, u);
	v_load16(h, p, at + 16);
	v_load16(h + 4, p, at + 32);
	UNROLL
	for (int i = 0; i < 4; i++) {
		vint v[8];
		v_load16(v, p, at + 48 + 32 * i);
		v_load16(v + 4, p, at + 64 + 32 * i);
		UNROLL
		for (int j = 0; j < 8; j++) {
			u[2 * i].w[j] = v_or(v_and(v[j], low), bit_of(h[j], 2 * i, 4));
			u[2 * i + 1].w[j] = v_or(v_and(v_right(v[j], 4), low), bit_of(h[j], 2 * i + 1, 4));
		}
	}
}

SEQK_INLINE void load_q6_k(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 210;
	vint low = v_set8(15), two = v_set8(0x30), s[4];
	vflt d = v_load_half(p, at + 208);
	(void)t;
	v_load16(s, p, at + 192);
	UNROLL
	for (int g = 0; g < 16; g++)
		u[g / 2].d[g % 2] = v_mul(d, signed_byte_of(s[g / 4], g % 4));
	UNROLL
	for (int i = 0; i < 4; i++) { /* half i / 2, its 16 columns i % 2 of each quarter */
		size_t o = at + 64 * (size_t)(i / 2) + 16 * (size_t)(i % 2);
		vint a[4], b[4], h[4];
		unit *v = u + 4 * (i / 2);
		v_load16(a, p, o);
		v_load16(b, p, o + 32);
		v_load16(h, p, at + 128 + 32 * (size_t)(i / 2) + 16 * (size_t)(i % 2));
		UNROLL
		for (int j = 0; j < 4; j++) {
			int l = 4 * (i % 2) + j;
			v[0].w[l] = v_or(v_and(a[j], low), v_and(v_left(h[j], 4), two));
			v[1].w[l] = v_or(v_and(b[j], low), v_and(v_left(h[j], 2), two));
			v[2].w[l] = v_or(v_and(v_right(a[j], 4), low), v_and(h[j], two));
			v[3].w[l] = v_or(v_and(v_right(b[j], 4), low), v_and(v_right(h[j], 2), two));
		}
	}
}

SEQK_INLINE void load_q2_k(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 84;
	vint s[4], three = v_set8(3), four = v_set8(15), dd = v_load32(p, at + 80);
	vflt d = v_half(dd), dm = v_negate(v_half(v_right(dd, 16)));
	(void)t;
	v_load16(s, p, at);
	UNROLL
	for (int g = 0; g < 16; g++) {
		u[g / 2].d[g % 2] = v_mul(d, byte_of(v_and(s[g / 4], four), g % 4));
		u[g / 2].m[g % 2] = v_mul(dm, byte_of(v_and(v_right(s[g / 4], 4), four), g % 4));
	}
	UNROLL
	for (int i = 0; i < 4; i++) {
		vint v[4];
		v_load16(v, p, at + 16 + 16 * (size_t)i);
		UNROLL
		for (int j = 0; j < 4; j++)
			UNROLL
			for (int q = 0; q < 4; q++)
				u[4 * (i / 2) + q].w[4 * (i % 2) + j] = v_and(v_right(v[j], 2 * q), three);
	}
}

/* Codes 1 too large. */
SEQK_INLINE void load_tq2_0(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 66;
	vflt d = v_load_half(p, at + 64);
	(void)t;
	UNROLL
	for (int i = 0; i < 4; i++) {
		vint v[4];
		v_load16(v, p, at + 16 * (size_t)i);
		UNROLL
		for (int j = 0; j < 4; j++)
			UNROLL
			for (int q = 0; q < 4; q++)
				u[4 * (i / 2) + q].w[4 * (i % 2) + j] = v_and(v_right(v[j], 2 * q), v_set8(3));
	}
	UNROLL
	for (int g = 0; g < 8; g++)
		u[g].d[0] = d;
}

SEQK_INLINE void load_q3_k(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 110;
	vint s[4], h[8], three = v_set8(3), four = v_set8(15), high = v_set8(0x30);
	(void)t;
	v_load14(s, p, at + 94);
	vflt d = v_half(s[3]);
	UNROLL
	for (int q = 0; q < 4; q++) {
		vint a = v_and(v_right(s[q & 1], 4 * (q >> 1)), four);
		vint b = v_and(q < 2 ? v_left(s[2], 4 - 2 * q) : v_right(s[2], 2 * q - 4), high);
		vint c = v_sub8(v_or(a, b), v_set8(32));
		UNROLL
		for (int g = 0; g < 4; g++)
			u[2 * q + g / 2].d[g % 2] = v_mul(d, signed_byte_of(c, g));
	}
	v_load16(h, p, at);
	v_load16(h + 4, p, at + 16);
	UNROLL
	for (int i = 0; i < 4; i++) {
		vint v[4];
		v_load16(v, p, at + 32 + 16 * (size_t)i);
		UNROLL
		for (int j = 0; j < 4; j++)
			UNROLL
			for (int q = 0; q < 4; q++) {
				int g = 4 * (i / 2) + q, l = 4 * (i % 2) + j;
				u[g].w[l] = v_or(v_and(v_right(v[j], 2 * q), three), bit_of(h[l], g, 2));
			}
	}
}

SEQK_INLINE void load_iq4_xs(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 136;
	vint h = v_load32(p, at), l = v_load32(p, at + 4);
	vflt d = v_half(h);
	(void)t;
	UNROLL
	for (int g = 0; g < 8; g++) {
		vint low = v_and(v_right(l, 4 * g), v_set32(15));
		vint high = v_and(v_right(h, 16 + 2 * g), v_set32(3));
		vint s = v_sub8(v_or(low, v_left(high, 4)), v_set32(32)); /* low byte only */
		u[g].d[0] = v_mul(d, signed_byte_of(s, 0));
		nibbles(u + g, p, at + 8 + 16 * (size_t)g);
		UNROLL
		for (int j = 0; j < 8; j++)
			u[g].w[j] = by_table(u[g].w[j], nl_value);
	}
}

#endif
