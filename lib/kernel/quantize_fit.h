/* SPDX-License-Identifier: MIT */
/* The search in one group, for both families of quantize.h.  Included after a lanes_*.h. */
#ifndef KERNEL_QUANTIZE_FIT_H
#define KERNEL_QUANTIZE_FIT_H

#include "base/endian.h"
#include "base/half.h"
#include "kernel/quantize.h"

enum { LLOYD = 2 };

static const float even_weights[256] = {[0 ... 255] = 1};

/* To the nearest whole number, ties to even; |a| < 2^22. */
LANES v16 v_round(v16 a)
{
	v16 big = v_set1(0x1.8p23f);
	return v_sub(v_add(a, big), big);
}

LANES v16 v_code(v16 x, v16 inv, float lo, float hi)
{
	return v_round(v_min(v_max(v_mul(x, inv), v_set1(lo)), v_set1(hi)));
}

LANES float fit_half(float x)
{
	return seqp_f16_f32(seqp_f32_f16(x));
}

LANES float fit_over(float a, float b)
{
	return b > 0 || b < 0 ? a / b : 0;
}

/* Codes lo .. hi for x = d * code, into c. */
LANES void fit_codes(const float *x, size_t n, float d, float lo, float hi, float *c)
{
	v16 inv = v_set1(fit_over(1, d));
	for (size_t i = 0; i < n; i += 16)
		v_store(c + i, v_code(v_load(x + i), inv, lo, hi));
}

/* Codes 0 .. hi for x = d * code + m. */
LANES void fit_codes_above(const float *x, size_t n, float d, float m, float hi, float *c)
{
	v16 inv = v_set1(fit_over(1, d)), base = v_set1(m);
	for (size_t i = 0; i < n; i += 16)
		v_store(c + i, v_code(v_sub(v_load(x + i), base), inv, 0, hi));
}

/* The element of largest size, the first of them. */
LANES float fit_extreme(const float *x, size_t n)
{
	float top = 0, at = 0;
	for (size_t i = 0; i < n; i++) {
		float a = x[i] < 0 ? -x[i] : x[i];
		if (a > top)
			top = a, at = x[i];
	}
	return at;
}

/* What is gained over all codes 0 with codes by inv: num^2 / den of the best d = num / den. */
LANES float fit_gain(const float *x, const float *w, size_t n, float inv, float lo, float hi, float *d)
{
	v16 num = v_zero(), den = v_zero(), s = v_set1(inv);
	for (size_t i = 0; i < n; i += 16) {
		v16 a = v_load(x + i), c = v_code(a, s, lo, hi), wc = v_mul(v_load(w + i), c);
		num = v_fma(wc, a, num);
		den = v_fma(wc, c, den);
	}
	float p = v_sum(num), q = v_sum(den);
	*d = fit_over(p, q);
	return p * *d;
}

/* d for x = d * code, codes lo .. hi with lo = -hi - 1: the largest element near lo, or near hi. */
LANES float fit_step(const float *x, const float *w, size_t n, float lo, float hi)
{
	enum { SPAN = 12 };
	float e = fit_extreme(x, n), d, best = 0, gain = 0;
	if (!(e < -0x1p-60f || e > 0x1p-60f))
		return 0;
	for (int k = -SPAN; k <= SPAN; k++)
		for (int side = 0; side < 2; side++) {
			float end = side ? hi : lo, inv = (end + end * (0.5f / SPAN) * (float)k * (hi < 8 ? 0.5f : 2 / hi)) / e;
			float g = fit_gain(x, w, n, inv, lo, hi, &d);
			if (g > gain)
				gain = g, best = d;
		}
	for (int k = 0; k < LLOYD; k++) {
		float g = fit_gain(x, w, n, fit_over(1, best), lo, hi, &d);
		if (!(g > gain))
			break;
		gain = g, best = d;
	}
	return best;
}

/* x = d * code + m, codes 0 .. hi. */
typedef struct fit_line {
	float d, m, gain;
} fit_line;

/* The best line for codes by (inv, base); below: m must not be above 0. */
LANES fit_line fit_try(const float *x, const float *w, size_t n, float inv, float base, float hi, int below, float sw, float swx)
{
	v16 l = v_zero(), ll = v_zero(), lx = v_zero(), s = v_set1(inv), b = v_set1(base);
	for (size_t i = 0; i < n; i += 16) {
		v16 a = v_load(x + i), c = v_code(v_sub(a, b), s, 0, hi), wc = v_mul(v_load(w + i), c);
		l = v_add(l, wc);
		ll = v_fma(wc, c, ll);
		lx = v_fma(wc, a, lx);
	}
	float sl = v_sum(l), sll = v_sum(ll), slx = v_sum(lx), det = sw * sll - sl * sl;
	fit_line f = {0, fit_over(swx, sw), 0};
	if (det > 0) {
		f.d = (sw * slx - swx * sl) / det;
		f.m = (sll * swx - sl * slx) / det;
	}
	if (below && f.m > 0) {
		f.m = 0;
		f.d = fit_over(slx, sll);
	}
	f.gain = f.d * slx + f.m * swx;
	return f;
}

LANES void fit_range(const float *x, size_t n, float *lo, float *hi)
{
	v16 least = v_load(x), most = least;
	for (size_t i = 16; i < n; i += 16) {
		least = v_min(least, v_load(x + i));
		most = v_max(most, v_load(x + i));
	}
	*lo = -v_top(v_neg(least));
	*hi = v_top(most);
}

LANES fit_line fit_two(const float *x, const float *w, size_t n, float hi, int below)
{
	enum { STEPS = 20 };
	float lo, top, sw, swx;
	v16 a = v_zero(), b = v_zero();
	for (size_t i = 0; i < n; i += 16) {
		a = v_add(a, v_load(w + i));
		b = v_fma(v_load(w + i), v_load(x + i), b);
	}
	sw = v_sum(a), swx = v_sum(b);
	fit_range(x, n, &lo, &top);
	if (below && lo > 0)
		lo = 0;
	fit_line best = {0, below && lo > 0 ? 0 : lo, 0};
	if (!(top - lo > 0x1p-60f))
		return best;
	best.gain = -INFINITY;
	for (int k = 0; k <= STEPS; k++) {
		float more = hi < 8 ? -0.8f + 0.08f * (float)k : -1 + 0.1f * (float)k;
		fit_line f = fit_try(x, w, n, (hi + more) / (top - lo), lo, hi, below, sw, swx);
		if (f.gain > best.gain)
			best = f;
	}
	for (int k = 0; k < LLOYD; k++) {
		fit_line f = fit_try(x, w, n, fit_over(1, best.d), best.m, hi, below, sw, swx);
		if (!(f.gain > best.gain))
			break;
		best = f;
	}
	return best;
}

#endif
