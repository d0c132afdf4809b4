/* SPDX-License-Identifier: MIT */
/* Blocks of 32 with one scale: Q4_0 to Q8_1, IQ4_NL, the FP4 types; and the
 * ternary types, which are the same with 256. */
#include "base/endian.h"
#include "base/half.h"
#include "kernel/quant.h"

static inline float half_at(const uint8_t *p)
{
	return seqp_f16_f32(seqp_get16(p));
}

void seqk_unpack_q4_0(const uint8_t *b, int8_t *c, float *d, float *m)
{
	(void)m;
	d[0] = half_at(b);
	for (int i = 0; i < 16; i++) {
		c[i] = (int8_t)((b[2 + i] & 15) - 8);
		c[16 + i] = (int8_t)((b[2 + i] >> 4) - 8);
	}
}

void seqk_unpack_q4_1(const uint8_t *b, int8_t *c, float *d, float *m)
{
	d[0] = half_at(b);
	m[0] = half_at(b + 2);
	for (int i = 0; i < 16; i++) {
		c[i] = (int8_t)(b[4 + i] & 15);
		c[16 + i] = (int8_t)(b[4 + i] >> 4);
	}
}

/* Nibbles and a fifth bit from h; offset taken off. */
static void five(const uint8_t *q, uint32_t h, int offset, int8_t *c)
{
	for (int i = 0; i < 16; i++) {
		c[i] = (int8_t)(((q[i] & 15) | (int)((h >> i) & 1) << 4) - offset);
		c[16 + i] = (int8_t)((q[i] >> 4 | (int)((h >> (16 + i)) & 1) << 4) - offset);
	}
}

void seqk_unpack_q5_0(const uint8_t *b, int8_t *c, float *d, float *m)
{
	(void)m;
	d[0] = half_at(b);
	five(b + 6, seqp_get32(b + 2), 16, c);
}

void seqk_unpack_q5_1(const uint8_t *b, int8_t *c, float *d, float *m)
{
	d[0] = half_at(b);
	m[0] = half_at(b + 2);
	five(b + 8, seqp_get32(b + 4), 0, c);
}

void seqk_unpack_q8_0(const uint8_t *b, int8_t *c, float *d, float *m)
{
	(void)m;
	d[0] = half_at(b);
	memcpy(c, b + 2, 32);
}

void seqk_unpack_q8_1(const uint8_t *b, int8_t *c, float *d, float *m)
{
	(void)m; /* the stored sum is a hint for other programs */
	d[0] = half_at(b);
	memcpy(c, b + 4, 32);
}

void seqk_unpack_iq4_nl(const uint8_t *b, int8_t *c, float *d, float *m)
{
	static const int8_t value[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
	(void)m;
	d[0] = half_at(b);
	for (int i = 0; i < 16; i++) {
		c[i] = value[b[2 + i] & 15];
		c[16 + i] = value[b[2 + i] >> 4];
	}
}

void seqk_unpack_iq4_xs(const uint8_t *b, int8_t *c, float *d, float *m)
{
	float dd = half_at(b);
	uint32_t high = seqp_get16(b + 2);
	for (int g = 0; g < 8; g++) {
		int low = b[4 + g / 2] >> (4 * (g & 1)) & 15;
		seqk_unpack_iq4_nl(b + 6 + 16 * g, c + 32 * g, d + g, m); /* codes only: d follows */
		d[g] = dd * (float)((low | (int)((high >> (2 * g)) & 3) << 4) - 32);
	}
}

static const int8_t fp4[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

void seqk_unpack_mxfp4(const uint8_t *b, int8_t *c, float *d, float *m)
{
	uint32_t e = b[0];
	(void)m;
	d[0] = seqp_bits_f32(e < 2 ? 0x200000u << e : (e - 1) << 23);
	for (int i = 0; i < 16; i++) {
		c[i] = fp4[b[1 + i] & 15];
		c[16 + i] = fp4[b[1 + i] >> 4];
	}
}

static float ue4m3_half(uint8_t x)
{
	int e = x >> 3 & 15, man = x & 7;
	if (x == 0x7f)
		return 0;
	if (e == 0)
		return (float)man * 0x1p-10f;
	return (float)(8 + man) * seqp_bits_f32((uint32_t)(e + 127 - 11) << 23);
}

void seqk_unpack_nvfp4(const uint8_t *b, int8_t *c, float *d, float *m)
{
	(void)m;
	for (int g = 0; g < 4; g++) {
		const uint8_t *q = b + 4 + 8 * g;
		d[g] = ue4m3_half(b[g]);
		for (int i = 0; i < 8; i++) {
			c[16 * g + i] = fp4[q[i] & 15];
			c[16 * g + 8 + i] = fp4[q[i] >> 4];
		}
	}
}

/* Base-3 digits: byte * 3^j mod 256, times 3, high byte. */
static inline int8_t trit(uint8_t byte, uint8_t pow3)
{
	return (int8_t)(((uint8_t)(byte * pow3) * 3 >> 8) - 1);
}

void seqk_unpack_tq1_0(const uint8_t *b, int8_t *c, float *d, float *m)
{
	static const uint8_t pow3[5] = {1, 3, 9, 27, 81};
	(void)m;
	for (int j = 0; j < 5; j++) {
		for (int i = 0; i < 32; i++)
			c[32 * j + i] = trit(b[i], pow3[j]);
		for (int i = 0; i < 16; i++)
			c[160 + 16 * j + i] = trit(b[32 + i], pow3[j]);
	}
	for (int j = 0; j < 4; j++)
		for (int i = 0; i < 4; i++)
			c[240 + 4 * j + i] = trit(b[48 + i], pow3[j]);
	for (int g = 0; g < 8; g++)
		d[g] = half_at(b + 52);
}

void seqk_unpack_tq2_0(const uint8_t *b, int8_t *c, float *d, float *m)
{
	(void)m;
	for (int h = 0; h < 2; h++)
		for (int j = 0; j < 4; j++)
			for (int i = 0; i < 32; i++)
				c[128 * h + 32 * j + i] = (int8_t)((b[32 * h + i] >> (2 * j) & 3) - 1);
	for (int g = 0; g < 8; g++)
		d[g] = half_at(b + 64);
}
