/* SPDX-License-Identifier: MIT */
/* exp and its kin on sixteen lanes.  Included after a lanes_*.h.
 *
 * exp(x): n = round(x log2 e), r = x - n ln 2 in two parts (Cody, Waite 1980), a polynomial of degree 6 fitted in
 * the sense of Chebyshev (3.3e-9 relative), 2^n into the exponent: within 1 ulp.  The others are built on it;
 * their errors are said at each. */
#ifndef KERNEL_MATH_BODY_H
#define KERNEL_MATH_BODY_H

/* Below: 2^-126, the last normal number.  Above: the last x whose exp is finite. */
#define EXP_LOW (-0x1.5d589ep+6f)
#define EXP_HIGH 0x1.62e42ep+6f
#define LOG2E 0x1.715476p+0f

/* exp(x) for x in [EXP_LOW, EXP_HIGH]. */
LANES v16 v_exp_core(v16 x)
{
	const v16 magic = v_set1(0x1.8p23f);
	v16 t = v_fma(x, v_set1(LOG2E), magic);
	v16 n = v_sub(t, magic);
	v16 r = v_fnma(n, v_set1(0x1.62e43p-1f), x);
	r = v_fnma(n, v_set1(-0x1.05c61p-29f), r);
	v16 p = v_set1(0x1.6a1a6ap-10f);
	p = v_fma(p, r, v_set1(0x1.123fc8p-7f));
	p = v_fma(p, r, v_set1(0x1.555916p-5f));
	p = v_fma(p, r, v_set1(0x1.55548ap-3f));
	p = v_fma(p, r, v_set1(0x1.fffffcp-2f));
	p = v_fma(p, r, v_set1(1));
	p = v_fma(p, r, v_set1(1));
	return v_ldexp(p, t);
}

/* x <= EXP_HIGH; NaN gives some finite number.  0 below EXP_LOW. */
LANES v16 v_exp_neg(v16 x)
{
	v16 low = v_set1(EXP_LOW);
	return v_sel(v_lt(x, low), v_zero(), v_exp_core(v_max(x, low)));
}

/* 2^x for x < 128, one polynomial of degree 5 that is 1 at 0, 2 ulp; below -126, and for NaN, 2^-126. */
LANES v16 v_exp2_neg(v16 x)
{
	const v16 magic = v_set1(0x1.8p23f);
	x = v_max(x, v_set1(-126));
	v16 t = v_add(x, magic);
	v16 r = v_sub(x, v_sub(t, magic));
	v16 p = v_set1(0x1.5bba14p-10f);
	p = v_fma(p, r, v_set1(0x1.3cea88p-7f));
	p = v_fma(p, r, v_set1(0x1.c6b750p-5f));
	p = v_fma(p, r, v_set1(0x1.ebf9bep-3f));
	p = v_fma(p, r, v_set1(0x1.62e42ap-1f));
	p = v_fma(p, r, v_set1(1));
	return v_ldexp(p, t);
}

LANES v16 v_exp(v16 x)
{
	v16 high = v_set1(EXP_HIGH);
	v16 y = v_exp_neg(v_min(x, high));
	return v_sel(v_nle(x, high), v_add(x, v_set1(INFINITY)), y);
}

/* x / (1 + exp(-x)): 2 ulp; -inf gives -0. */
LANES v16 v_gate(v16 x, v16 slope)
{
	v16 e = v_exp(v_sub(v_zero(), slope));
	return v_div(v_max(v_set1(-0x1.fffffep127f), x), v_add(v_set1(1), e));
}

LANES v16 v_sigmoid(v16 x)
{
	return v_div(v_set1(1), v_add(v_set1(1), v_exp(v_sub(v_zero(), x))));
}

LANES v16 v_silu(v16 x) { return v_gate(x, x); }

/* log(1 + u), u in [0, 1]: 2 atanh(s), s = u / (2 + u); 2 ulp. */
LANES v16 v_log1p(v16 u)
{
	v16 s = v_div(u, v_add(u, v_set1(2)));
	v16 q = v_mul(s, s);
	v16 p = v_set1(0x1.f1b2cep-4f);
	p = v_fma(p, q, v_set1(0x1.b6d5aep-4f));
	p = v_fma(p, q, v_set1(0x1.25097cp-3f));
	p = v_fma(p, q, v_set1(0x1.9996a8p-3f));
	p = v_fma(p, q, v_set1(0x1.555558p-2f));
	s = v_add(s, s);
	return v_fma(v_mul(s, q), p, s);
}

/* max(x, 0) + log1p(exp(-|x|)), x above 20. */
LANES v16 v_softplus(v16 x)
{
	v16 y = v_add(v_max(v_zero(), x), v_log1p(v_exp_neg(v_sub(v_zero(), v_abs(x)))));
	return v_sel(v_nle(x, v_set1(20)), x, y);
}

/* Odd polynomial below 0.625, else 1 - 2 / (exp(2 |x|) + 1); 2 ulp. */
LANES v16 v_tanh(v16 x)
{
	v16 a = v_abs(x), q = v_mul(x, x), one = v_set1(1);
	v16 p = v_set1(-0x1.76abc6p-8f);
	p = v_fma(p, q, v_set1(0x1.5256c4p-6f));
	p = v_fma(p, q, v_set1(-0x1.b84446p-5f));
	p = v_fma(p, q, v_set1(0x1.110768p-3f));
	p = v_fma(p, q, v_set1(-0x1.555534p-2f));
	p = v_fma(v_mul(p, q), x, x);
	v16 c = v_min(v_set1(16), a); /* tanh(16) is 1 in f32; NaN passes */
	v16 e = v_exp(v_add(c, c));
	v16 big = v_sub(one, v_div(v_set1(2), v_add(e, one)));
	return v_sel(v_lt(a, v_set1(0.625f)), p, v_sign(big, x));
}

/* x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)): the tanh form without its cancellation. */
LANES v16 v_gelu_tanh(v16 x)
{
	v16 inner = v_fma(v_mul(v_mul(x, x), x), v_set1(0.044715f), x);
	return v_gate(x, v_mul(inner, v_set1(1.5957691216057308f)));
}

/* x (1 - q) or x q with q = erfc(|x| / sqrt 2) / 2 = t P(t) exp(-x^2 / 2), t = 1 / (1 + 0.4 |x| / sqrt 2)
 * (the form of Hastings 1955; P fitted, 1.2e-9 relative).  x^2 is taken in two parts, so that the tail is good to a
 * few ulp. */
LANES v16 v_gelu_erf(v16 x)
{
	v16 a = v_min(v_set1(20), v_abs(x)), one = v_set1(1), half = v_set1(0.5f);
	v16 h = v_mul(a, a), lo = v_sub(v_zero(), v_fnma(a, a, h));
	v16 e = v_exp(v_mul(h, v_set1(-0.5f)));
	e = v_fnma(v_mul(e, half), lo, e);
	v16 t = v_div(one, v_fma(a, v_set1(0.28284271247461903f), one));
	v16 p = v_set1(-0x1.1e01c0p-5f);
	p = v_fma(p, t, v_set1(0x1.d0abdcp-3f));
	p = v_fma(p, t, v_set1(-0x1.2225aap-1f));
	p = v_fma(p, t, v_set1(0x1.469e74p-1f));
	p = v_fma(p, t, v_set1(-0x1.703a56p-2f));
	p = v_fma(p, t, v_set1(0x1.3fed5ep-2f));
	p = v_fma(p, t, v_set1(0x1.da0a7ep-4f));
	p = v_fma(p, t, v_set1(0x1.be45d4p-3f));
	p = v_fma(p, t, v_set1(0x1.cbf72ep-3f));
	p = v_fma(p, t, v_set1(0x1.ce491ep-3f));
	v16 q = v_mul(v_mul(v_mul(p, t), e), half);
	return v_mul(v_max(v_set1(-0x1.fffffep127f), x), v_sel(v_lt(x, v_zero()), q, v_sub(one, q)));
}

LANES v16 v_softcap(v16 x, v16 cap) { return v_mul(cap, v_tanh(v_div(x, cap))); }

#endif
