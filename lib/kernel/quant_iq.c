/* SPDX-License-Identifier: MIT */
/* Lattice types: a few bits choose a row of a grid, others its signs. */
#include "base/endian.h"
#include "base/half.h"
#include "kernel/quant.h"
#include "kernel/quant_grid.h"

static inline float half_at(const uint8_t *p)
{
	return seqp_f16_f32(seqp_get16(p));
}

/* Seven signs are stored; the eighth makes their number even. */
static inline unsigned signs7(unsigned s)
{
	s &= 127;
	return s | (unsigned)__builtin_parity(s) << 7;
}

static inline void eight(uint16_t row, unsigned signs, int8_t *c)
{
	static const int8_t value[4] = {8, 25, 43, 0};
	for (int i = 0; i < 8; i++) {
		int v = value[row >> (2 * i) & 3];
		c[i] = (int8_t)(signs >> i & 1 ? -v : v);
	}
}

static inline void four(const int8_t *value, uint16_t row, unsigned signs, int8_t *c)
{
	for (int i = 0; i < 4; i++) {
		int v = value[row >> (4 * i) & 7];
		c[i] = (int8_t)(signs >> i & 1 ? -v : v);
	}
}

void seqk_unpack_iq2_xxs(const uint8_t *b, int8_t *c, float *d, float *m)
{
	float dd = half_at(b);
	(void)m;
	for (int g = 0; g < 8; g++) {
		const uint8_t *q = b + 2 + 8 * g;
		uint32_t s = seqp_get32(q + 4);
		d[g] = dd * ((float)(s >> 28) + 0.5f) * 0.25f;
		for (int j = 0; j < 4; j++)
			eight(seqk_grid_iq2xxs[q[j]], signs7(s >> (7 * j)), c + 32 * g + 8 * j);
	}
}

void seqk_unpack_iq2_xs(const uint8_t *b, int8_t *c, float *d, float *m)
{
	float dd = half_at(b);
	(void)m;
	for (int g = 0; g < 16; g++)
		d[g] = dd * ((float)(b[66 + g / 2] >> (4 * (g & 1)) & 15) + 0.5f) * 0.25f;
	for (int j = 0; j < 32; j++) {
		unsigned q = seqp_get16(b + 2 + 2 * j);
		eight(seqk_grid_iq2xs[q & 511], signs7(q >> 9), c + 8 * j);
	}
}

void seqk_unpack_iq2_s(const uint8_t *b, int8_t *c, float *d, float *m)
{
	float dd = half_at(b);
	(void)m;
	for (int g = 0; g < 16; g++)
		d[g] = dd * ((float)(b[74 + g / 2] >> (4 * (g & 1)) & 15) + 0.5f) * 0.25f;
	for (int j = 0; j < 32; j++) {
		unsigned q = b[2 + j] | (b[66 + j / 4] >> (2 * (j & 3)) & 3u) << 8;
		eight(seqk_grid_iq2s[q], b[34 + j], c + 8 * j);
	}
}

void seqk_unpack_iq3_xxs(const uint8_t *b, int8_t *c, float *d, float *m)
{
	static const int8_t value[8] = {4, 12, 20, 28, 36, 44, 52, 62};
	float dd = half_at(b);
	(void)m;
	for (int g = 0; g < 8; g++) {
		uint32_t s = seqp_get32(b + 66 + 4 * g);
		d[g] = dd * ((float)(s >> 28) + 0.5f) * 0.5f;
		for (int j = 0; j < 8; j++) {
			unsigned signs = signs7(s >> (7 * (j / 2))) >> (4 * (j & 1));
			four(value, seqk_grid_iq3xxs[b[2 + 8 * g + j]], signs, c + 32 * g + 4 * j);
		}
	}
}

void seqk_unpack_iq3_s(const uint8_t *b, int8_t *c, float *d, float *m)
{
	static const int8_t value[8] = {1, 3, 5, 7, 9, 11, 13, 15};
	float dd = half_at(b);
	(void)m;
	for (int g = 0; g < 8; g++)
		d[g] = dd * (float)(1 + 2 * (b[106 + g / 2] >> (4 * (g & 1)) & 15));
	for (int j = 0; j < 64; j++) {
		unsigned q = b[2 + j] | (b[66 + j / 8] >> (j & 7) & 1u) << 8;
		four(value, seqk_grid_iq3s[q], b[74 + j / 2] >> (4 * (j & 1)), c + 4 * j);
	}
}

/* grid in {-1, 0, 1}, plus or minus an eighth: 8 grid +- 1. */
static inline void ternary(uint16_t row, int delta, int8_t *c)
{
	for (int i = 0; i < 8; i++)
		c[i] = (int8_t)(8 * ((row >> (2 * i) & 3) - 1) + delta);
}

void seqk_unpack_iq1_s(const uint8_t *b, int8_t *c, float *d, float *m)
{
	float dd = half_at(b);
	(void)m;
	for (int g = 0; g < 8; g++) {
		unsigned h = seqp_get16(b + 34 + 2 * g);
		d[g] = dd * (float)(2 * (h >> 12 & 7) + 1) * 0.125f;
		for (int j = 0; j < 4; j++) {
			unsigned q = b[2 + 4 * g + j] | (h >> (3 * j) & 7) << 8;
			ternary(seqk_grid_iq1[q], h & 0x8000 ? -1 : 1, c + 32 * g + 8 * j);
		}
	}
}

void seqk_unpack_iq1_m(const uint8_t *b, int8_t *c, float *d, float *m)
{
	const uint8_t *sc = b + 48;
	unsigned f = 0;
	(void)m;
	for (int i = 0; i < 4; i++)
		f |= (unsigned)(seqp_get16(sc + 2 * i) >> 12) << (4 * i);
	float dd = seqp_f16_f32((uint16_t)f);
	for (int g = 0; g < 16; g++)
		d[g] = dd * (float)(2 * (seqp_get16(sc + 2 * (g / 4)) >> (3 * (g & 3)) & 7) + 1) * 0.125f;
	for (int j = 0; j < 32; j++) {
		unsigned h = b[32 + j / 2] >> (4 * (j & 1)) & 15u;
		ternary(seqk_grid_iq1[b[j] | (h & 7) << 8], h & 8 ? -1 : 1, c + 8 * j);
	}
}
