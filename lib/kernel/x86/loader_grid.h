/* SPDX-License-Identifier: MIT */
/* Loaders (loader.h) of the lattice types, the ternary TQ1_0 and NVFP4.  Rows of a lattice are fetched from tables with
 * a byte a value (quant_expand.h), one weight row after another; signs, steps and scales are then made for all
 * rows at once. */
#ifndef KERNEL_X86_LOADER_GRID_H
#define KERNEL_X86_LOADER_GRID_H

#include "kernel/quant_expand.h"
#include "kernel/x86/loader.h"

/* A block of every row by columns, to be turned. */
typedef struct columns {
	union {
		uint64_t eight[32];
		uint32_t four[64];
		uint8_t byte[256];
	} row[ROWS];
} columns;

SEQK_INLINE void turn(const columns *c, size_t g, unit *u)
{
	const uint8_t *p[ROWS];
	UNROLL
	for (int r = 0; r < ROWS; r++)
		p[r] = c->row[r].byte + 32 * g;
	v_load16(u->w, p, 0);
	v_load16(u->w + 4, p, 16);
}

SEQK_INLINE unsigned word16(const uint8_t *p)
{
	uint16_t x;
	__builtin_memcpy(&x, p, 2);
	return x;
}

SEQK_INLINE uint64_t word32(const uint8_t *p)
{
	uint32_t x;
	__builtin_memcpy(&x, p, 4);
	return x;
}

/* To a byte each: eight bits of 8, two bits of 16, three bits of 32's nibbles, three bits of 12. */
SEQK_INLINE uint64_t spread1(uint64_t x)
{
	return (((x * 0x0101010101010101u) & 0x8040201008040201u) + 0x7f7f7f7f7f7f7f7fu) >> 7 & 0x0101010101010101u;
}

SEQK_INLINE uint64_t spread2(uint64_t x)
{
	x = (x | x << 24) & 0x000000ff000000ffu;
	x = (x | x << 12) & 0x000f000f000f000fu;
	return (x | x << 6) & 0x0303030303030303u;
}

SEQK_INLINE uint64_t spread_nibbles(uint64_t x)
{
	x = (x | x << 16) & 0x0000ffff0000ffffu;
	x = (x | x << 8) & 0x00ff00ff00ff00ffu;
	return (x | x << 4) & 0x0707070707070707u;
}

SEQK_INLINE uint64_t spread3(uint64_t x)
{
	return (x & 7) | (x & 0x38) << 5 | (x & 0x1c0) << 10 | (x & 0xe00) << 15;
}

/* Eight rows of a lattice, chosen by low bytes and higher bits. */
SEQK_INLINE void eight_rows(uint64_t to[8], const uint64_t *lattice, const uint8_t *low, uint64_t high)
{
	uint16_t at[8];
	v_zip8(at, low, high);
	UNROLL
	for (int i = 0; i < 8; i++)
		to[i] = lattice[at[i]];
}

/* Changes the sign of column i where bit i of the row's dword is set, and adds off. */
SEQK_INLINE void negate(unit *u, vint s, int off)
{
	vint less = v_set8(-off);
	vint low = v_set32(0x08040201), high = v_set32((int)0x80402010), all = v_set8(-1);
	UNROLL
	for (int b = 0; b < 4; b++) {
		int o = b * 0x01010101;
		vint r = v_shuffle(s, v_four(o, o + 0x04040404, o + 0x08080808, o + 0x0c0c0c0c));
		vint m = v_test8(r, low, all), n = v_test8(r, high, all);
		u->w[2 * b] = v_sub8(v_xor(u->w[2 * b], m), off ? v_add8(m, less) : m);
		u->w[2 * b + 1] = v_sub8(v_xor(u->w[2 * b + 1], n), off ? v_add8(n, less) : n);
	}
}

/* Seven signs a byte; the eighth makes their number even. */
SEQK_INLINE vint even(vint s)
{
	static const int8_t odd[16] = {0, -128, -128, 0, -128, 0, 0, -128, -128, 0, 0, -128, 0, -128, -128, 0};
	vint n = v_and(v_xor(s, v_right(s, 4)), v_set8(15));
	return v_or(s, v_shuffle(v_table(odd), n));
}

/* Four times seven bits to four bytes. */
SEQK_INLINE vint sevens(vint s)
{
	vint a = v_or(v_and(s, v_set32(0x7f)), v_and(v_left(s, 1), v_set32(0x7f00)));
	return v_or(a, v_or(v_and(v_left(s, 2), v_set32(0x7f0000)), v_and(v_left(s, 3), v_set32(0x7f000000))));
}

/* Scale (scale + 0.5) * factor * d. */
SEQK_INLINE vflt half_step(vflt d, vint scale, float factor)
{
	return v_mul(v_mul(d, v_add(v_float(scale), v_all(0.5f))), v_all(factor));
}

SEQK_INLINE void load_iq2_xxs(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 66;
	vflt d = v_load_half(p, at);
	columns c;
	(void)t;
	for (int r = 0; r < ROWS; r++)
		UNROLL
		for (int j = 0; j < 32; j++)
			c.row[r].eight[j] = seqk_lattice.iq2xxs[p[r][at + 2 + 8 * (size_t)(j / 4) + (size_t)(j % 4)]];
	for (size_t g = 0; g < 8; g++) {
		vint s = v_load32(p, at + 6 + 8 * g);
		u[g].d[0] = half_step(d, v_right(s, 28), 0.25f);
		turn(&c, g, u + g);
		negate(u + g, even(sevens(s)), 0);
	}
}

/* Nibbles of scales, two groups of 16 a byte. */
SEQK_INLINE void scales_iq2(const uint8_t *const p[ROWS], size_t at, vflt d, unit *u)
{
	vint four = v_set32(15);
	UNROLL
	for (int h = 0; h < 2; h++) {
		vint s = v_load32(p, at + 4 * (size_t)h);
		UNROLL
		for (int g = 0; g < 8; g++)
			u[4 * h + g / 2].d[g % 2] = half_step(d, v_and(v_right(s, 4 * g), four), 0.25f);
	}
}

SEQK_INLINE void load_iq2_xs(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 74;
	columns c;
	(void)t;
	for (int r = 0; r < ROWS; r++)
		UNROLL
		for (int j = 0; j < 32; j++)
			c.row[r].eight[j] = seqk_lattice.iq2xs[word16(p[r] + at + 2 + 2 * (size_t)j) & 511];
	scales_iq2(p, at + 66, v_load_half(p, at), u);
	for (size_t g = 0; g < 8; g++) {
		vint a = v_load32(p, at + 2 + 8 * g), b = v_load32(p, at + 6 + 8 * g);
		vint s = v_or(v_and(v_right(a, 9), v_set32(0x7f)), v_and(v_right(a, 17), v_set32(0x7f00)));
		s = v_or(s, v_or(v_and(v_left(b, 7), v_set32(0x7f0000)), v_and(v_right(b, 1), v_set32(0x7f000000))));
		turn(&c, g, u + g);
		negate(u + g, even(s), 0);
	}
}

SEQK_INLINE void load_iq2_s(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 82;
	columns c;
	(void)t;
	for (int r = 0; r < ROWS; r++)
		UNROLL
		for (int j = 0; j < 32; j += 8) {
			const uint8_t *b = p[r] + at;
			eight_rows(c.row[r].eight + j, seqk_lattice.iq2s, b + 2 + j, spread2(word16(b + 66 + j / 4)));
		}
	scales_iq2(p, at + 74, v_load_half(p, at), u);
	for (size_t g = 0; g < 8; g++) {
		turn(&c, g, u + g);
		negate(u + g, v_load32(p, at + 34 + 4 * g), 0);
	}
}

SEQK_INLINE void load_iq3_xxs(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 98;
	vflt d = v_load_half(p, at);
	columns c;
	(void)t;
	for (int r = 0; r < ROWS; r++)
		UNROLL
		for (int j = 0; j < 64; j++)
			c.row[r].four[j] = seqk_lattice.iq3xxs[p[r][at + 2 + (size_t)j]];
	for (size_t g = 0; g < 8; g++) {
		vint s = v_load32(p, at + 66 + 4 * g);
		u[g].d[0] = half_step(d, v_right(s, 28), 0.5f);
		turn(&c, g, u + g);
		negate(u + g, even(sevens(s)), 0);
	}
}

/* Codes 16 too large. */
SEQK_INLINE void load_iq3_s(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 110;
	vflt d = v_load_half(p, at);
	vint scale = v_load32(p, at + 106);
	columns c;
	(void)t;
	for (int r = 0; r < ROWS; r++)
		UNROLL
		for (int j = 0; j < 64; j += 8) {
			uint16_t at8[8];
			const uint8_t *b = p[r] + at;
			v_zip8(at8, b + 2 + j, spread1(b[66 + j / 8]));
			UNROLL
			for (int i = 0; i < 8; i++)
				c.row[r].four[j + i] = seqk_lattice.iq3s[at8[i]];
		}
	UNROLL
	for (int g = 0; g < 8; g++) {
		vint s = v_and(v_right(scale, 4 * g), v_set32(15));
		u[g].d[0] = v_mul(d, v_float(v_or(v_left(s, 1), v_set32(1))));
	}
	for (size_t g = 0; g < 8; g++) {
		turn(&c, g, u + g);
		negate(u + g, v_load32(p, at + 74 + 4 * g), 16);
	}
}

/* d (2 scale + 1) / 8 */
SEQK_INLINE vflt odd_step(vflt d, vint scale)
{
	return v_mul(v_mul(d, v_float(v_or(v_left(scale, 1), v_set32(1)))), v_all(0.125f));
}

/* 17, or 15 where the sign of the dword is set, in every byte. */
SEQK_INLINE vint delta(vint s)
{
	return v_add8(v_or(v_right_signed(s, 31), v_set8(1)), v_set8(16));
}

/* Codes 16 too large. */
SEQK_INLINE void load_iq1_s(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 50;
	vflt d = v_load_half(p, at);
	columns c;
	(void)t;
	for (int r = 0; r < ROWS; r++)
		UNROLL
		for (int j = 0; j < 32; j += 8) {
			const uint8_t *b = p[r] + at;
			uint64_t h = word32(b + 34 + j / 2);
			eight_rows(c.row[r].eight + j, seqk_lattice.iq1, b + 2 + j, spread3(h) | spread3(h >> 16) << 32);
		}
	for (size_t g = 0; g < 8; g++) {
		vint h = v_load32(p, at + 34 + 4 * (g / 2));
		h = g % 2 ? h : v_left(h, 16);
		vint step = delta(h);
		u[g].d[0] = odd_step(d, v_and(v_right(h, 28), v_set32(7)));
		turn(&c, g, u + g);
		UNROLL
		for (int j = 0; j < 8; j++)
			u[g].w[j] = v_add8(u[g].w[j], step);
	}
}

/* Codes 16 too large. */
SEQK_INLINE void load_iq1_m(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 56;
	vint a = v_load32(p, at + 48), b = v_load32(p, at + 52), high = v_set32(0xf000);
	vint f = v_or(v_and(v_right(a, 12), v_set32(15)), v_and(v_right(a, 24), v_set32(0xf0)));
	vflt d = v_half(v_or(f, v_or(v_and(v_right(b, 4), v_set32(0xf00)), v_and(v_right(b, 16), high))));
	columns c;
	(void)t;
	for (int r = 0; r < ROWS; r++)
		UNROLL
		for (int j = 0; j < 32; j += 8) {
			const uint8_t *q = p[r] + at;
			eight_rows(c.row[r].eight + j, seqk_lattice.iq1, q + j, spread_nibbles(word32(q + 32 + j / 2)));
		}
	UNROLL
	for (int g = 0; g < 16; g++)
		u[g / 2].d[g % 2] = odd_step(d, v_and(v_right(g < 8 ? a : b, 16 * (g / 4 % 2) + 3 * (g % 4)), v_set32(7)));
	for (size_t g = 0; g < 8; g++) {
		vint h = v_load32(p, at + 32 + 4 * (g / 2));
		h = g % 2 ? h : v_left(h, 16);
		turn(&c, g, u + g);
		UNROLL
		for (int j = 0; j < 8; j++)
			u[g].w[j] = v_add8(u[g].w[j], delta(v_left(h, 12 - 4 * (j / 2))));
	}
}

/* The first digit of base-3 fractions: how often 3 x passes 256. */
SEQK_INLINE vint trits(vint x)
{
	return v_add8(v_least8(x, v_set8(86)), v_least8(x, v_set8(171)));
}

/* Codes 1 too large. */
SEQK_INLINE void load_tq1_0(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 54;
	vflt d = v_load_half(p, at + 52);
	vint x[13];
	(void)t;
	v_load16(x, p, at);
	v_load16(x + 4, p, at + 16);
	v_load16(x + 8, p, at + 32);
	x[12] = v_load32(p, at + 48);
	UNROLL
	for (int j = 0; j < 5; j++) {
		UNROLL
		for (int i = 0; i < 13; i++) {
			int at32 = i < 8 ? 8 * j + i : i < 12 ? 40 + 4 * j + i - 8 : 60 + j;
			if (at32 < 64)
				u[at32 / 8].w[at32 % 8] = trits(x[i]);
			x[i] = v_add8(x[i], v_add8(x[i], x[i]));
		}
		u[j].d[0] = d;
	}
	u[5].d[0] = u[6].d[0] = u[7].d[0] = d;
}

/* Codes 12 too large. */
SEQK_INLINE void load_nvfp4(const seqk_quant *t, const uint8_t *const p[ROWS], size_t block, unit *u)
{
	size_t at = block * 36;
	float d[4][ROWS];
	vint low = v_set8(15);
	(void)t;
	for (int r = 0; r < ROWS; r++)
		UNROLL
		for (int g = 0; g < 4; g++)
			d[g][r] = seqk_lattice.nvfp4[p[r][at + (size_t)g]];
	UNROLL
	for (int h = 0; h < 2; h++) {
		vint v[4];
		v_load16(v, p, at + 4 + 16 * (size_t)h);
		UNROLL
		for (int g = 0; g < 2; g++) {
			u[h].d[g] = v_get(d[2 * h + g]);
			UNROLL
			for (int j = 0; j < 2; j++) {
				u[h].w[4 * g + j] = by_table(v_and(v[2 * g + j], low), fp4_value);
				u[h].w[4 * g + 2 + j] = by_table(v_and(v_right(v[2 * g + j], 4), low), fp4_value);
			}
		}
	}
}

#endif
