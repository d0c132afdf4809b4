/* SPDX-License-Identifier: MIT */
/* Super-blocks of 256 whose groups have small integer scales: Q2_K to Q8_K. */
#include "base/endian.h"
#include "base/half.h"
#include "kernel/quant.h"

static inline float half_at(const uint8_t *p)
{
	return seqp_f16_f32(seqp_get16(p));
}

void seqk_unpack_q2_k(const uint8_t *b, int8_t *c, float *d, float *m)
{
	float dd = half_at(b + 80), dm = half_at(b + 82);
	for (int g = 0; g < 16; g++) {
		d[g] = dd * (float)(b[g] & 15);
		m[g] = -(dm * (float)(b[g] >> 4));
	}
	for (int i = 0; i < 256; i++)
		c[i] = (int8_t)(b[16 + (i >> 7) * 32 + (i & 31)] >> (2 * (i >> 5 & 3)) & 3);
}

void seqk_unpack_q3_k(const uint8_t *b, int8_t *c, float *d, float *m)
{
	const uint8_t *hmask = b, *q = b + 32, *sc = b + 96;
	float dd = half_at(b + 108);
	(void)m;
	for (int g = 0; g < 16; g++) {
		int low = sc[g & 7] >> (4 * (g >> 3)) & 15, high = sc[8 + (g & 3)] >> (2 * (g >> 2)) & 3;
		d[g] = dd * (float)((low | high << 4) - 32);
	}
	for (int i = 0; i < 256; i++) {
		int low = q[(i >> 7) * 32 + (i & 31)] >> (2 * (i >> 5 & 3)) & 3;
		int high = hmask[i & 31] >> (i >> 5) & 1;
		c[i] = (int8_t)(low - (high ? 0 : 4));
	}
}

/* Eight 6-bit scales and eight 6-bit minima in twelve bytes. */
static void scales_k4(const uint8_t *b, float *d, float *m)
{
	float dd = half_at(b), dm = half_at(b + 2);
	const uint8_t *s = b + 4;
	for (int g = 0; g < 8; g++) {
		int k = g & 3, scale = s[k] & 63, min = s[4 + k] & 63;
		if (g > 3) {
			scale = (s[8 + k] & 15) | (s[k] >> 6) << 4;
			min = s[8 + k] >> 4 | (s[4 + k] >> 6) << 4;
		}
		d[g] = dd * (float)scale;
		m[g] = -(dm * (float)min);
	}
}

void seqk_unpack_q4_k(const uint8_t *b, int8_t *c, float *d, float *m)
{
	scales_k4(b, d, m);
	for (int i = 0; i < 256; i++)
		c[i] = (int8_t)(b[16 + (i >> 6) * 32 + (i & 31)] >> (4 * (i >> 5 & 1)) & 15);
}

void seqk_unpack_q5_k(const uint8_t *b, int8_t *c, float *d, float *m)
{
	scales_k4(b, d, m);
	for (int i = 0; i < 256; i++) {
		int low = b[48 + (i >> 6) * 32 + (i & 31)] >> (4 * (i >> 5 & 1)) & 15;
		c[i] = (int8_t)(low | (b[16 + (i & 31)] >> (i >> 5) & 1) << 4);
	}
}

void seqk_unpack_q6_k(const uint8_t *b, int8_t *c, float *d, float *m)
{
	const uint8_t *low = b, *high = b + 128;
	float dd = half_at(b + 208);
	(void)m;
	for (int g = 0; g < 16; g++)
		d[g] = dd * (float)(int8_t)b[192 + g];
	for (int i = 0; i < 256; i++) {
		int h = i >> 7, j = i >> 5 & 3; /* half; quarter of the half */
		int l = low[64 * h + 32 * (j & 1) + (i & 31)] >> (4 * (j >> 1)) & 15;
		c[i] = (int8_t)((l | (high[32 * h + (i & 31)] >> (2 * j) & 3) << 4) - 32);
	}
}

void seqk_unpack_q8_k(const uint8_t *b, int8_t *c, float *d, float *m)
{
	(void)m;
	for (int g = 0; g < 8; g++)
		d[g] = seqp_bits_f32(seqp_get32(b));
	memcpy(c, b + 4, 256);
}
