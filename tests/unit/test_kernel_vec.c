/* SPDX-License-Identifier: MIT */
/* vec.h against double precision.  Bounds: a function of one polynomial is within 2 ulp (2.4e-7 relative);
 * a sum of n terms in 16 lanes errs by at most (n / 16 + 5) roundings of the sum of magnitudes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/half.h"
#include "base/rng.h"
#include "kernel/vec.h"

enum { N = 1000 };

typedef void map_fn(float *y, const float *x, size_t n);

static double d_sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double d_silu(double x) { return x / (1 + exp(-x)); }
static double d_softplus(double x) { return x > 20 ? x : log1p(exp(x)); }
static double d_gelu_erf(double x) { return 0.5 * x * erfc(-x / sqrt(2)); }
static double d_relu(double x) { return x > 0 ? x : 0; }
static double d_relu2(double x) { return x > 0 ? x * x : 0; }
static double d_gelu_tanh(double x) { return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))); }

static const struct fn {
	const char *name;
	map_fn *f;
	double (*exact)(double);
	double lo, hi;
	double relative, per_x; /* error <= relative * |exact| + per_x * |x| */
} fns[] = {
	{ "exp", seqk_exp, exp, -87.33, 88.72, 1.2e-7, 0 },
	{ "sigmoid", seqk_sigmoid, d_sigmoid, -87, 100, 2.4e-7, 0 },
	{ "tanh", seqk_tanh, tanh, -20, 20, 2.4e-7, 0 },
	{ "tanh near 0", seqk_tanh, tanh, -1, 1, 2.4e-7, 0 },
	{ "silu", seqk_silu, d_silu, -87, 100, 2.4e-7, 0 },
	{ "softplus", seqk_softplus, d_softplus, -87, 100, 2.4e-7, 0 },
	{ "relu", seqk_relu, d_relu, -9, 9, 0, 0 },
	{ "relu2", seqk_relu2, d_relu2, -9, 9, 6e-8, 0 },
	/* the argument of exp is rounded: its error grows with |u| <= 88 and so the relative error; 4e-7 |x| absolute */
	{ "gelu_tanh", seqk_gelu_tanh, d_gelu_tanh, -9, 9, 2.4e-7, 2e-7 },
	{ "gelu_erf", seqk_gelu_erf, d_gelu_erf, -12.5, 12.5, 4e-7, 0 },
};

static void functions(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof fns / sizeof *fns; k++) {
		const struct fn *f = fns + k;
		double worst = 0;
		for (size_t i = 0; i < 200; i++) {
			float x[N], y[N];
			for (size_t j = 0; j < N; j++)
				x[j] = (float)(f->lo + (f->hi - f->lo) * (double)(i * N + j) / (200. * N));
			f->f(y, x, N);
			for (size_t j = 0; j < N; j++) {
				double e = f->exact(x[j]), err = fabs(y[j] - e);
				double bound = f->relative * fabs(e) + f->per_x * fabs(x[j]) + FLT_MIN;
				if (err > bound)
					fail_msg("%s(%a) = %a, exactly %a: error %g over %g", f->name, x[j], y[j], e, err, bound);
				if (fabs(e) > FLT_MIN && err / fabs(e) > worst)
					worst = err / fabs(e);
			}
		}
		print_message("%-12s relative error %.3g\n", f->name, worst);
	}
}

static float one(map_fn *f, float x)
{
	float y;
	f(&y, &x, 1);
	return y;
}

static void edges(void **state)
{
	(void)state;
	assert_true(one(seqk_exp, -INFINITY) == 0);
	assert_true(one(seqk_exp, INFINITY) == INFINITY);
	assert_true(one(seqk_exp, 89) == INFINITY);
	assert_true(one(seqk_exp, 0x1.62e42ep+6f) < INFINITY);
	assert_true(one(seqk_exp, -88) == 0);
	assert_true(one(seqk_exp, -0x1.5d589ep+6f) >= FLT_MIN);
	assert_true(one(seqk_exp, 0) == 1);
	assert_true(one(seqk_sigmoid, -INFINITY) == 0);
	assert_true(one(seqk_sigmoid, INFINITY) == 1);
	assert_true(one(seqk_silu, -INFINITY) == 0);
	assert_true(one(seqk_silu, INFINITY) == INFINITY);
	assert_true(one(seqk_gelu_erf, -INFINITY) == 0);
	assert_true(one(seqk_gelu_erf, INFINITY) == INFINITY);
	assert_true(one(seqk_gelu_tanh, -INFINITY) == 0);
	assert_true(one(seqk_gelu_tanh, INFINITY) == INFINITY);
	assert_true(one(seqk_tanh, INFINITY) == 1);
	assert_true(one(seqk_tanh, -INFINITY) == -1);
	assert_true(one(seqk_softplus, -INFINITY) == 0);
	assert_true(one(seqk_softplus, INFINITY) == INFINITY);
	static const uint32_t nans[] = { 0x7fc00000u, 0xffc00000u, 0x7fc001ffu, 0x7fffffffu, 0x7fc00080u };
	for (size_t i = 0; i < sizeof nans / sizeof *nans; i++)
		for (size_t k = 0; k < sizeof fns / sizeof *fns; k++)
			if (!isnan(one(fns[k].f, seqp_bits_f32(nans[i]))))
				fail_msg("%s loses NaN %08x", fns[k].name, nans[i]);
}

static void fill(float *x, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (float)(seqp_uniform(seed, 0, i, 0) * 4 - 2);
}

static void reductions(void **state)
{
	(void)state;
	float x[N], y[N];
	fill(x, N, 1);
	fill(y, N, 2);
	for (size_t n = 0; n < 200; n++) {
		double s = 0, q = 0, d = 0, abs1 = 0, absd = 0, m = -INFINITY;
		size_t at = 0;
		for (size_t i = 0; i < n; i++) {
			s += x[i], q += (double)x[i] * x[i], d += (double)x[i] * y[i];
			abs1 += fabs(x[i]), absd += fabs((double)x[i] * y[i]);
			if (x[i] > m)
				m = x[i], at = i;
		}
		double k = (double)(n / 16 + 6) * 6e-8;
		assert_true(fabs(seqk_sum(x, n) - s) <= k * abs1);
		assert_true(fabs(seqk_sumsq(x, n) - q) <= k * q);
		assert_true(fabs(seqk_dot(x, y, n) - d) <= k * absd);
		assert_true(seqk_max(x, n) == (float)m);
		if (n)
			assert_true(seqk_argmax(x, n) == at);
	}
}

static void argmax_edges(void **state)
{
	(void)state;
	float x[40];
	for (size_t n = 1; n < 40; n++) {
		for (size_t i = 0; i < n; i++)
			x[i] = NAN;
		assert_int_equal(seqk_argmax(x, n), 0);
		x[n - 1] = -INFINITY;
		assert_int_equal(seqk_argmax(x, n), n - 1);
		for (size_t i = 0; i < n; i++)
			x[i] = 3;
		assert_int_equal(seqk_argmax(x, n), 0);
		x[n / 2] = 4, x[n - 1] = 4;
		assert_int_equal(seqk_argmax(x, n), n / 2);
		for (size_t i = 0; i < n; i++)
			x[i] = -1;
		assert_int_equal(seqk_argmax(x, n), 0);
	}
}

static void norms(void **state)
{
	(void)state;
	float x[100], w[100], b[100], y[100];
	fill(x, 100, 3), fill(w, 100, 4), fill(b, 100, 5);
	for (size_t n = 1; n <= 100; n++) {
		double q = 0, mean = 0, var = 0;
		for (size_t i = 0; i < n; i++)
			q += (double)x[i] * x[i], mean += x[i];
		mean /= (double)n;
		for (size_t i = 0; i < n; i++)
			var += (x[i] - mean) * (x[i] - mean);
		seqk_rmsnorm(y, x, w, n, 1e-5f);
		for (size_t i = 0; i < n; i++)
			assert_true(fabs(y[i] - x[i] * w[i] / sqrt(q / (double)n + 1e-5)) < 4e-6);
		seqk_layernorm(y, x, w, b, n, 1e-5f);
		for (size_t i = 0; i < n; i++)
			assert_true(fabs(y[i] - (w[i] * (x[i] - mean) / sqrt(var / (double)n + 1e-5) + b[i])) < 4e-6);
		seqk_l2norm(y, x, n, 1e-5f);
		for (size_t i = 0; i < n; i++)
			assert_true(fabs(y[i] - x[i] / sqrt(q + 1e-5)) < 1e-6);
	}
}

static void rope(void **state)
{
	(void)state;
	float x[80], h[80], a[80], c[40], s[40];
	fill(x, 80, 6), fill(c, 40, 7), fill(s, 40, 8);
	for (size_t pairs = 0; pairs <= 40; pairs++) {
		for (size_t i = 0; i < 80; i++)
			h[i] = a[i] = x[i];
		seqk_rope_halves(h, c, s, pairs);
		seqk_rope_adjacent(a, c, s, pairs);
		for (size_t i = 0; i < pairs; i++) {
			double p = x[i], q = x[i + pairs];
			assert_true(fabs(h[i] - (p * c[i] - q * s[i])) < 1e-6);
			assert_true(fabs(h[i + pairs] - (q * c[i] + p * s[i])) < 1e-6);
			p = x[2 * i], q = x[2 * i + 1];
			assert_true(fabs(a[2 * i] - (p * c[i] - q * s[i])) < 1e-6);
			assert_true(fabs(a[2 * i + 1] - (q * c[i] + p * s[i])) < 1e-6);
		}
		for (size_t i = 2 * pairs; i < 80; i++)
			assert_true(h[i] == x[i] && a[i] == x[i]);
	}
}

static void softmax(void **state)
{
	(void)state;
	float x[100], y[100];
	fill(x, 100, 9);
	for (size_t n = 1; n <= 100; n++) {
		double sum = 0;
		seqk_softmax(y, x, n);
		for (size_t i = 0; i < n; i++)
			sum += exp(x[i]);
		for (size_t i = 0; i < n; i++)
			assert_true(fabs(y[i] - exp(x[i]) / sum) <= 1e-6 * exp(x[i]) / sum);
	}
}

/* Reads up to max floats of a reference value; 0 when it is not here. */
static size_t shared(const char *name, float *x, size_t max)
{
	const char *root = getenv("SEQ_SHARED"), *src = getenv("srcdir");
	char path[4096];
	snprintf(path, sizeof path, "%s%s/refs/numerics/functions/%s.f32", root ? root : src ? src : ".",
	         root ? "" : "/../shared", name);
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(x, sizeof *x, max, f) : 0;
	if (f)
		fclose(f);
	return n;
}

/* The tolerance of the references: 4e-7 relative, 4e-7 |x| for silu and gelu_tanh; results below the
 * normal numbers may be 0. */
static void references(void **state)
{
	(void)state;
	static const struct { const char *name; map_fn *f; double per_x; } rows[] = {
		{ "exp", seqk_exp, 0 }, { "sigmoid", seqk_sigmoid, 0 }, { "silu", seqk_silu, 4e-7 },
		{ "softplus", seqk_softplus, 0 }, { "tanh", seqk_tanh, 0 }, { "gelu_erf", seqk_gelu_erf, 0 },
		{ "gelu_tanh", seqk_gelu_tanh, 4e-7 }, { "relu2", seqk_relu2, 0 },
	};
	static float x[2000], want[2000], got[2000];
	size_t n = shared("x", x, 2000);
	if (!n)
		skip();
	for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
		assert_int_equal(shared(rows[k].name, want, 2000), n);
		rows[k].f(got, x, n);
		for (size_t i = 0; i < n; i++) {
			double bound = 4e-7 * fabs(want[i]) + rows[k].per_x * fabs(x[i]) + 1.2e-38;
			if (got[i] != want[i] && !(fabs((double)got[i] - want[i]) <= bound))
				fail_msg("%s(%a) = %a, not %a", rows[k].name, x[i], got[i], want[i]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions), cmocka_unit_test(edges), cmocka_unit_test(reductions),
		cmocka_unit_test(argmax_edges), cmocka_unit_test(norms), cmocka_unit_test(rope), cmocka_unit_test(softmax),
		cmocka_unit_test(references),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
