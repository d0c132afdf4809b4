/* SPDX-License-Identifier: MIT */
/* Super-blocks of 256: Q2_K to Q6_K.  Written once for all levels (quantize.h). */
#ifndef KERNEL_QUANTIZE_K_H
#define KERNEL_QUANTIZE_K_H

#include "kernel/quantize_fit.h"

enum { K_ROUNDS = 2 };

/* --- x = (d s) c - (dmin m), s and m whole, 0 to top ----------------------------------------------- */

typedef struct k_lines {
	const float *x, *w;
	size_t size;      /* of a group */
	float hi, top;    /* largest code, largest s and m */
	uint16_t d, dmin; /* f16 */
	float s[16], m[16], c[256];
} k_lines;

LANES float clamp_whole(float x, float lo, float hi)
{
	float big = 0x1.8p23f, r = (x < lo ? lo : x > hi ? hi : x) + big;
	return r - big;
}

/* E of a group under step d and minimum m; its codes into c. */
LANES float line_error(const float *x, const float *w, size_t n, float d, float m, float hi, float *c)
{
	v16 e = v_zero(), step = v_set1(d), least = v_set1(m), inv = v_set1(fit_over(1, d));
	for (size_t i = 0; i < n; i += 16) {
		v16 a = v_add(v_load(x + i), least), k = v_code(a, inv, 0, hi), r = v_fnma(step, k, a);
		v_store(c + i, k);
		e = v_fma(v_mul(v_load(w + i), r), r, e);
	}
	return v_sum(e);
}

/* The best neighbour of (s, m) of group g. */
static void lines_choose(k_lines *k, size_t g)
{
	float d = seqp_f16_f32(k->d), dmin = seqp_f16_f32(k->dmin), s0 = k->s[g], m0 = k->m[g], c[32], best = INFINITY;
	size_t n = k->size;
	for (int i = 0; i < 9; i++) {
		float s = s0 + (float)(i % 3 - 1), m = m0 + (float)(i / 3 - 1);
		if (s < 0 || m < 0 || s > k->top || m > k->top)
			continue;
		float e = line_error(k->x + g * n, k->w + g * n, n, d * s, dmin * m, k->hi, c);
		if (e < best) {
			best = e;
			k->s[g] = s, k->m[g] = m;
			memcpy(k->c + g * n, c, n * sizeof *c);
		}
	}
}

/* d and dmin in closed form for the codes, scales and minima there are. */
static void lines_refit(k_lines *k)
{
	v16 uu = v_zero(), uv = v_zero(), vv = v_zero(), ux = v_zero(), vx = v_zero();
	for (size_t i = 0; i < 256; i += 16) {
		v16 w = v_load(k->w + i), x = v_load(k->x + i), v = v_set1(-k->m[i / k->size]);
		v16 u = v_mul(v_set1(k->s[i / k->size]), v_load(k->c + i)), wu = v_mul(w, u), wv = v_mul(w, v);
		uu = v_fma(wu, u, uu), uv = v_fma(wu, v, uv), vv = v_fma(wv, v, vv);
		ux = v_fma(wu, x, ux), vx = v_fma(wv, x, vx);
	}
	float a = v_sum(uu), b = v_sum(uv), c = v_sum(vv), p = v_sum(ux), q = v_sum(vx), det = a * c - b * b;
	float d = det > 0 ? (p * c - q * b) / det : fit_over(p, a), dmin = det > 0 ? (a * q - b * p) / det : 0;
	if (dmin < 0)
		d = fit_over(p, a), dmin = 0;
	if (d > 0) {
		k->d = seqp_f32_f16(d);
		k->dmin = seqp_f32_f16(dmin);
	}
}

static void lines_fit(k_lines *k)
{
	size_t groups = 256 / k->size;
	float d = 0, m = 0;
	for (size_t g = 0; g < groups; g++) {
		fit_line f = fit_two(k->x + g * k->size, k->w + g * k->size, k->size, k->hi, 1);
		k->s[g] = f.d, k->m[g] = -f.m;
		d = f.d > d ? f.d : d;
		m = -f.m > m ? -f.m : m;
	}
	k->d = seqp_f32_f16(d / k->top);
	k->dmin = seqp_f32_f16(m / k->top);
	for (size_t g = 0; g < groups; g++) {
		k->s[g] = clamp_whole(fit_over(k->s[g], seqp_f16_f32(k->d)), 0, k->top);
		k->m[g] = clamp_whole(fit_over(k->m[g], seqp_f16_f32(k->dmin)), 0, k->top);
	}
	for (int round = 0; round <= K_ROUNDS; round++) {
		for (size_t g = 0; g < groups; g++)
			lines_choose(k, g);
		if (round < K_ROUNDS)
			lines_refit(k);
	}
}

static void to_q2_k(const float *x, const float *w, uint8_t *out)
{
	k_lines k = {.x = x, .w = w ? w : even_weights, .size = 16, .hi = 3, .top = 15};
	lines_fit(&k);
	memset(out, 0, 80);
	for (int g = 0; g < 16; g++)
		out[g] = (uint8_t)((unsigned)k.s[g] | (unsigned)k.m[g] << 4);
	for (int i = 0; i < 256; i++)
		out[16 + (i >> 7) * 32 + (i & 31)] |= (uint8_t)((unsigned)k.c[i] << (2 * (i >> 5 & 3)));
	seqp_put16(out + 80, k.d);
	seqp_put16(out + 82, k.dmin);
}

/* d, dmin and the eight scales and minima of six bits in twelve bytes. */
static void put_lines(const k_lines *k, uint8_t *out)
{
	uint8_t *b = out + 4;
	seqp_put16(out, k->d);
	seqp_put16(out + 2, k->dmin);
	for (int g = 0; g < 4; g++) {
		unsigned s = (unsigned)k->s[g], m = (unsigned)k->m[g], t = (unsigned)k->s[g + 4], n = (unsigned)k->m[g + 4];
		b[g] = (uint8_t)(s | (t >> 4) << 6);
		b[4 + g] = (uint8_t)(m | (n >> 4) << 6);
		b[8 + g] = (uint8_t)((t & 15) | (n & 15) << 4);
	}
}

static void to_q4_k(const float *x, const float *w, uint8_t *out)
{
	k_lines k = {.x = x, .w = w ? w : even_weights, .size = 32, .hi = 15, .top = 63};
	lines_fit(&k);
	put_lines(&k, out);
	memset(out + 16, 0, 128);
	for (int i = 0; i < 256; i++)
		out[16 + (i >> 6) * 32 + (i & 31)] |= (uint8_t)((unsigned)k.c[i] << (4 * (i >> 5 & 1)));
}

static void to_q5_k(const float *x, const float *w, uint8_t *out)
{
	k_lines k = {.x = x, .w = w ? w : even_weights, .size = 32, .hi = 31, .top = 63};
	lines_fit(&k);
	put_lines(&k, out);
	memset(out + 16, 0, 160);
	for (int i = 0; i < 256; i++) {
		unsigned c = (unsigned)k.c[i];
		out[48 + (i >> 6) * 32 + (i & 31)] |= (uint8_t)((c & 15) << (4 * (i >> 5 & 1)));
		out[16 + (i & 31)] |= (uint8_t)((c >> 4) << (i >> 5));
	}
}

/* --- x = (d s) c, s whole, -top to top - 1 ----------------------------------------------------------- */

typedef struct k_steps {
	const float *x, *w;
	float lo, hi, top;
	uint16_t d;
	float s[16], c[256];
} k_steps;

static void steps_choose(k_steps *k, size_t g)
{
	float d = seqp_f16_f32(k->d), s0 = k->s[g], best = INFINITY;
	v16 x = v_load(k->x + 16 * g), w = v_load(k->w + 16 * g);
	for (int i = -1; i <= 1; i++) {
		float s = s0 + (float)i;
		if (s < -k->top || s > k->top - 1)
			continue;
		v16 c = v_code(x, v_set1(fit_over(1, d * s)), k->lo, k->hi), r = v_fnma(v_set1(d * s), c, x);
		float e = v_sum(v_mul(v_mul(w, r), r));
		if (e < best) {
			best = e;
			k->s[g] = s;
			v_store(k->c + 16 * g, c);
		}
	}
}

static void steps_refit(k_steps *k)
{
	v16 uu = v_zero(), ux = v_zero();
	for (size_t g = 0; g < 16; g++) {
		v16 u = v_mul(v_set1(k->s[g]), v_load(k->c + 16 * g)), wu = v_mul(v_load(k->w + 16 * g), u);
		uu = v_fma(wu, u, uu);
		ux = v_fma(wu, v_load(k->x + 16 * g), ux);
	}
	float a = v_sum(uu);
	if (a > 0)
		k->d = seqp_f32_f16(v_sum(ux) / a);
}

static void steps_fit(k_steps *k)
{
	for (size_t g = 0; g < 16; g++)
		k->s[g] = fit_step(k->x + 16 * g, k->w + 16 * g, 16, k->lo, k->hi);
	k->d = seqp_f32_f16(-fit_extreme(k->s, 16) / k->top);
	for (size_t g = 0; g < 16; g++)
		k->s[g] = clamp_whole(fit_over(k->s[g], seqp_f16_f32(k->d)), -k->top, k->top - 1);
	for (int round = 0; round <= K_ROUNDS; round++) {
		for (size_t g = 0; g < 16; g++)
			steps_choose(k, g);
		if (round < K_ROUNDS)
			steps_refit(k);
	}
}

static void to_q3_k(const float *x, const float *w, uint8_t *out)
{
	k_steps k = {.x = x, .w = w ? w : even_weights, .lo = -4, .hi = 3, .top = 32};
	steps_fit(&k);
	memset(out, 0, 108);
	for (int i = 0; i < 256; i++) {
		unsigned c = (unsigned)(k.c[i] + 4);
		out[32 + (i >> 7) * 32 + (i & 31)] |= (uint8_t)((c & 3) << (2 * (i >> 5 & 3)));
		out[i & 31] |= (uint8_t)((c >> 2) << (i >> 5));
	}
	for (int g = 0; g < 16; g++) {
		unsigned s = (unsigned)(k.s[g] + 32);
		out[96 + (g & 7)] |= (uint8_t)((s & 15) << (4 * (g >> 3)));
		out[104 + (g & 3)] |= (uint8_t)((s >> 4) << (2 * (g >> 2)));
	}
	seqp_put16(out + 108, k.d);
}

static void to_q6_k(const float *x, const float *w, uint8_t *out)
{
	k_steps k = {.x = x, .w = w ? w : even_weights, .lo = -32, .hi = 31, .top = 128};
	steps_fit(&k);
	memset(out, 0, 192);
	for (int i = 0; i < 256; i++) {
		unsigned c = (unsigned)(k.c[i] + 32);
		int h = i >> 7, j = i >> 5 & 3;
		out[64 * h + 32 * (j & 1) + (i & 31)] |= (uint8_t)((c & 15) << (4 * (j >> 1)));
		out[128 + 32 * h + (i & 31)] |= (uint8_t)((c >> 4) << (2 * j));
	}
	for (int g = 0; g < 16; g++)
		out[192 + g] = (uint8_t)(int8_t)k.s[g];
	seqp_put16(out + 208, k.d);
}

#endif
