/* SPDX-License-Identifier: MIT */
/* The kernels of vec.h, once for all levels.  Included after a lanes_*.h. */
#include "kernel/math_body.h"
#include "kernel/part_body.h"
#include "kernel/table.h"

/* y = F for every element, F written in X (and Y); in the tail the missing lanes are zero and thrown away. */
#define MAP(y, x, n, F) do { \
	size_t i_ = 0; \
	for (; i_ + 16 <= (n); i_ += 16) { v16 X = v_load((x) + i_); v_store((y) + i_, F); } \
	if (i_ < (n)) { v16 X = v_loadn((x) + i_, (n) - i_); v_storen((y) + i_, F, (n) - i_); } \
} while (0)
#define MAP2(y, a, b, n, F) do { \
	size_t i_ = 0; \
	for (; i_ + 16 <= (n); i_ += 16) { \
		v16 X = v_load((a) + i_), Y = v_load((b) + i_); v_store((y) + i_, F); } \
	if (i_ < (n)) { \
		v16 X = v_loadn((a) + i_, (n) - i_), Y = v_loadn((b) + i_, (n) - i_); \
		v_storen((y) + i_, F, (n) - i_); } \
} while (0)

static float vec_sum(const float *x, size_t n)
{
	v16 s = v_zero();
	size_t i = 0;
	for (; i + 16 <= n; i += 16)
		s = v_add(s, v_load(x + i));
	if (i < n)
		s = v_add(s, v_loadn(x + i, n - i));
	return v_sum(s);
}

static float vec_dot(const float *x, const float *y, size_t n)
{
	v16 s = v_zero();
	size_t i = 0;
	for (; i + 16 <= n; i += 16)
		s = v_fma(v_load(x + i), v_load(y + i), s);
	if (i < n)
		s = v_fma(v_loadn(x + i, n - i), v_loadn(y + i, n - i), s);
	return v_sum(s);
}

static float vec_sumsq(const float *x, size_t n) { return vec_dot(x, x, n); }

static float vec_max(const float *x, size_t n)
{
	v16 m = v_set1(-INFINITY);
	size_t i = 0;
	for (; i + 16 <= n; i += 16)
		m = v_max(v_load(x + i), m);
	if (i < n)
		m = v_max(v_sel(v_range(0, (int)(n - i)), v_loadn(x + i, n - i), v_set1(-INFINITY)), m);
	return v_top(m);
}

static size_t vec_argmax(const float *x, size_t n)
{
	v16 m = v_set1(vec_max(x, n));
	size_t i = 0;
	for (; i + 16 <= n; i += 16) {
		unsigned b = v_bits(v_eq(v_load(x + i), m));
		if (b)
			return i + (size_t)__builtin_ctz(b);
	}
	if (i < n) {
		unsigned b = v_bits(v_eq(v_loadn(x + i, n - i), m)) & ((1u << (n - i)) - 1);
		if (b)
			return i + (size_t)__builtin_ctz(b);
	}
	return 0;
}

static void vec_rmsnorm(float *y, const float *x, const float *w, size_t n, float eps)
{
	v16 r = v_set1(1 / sqrtf(vec_sumsq(x, n) / (float)n + eps));
	if (w)
		MAP2(y, x, w, n, v_mul(v_mul(X, r), Y));
	else
		MAP(y, x, n, v_mul(X, r));
}

/* c = x - mean, sum of squares */
static float centred(const float *x, size_t n, v16 mean)
{
	v16 s = v_zero();
	size_t i = 0;
	for (; i + 16 <= n; i += 16) {
		v16 c = v_sub(v_load(x + i), mean);
		s = v_fma(c, c, s);
	}
	if (i < n) {
		v16 c = v_sel(v_range(0, (int)(n - i)), v_sub(v_loadn(x + i, n - i), mean), v_zero());
		s = v_fma(c, c, s);
	}
	return v_sum(s);
}

LANES v16 maybe(const float *p, size_t i, size_t n, float otherwise)
{
	return p ? v_part(p + i, n) : v_set1(otherwise);
}

static void vec_layernorm(float *y, const float *x, const float *w, const float *b, size_t n, float eps)
{
	v16 mean = v_set1(vec_sum(x, n) / (float)n);
	v16 r = v_set1(1 / sqrtf(centred(x, n, mean) / (float)n + eps));
	size_t i = 0;
	for (; i + 16 <= n; i += 16)
		v_store(y + i, v_fma(v_mul(v_sub(v_load(x + i), mean), r), maybe(w, i, 16, 1), maybe(b, i, 16, 0)));
	if (i < n)
		v_storen(y + i, v_fma(v_mul(v_sub(v_loadn(x + i, n - i), mean), r), maybe(w, i, n - i, 1),
		                      maybe(b, i, n - i, 0)), n - i);
}

static void vec_l2norm(float *y, const float *x, size_t n, float eps)
{
	v16 r = v_set1(sqrtf(vec_sumsq(x, n) + eps));
	MAP(y, x, n, v_div(X, r));
}

static void vec_add(float *y, const float *a, const float *b, size_t n) { MAP2(y, a, b, n, v_add(X, Y)); }
static void vec_mul(float *y, const float *a, const float *b, size_t n) { MAP2(y, a, b, n, v_mul(X, Y)); }

static void vec_silu_mul(float *y, const float *a, const float *b, size_t n)
{
	MAP2(y, a, b, n, v_mul(v_silu(X), Y));
}

static void vec_scale(float *y, const float *x, float s, size_t n)
{
	v16 k = v_set1(s);
	MAP(y, x, n, v_mul(X, k));
}

static void vec_axpby(float *y, float a, const float *x, float b, const float *z, size_t n)
{
	v16 va = v_set1(a), vb = v_set1(b);
	MAP2(y, x, z, n, v_fma(va, X, v_mul(vb, Y)));
}

static void vec_exp(float *y, const float *x, size_t n) { MAP(y, x, n, v_exp(X)); }
static void vec_sigmoid(float *y, const float *x, size_t n) { MAP(y, x, n, v_sigmoid(X)); }
static void vec_tanh(float *y, const float *x, size_t n) { MAP(y, x, n, v_tanh(X)); }
static void vec_silu(float *y, const float *x, size_t n) { MAP(y, x, n, v_silu(X)); }
static void vec_softplus(float *y, const float *x, size_t n) { MAP(y, x, n, v_softplus(X)); }
static void vec_relu(float *y, const float *x, size_t n) { MAP(y, x, n, v_max(v_zero(), X)); }
static void vec_gelu_tanh(float *y, const float *x, size_t n) { MAP(y, x, n, v_gelu_tanh(X)); }
static void vec_gelu_erf(float *y, const float *x, size_t n) { MAP(y, x, n, v_gelu_erf(X)); }

static void vec_relu2(float *y, const float *x, size_t n)
{
	MAP(y, x, n, v_mul(v_max(v_zero(), X), v_max(v_zero(), X)));
}

static void vec_softcap(float *y, const float *x, float cap, size_t n)
{
	v16 c = v_set1(cap);
	MAP(y, x, n, v_softcap(X, c));
}

static void vec_softmax(float *y, const float *x, size_t n)
{
	v16 m = v_set1(vec_max(x, n)), s = v_zero();
	size_t i = 0;
	for (; i + 16 <= n; i += 16) {
		v16 e = v_exp(v_sub(v_load(x + i), m));
		s = v_add(s, e);
		v_store(y + i, e);
	}
	if (i < n) {
		v16 e = v_sel(v_range(0, (int)(n - i)), v_exp(v_sub(v_loadn(x + i, n - i), m)), v_zero());
		s = v_add(s, e);
		v_storen(y + i, e, n - i);
	}
	v16 all = v_set1(v_sum(s));
	MAP(y, y, n, v_div(X, all));
}

LANES void turn(v16 *a, v16 *b, v16 c, v16 s)
{
	v16 r = v_fma(*a, c, v_neg(v_mul(*b, s)));
	*b = v_fma(*b, c, v_mul(*a, s));
	*a = r;
}

static void vec_rope_halves(float *x, const float *cos, const float *sin, size_t pairs)
{
	float *z = x + pairs;
	size_t i = 0;
	for (; i + 16 <= pairs; i += 16) {
		v16 a = v_load(x + i), b = v_load(z + i);
		turn(&a, &b, v_load(cos + i), v_load(sin + i));
		v_store(x + i, a);
		v_store(z + i, b);
	}
	if (i < pairs) {
		size_t n = pairs - i;
		v16 a = v_loadn(x + i, n), b = v_loadn(z + i, n);
		turn(&a, &b, v_loadn(cos + i, n), v_loadn(sin + i, n));
		v_storen(x + i, a, n);
		v_storen(z + i, b, n);
	}
}

static void vec_rope_adjacent(float *x, const float *cos, const float *sin, size_t pairs)
{
	for (size_t i = 0; i < pairs; i += 8) {
		size_t n = pairs - i < 8 ? pairs - i : 8;
		v16 a = n < 8 ? v_loadn(x + 2 * i, 2 * n) : v_load(x + 2 * i);
		v16 c = v_twice(v_loadn(cos + i, n)), s = v_twice(v_loadn(sin + i, n));
		a = v_fma(a, c, v_negeven(v_mul(v_swap(a), s)));
		if (n < 8)
			v_storen(x + 2 * i, a, 2 * n);
		else
			v_store(x + 2 * i, a);
	}
}

static void fill_vec(seqk_table *t)
{
	t->sum = vec_sum, t->sumsq = vec_sumsq, t->dot = vec_dot, t->max = vec_max, t->argmax = vec_argmax;
	t->rmsnorm = vec_rmsnorm, t->layernorm = vec_layernorm, t->l2norm = vec_l2norm;
	t->add = vec_add, t->mul = vec_mul, t->silu_mul = vec_silu_mul;
	t->scale = vec_scale, t->axpby = vec_axpby;
	t->exp = vec_exp, t->sigmoid = vec_sigmoid, t->tanh = vec_tanh, t->silu = vec_silu;
	t->softplus = vec_softplus, t->relu = vec_relu, t->relu2 = vec_relu2;
	t->gelu_tanh = vec_gelu_tanh, t->gelu_erf = vec_gelu_erf, t->softcap = vec_softcap;
	t->softmax = vec_softmax, t->rope_halves = vec_rope_halves, t->rope_adjacent = vec_rope_adjacent;
}
