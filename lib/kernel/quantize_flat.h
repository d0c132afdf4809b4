/* SPDX-License-Identifier: MIT */
/* Blocks of 32: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1.  Written once for all levels (quantize.h). */
#ifndef KERNEL_QUANTIZE_FLAT_H
#define KERNEL_QUANTIZE_FLAT_H

#include "kernel/quantize_fit.h"

static void to_q8_0(const float *x, const float *w, uint8_t *out)
{
	float c[32], e = fit_extreme(x, 32);
	uint16_t d = seqp_f32_f16((e < 0 ? -e : e) / 127);
	(void)w;
	fit_codes(x, 32, seqp_f16_f32(d), -127, 127, c);
	seqp_put16(out, d);
	for (int i = 0; i < 32; i++)
		out[2 + i] = (uint8_t)(int8_t)c[i];
}

/* Low nibbles: the first 16 codes, high ones: the others.  The fifth bits in element order. */
static uint32_t put_nibbles(const float *c, float offset, uint8_t *q)
{
	uint32_t fifth = 0;
	for (int i = 0; i < 16; i++) {
		unsigned a = (unsigned)(c[i] + offset), b = (unsigned)(c[16 + i] + offset);
		q[i] = (uint8_t)((a & 15) | (b & 15) << 4);
		fifth |= (uint32_t)(a >> 4) << i | (uint32_t)(b >> 4) << (16 + i);
	}
	return fifth;
}

static void to_q4_0(const float *x, const float *w, uint8_t *out)
{
	float c[32];
	uint16_t d = seqp_f32_f16(fit_step(x, w ? w : even_weights, 32, -8, 7));
	fit_codes(x, 32, seqp_f16_f32(d), -8, 7, c);
	seqp_put16(out, d);
	put_nibbles(c, 8, out + 2);
}

static void to_q5_0(const float *x, const float *w, uint8_t *out)
{
	float c[32];
	uint16_t d = seqp_f32_f16(fit_step(x, w ? w : even_weights, 32, -16, 15));
	fit_codes(x, 32, seqp_f16_f32(d), -16, 15, c);
	seqp_put16(out, d);
	seqp_put32(out + 2, put_nibbles(c, 16, out + 6));
}

static void line_of(const float *x, const float *w, float hi, float *c, uint8_t *out)
{
	fit_line f = fit_two(x, w ? w : even_weights, 32, hi, 0);
	uint16_t d = seqp_f32_f16(f.d), m = seqp_f32_f16(f.m);
	fit_codes_above(x, 32, seqp_f16_f32(d), seqp_f16_f32(m), hi, c);
	seqp_put16(out, d);
	seqp_put16(out + 2, m);
}

static void to_q4_1(const float *x, const float *w, uint8_t *out)
{
	float c[32];
	line_of(x, w, 15, c, out);
	put_nibbles(c, 0, out + 4);
}

static void to_q5_1(const float *x, const float *w, uint8_t *out)
{
	float c[32];
	line_of(x, w, 31, c, out);
	seqp_put32(out + 4, put_nibbles(c, 0, out + 8));
}

#endif
