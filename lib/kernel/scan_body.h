/* SPDX-License-Identifier: MIT */
/* Convolution and scans of scan.h, once for all levels.  Included after a lanes_*.h.
 *
 * Time is cut into short spans so that a span's inputs stay in L1 while one state tile after
 * another marches through them in registers. */
#include "kernel/math_body.h"
#include "kernel/table.h"

enum { SPAN = 32, CONV_MAX = 8 };

LANES v16 part(const float *p, size_t n) { return n < 16 ? v_loadn(p, n) : v_load(p); }
LANES void put_part(float *p, v16 v, size_t n)
{
	if (n < 16)
		v_storen(p, v, n);
	else
		v_store(p, v);
}

/* Sixteen channels (n of them real) over all time, K constant. */
LANES void conv_lane(int K, float *y, size_t ldy, const float *x, size_t ldx, size_t n, const float *w,
                     const float *bias, int silu, float *state, size_t m)
{
	float wt[CONV_MAX][16] = { { 0 } }, old[CONV_MAX][16] = { { 0 } };
	for (size_t c = 0; c < m; c++)
		for (int j = 0; j < K; j++) {
			wt[j][c] = w[c * (size_t)K + (size_t)j];
			if (j < K - 1)
				old[j][c] = state[c * (size_t)(K - 1) + (size_t)j];
		}
	v16 tap[CONV_MAX], past[CONV_MAX], b = bias ? part(bias, m) : v_zero();
	UNROLL for (int j = 0; j < K; j++)
		tap[j] = v_load(wt[j]), past[j] = v_load(old[j]);
	for (size_t t = 0; t < n; t++) {
		past[K - 1] = part(x + t * ldx, m);
		v16 acc = b;
		UNROLL for (int j = 0; j < K; j++)
			acc = v_fma(tap[j], past[j], acc);
		put_part(y + t * ldy, silu ? v_silu(acc) : acc, m);
		UNROLL for (int j = 0; j < K - 1; j++)
			past[j] = past[j + 1];
	}
	for (int j = 0; j < K - 1; j++)
		v_store(old[j], past[j]);
	for (size_t c = 0; c < m; c++)
		UNROLL for (int j = 0; j < K - 1; j++)
			state[c * (size_t)(K - 1) + (size_t)j] = old[j][c];
}

static void conv(float *y, size_t ldy, const float *x, size_t ldx, size_t n, const float *w, const float *bias, size_t K,
                 int silu, float *state, size_t c0, size_t c1)
{
	for (size_t c = c0; c < c1; c += 16) {
		size_t m = c1 - c < 16 ? c1 - c : 16;
		const float *wc = w + c * K, *bc = bias ? bias + c : NULL;
		float *sc = state + c * (K - 1);
		switch (K) {
#define OF(k) case k: conv_lane(k, y + c, ldy, x + c, ldx, n, wc, bc, silu, sc, m); break
		OF(2); OF(3); OF(4); OF(5); OF(6); OF(7); OF(8);
#undef OF
		}
	}
}

/* One step of one channel, N = 16; returns h C, folded to eight lanes. */
LANES v8 mamba_step16(v16 *h, v16 A, float dt, float x, const float *B, const float *C)
{
	v16 a = v_exp(v_mul(v_set1(dt), A));
	*h = v_fma(a, *h, v_mul(v_set1(dt * x), v_load(B)));
	return v_fold(v_fma(*h, v_load(C), v_zero()));
}

/* One channel over a span, N = 16: the state in registers, sums over s eight steps at a time. */
LANES void mamba_channel16(const seqk_scan1 *s, size_t c, size_t t0, size_t n, float *sum)
{
	v16 h = v_load(s->h + c * 16), A = v_load(s->A + c * 16);
	const float *x = s->x + t0 * s->ldx + c, *dt = s->dt + t0 * s->lddt + c;
	const float *B = s->B + t0 * s->ldbc, *C = s->C + t0 * s->ldbc;
	size_t t = 0, lx = s->ldx, ld = s->lddt, lb = s->ldbc;
	for (; t + 8 <= n; t += 8) {
		v8 r[8];
		UNROLL for (size_t k = 0; k < 8; k++, x += lx, dt += ld, B += lb, C += lb)
			r[k] = mamba_step16(&h, A, *dt, *x, B, C);
		v8_sums(sum + t, r);
	}
	for (; t < n; t++, x += lx, dt += ld, B += lb, C += lb)
		sum[t] = v8_sum(mamba_step16(&h, A, *dt, *x, B, C));
	v_store(s->h + c * 16, h);
}

/* The same for any N: the state tile stays in memory. */
static void mamba_channel(const seqk_scan1 *s, size_t c, size_t t0, size_t n, float *sum)
{
	float *h = s->h + c * s->N;
	const float *A = s->A + c * s->N;
	for (size_t t = 0; t < n; t++) {
		const float *B = s->B + (t0 + t) * s->ldbc, *C = s->C + (t0 + t) * s->ldbc;
		float d = s->dt[(t0 + t) * s->lddt + c], dx = d * s->x[(t0 + t) * s->ldx + c];
		v16 acc = v_zero();
		for (size_t i = 0; i < s->N; i += 16) {
			size_t m = s->N - i;
			v16 a = v_exp(v_mul(v_set1(d), part(A + i, m)));
			v16 g = v_fma(a, part(h + i, m), v_mul(v_set1(dx), part(B + i, m)));
			put_part(h + i, g, m);
			acc = v_fma(g, part(C + i, m), acc);
		}
		sum[t] = v_sum(acc);
	}
}

static void gate_rows(const seqk_scan1 *s, size_t c0, size_t c1, size_t t0, size_t n)
{
	for (size_t t = t0; t < t0 + n; t++)
		for (size_t c = c0; c < c1; c += 16) {
			float *y = s->y + t * s->ldy + c;
			v16 z = part(s->z + t * s->ldz + c, c1 - c);
			put_part(y, v_mul(part(y, c1 - c), v_silu(z)), c1 - c);
		}
}

static void scan_mamba(const seqk_scan1 *s, size_t c0, size_t c1)
{
	float sum[SPAN + 8];
	for (size_t t = 0; t < s->n; t += SPAN) {
		size_t n = s->n - t < SPAN ? s->n - t : SPAN;
		for (size_t c = c0; c < c1; c++) {
			if (s->N == 16)
				mamba_channel16(s, c, t, n, sum);
			else
				mamba_channel(s, c, t, n, sum);
			for (size_t k = 0; k < n; k++)
				s->y[(t + k) * s->ldy + c] = fmaf(s->D[c], s->x[(t + k) * s->ldx + c], sum[k]);
		}
		if (s->z)
			gate_rows(s, c0, c1, t, n);
	}
}

/* Columns [i, i + 16 W) of one row of the state over a span; lanes[t] carries the
 * 16 running sums.  m < 16: a last, short column (W is 1). */
LANES void mamba2_tile(int W, float *S, const float *B, const float *C, size_t ld, size_t n, const float *a,
                       const float *dx, float *lanes, size_t m)
{
	v16 h[V_STATE];
	UNROLL for (int w = 0; w < W; w++)
		h[w] = part(S + 16 * w, m);
	for (size_t t = 0; t < n; t++, B += ld, C += ld) {
		v16 at = v_set1(a[t]), dt = v_set1(dx[t]), acc = v_load(lanes + 16 * t);
		UNROLL for (int w = 0; w < W; w++) {
			h[w] = v_fma(at, h[w], v_mul(dt, part(B + 16 * w, m)));
			acc = v_fma(h[w], part(C + 16 * w, m), acc);
		}
		v_store(lanes + 16 * t, acc);
	}
	UNROLL for (int w = 0; w < W; w++)
		put_part(S + 16 * w, h[w], m);
}

/* One row of the state over a span. */
static void mamba2_row(float *S, const float *B, const float *C, size_t ld, size_t n, size_t N, const float *a,
                       const float *dx, float *lanes)
{
	size_t i = 0;
	memset(lanes, 0, 16 * n * sizeof *lanes);
	for (; i + 16 * V_STATE <= N; i += 16 * V_STATE)
		mamba2_tile(V_STATE, S + i, B + i, C + i, ld, n, a, dx, lanes, 16);
	for (; i + 16 <= N; i += 16)
		mamba2_tile(1, S + i, B + i, C + i, ld, n, a, dx, lanes, 16);
	if (i < N)
		mamba2_tile(1, S + i, B + i, C + i, ld, n, a, dx, lanes, N - i);
}

static void mamba2_head(const seqk_scan2 *s, size_t h, size_t t0, size_t n)
{
	float a[SPAN], dt[SPAN], dx[SPAN], lanes[16 * SPAN];
	size_t group = h / (s->H / s->G) * s->N;
	for (size_t t = 0; t < n; t++)
		dt[t] = s->dt[(t0 + t) * s->lddt + h];
	for (size_t t = 0; t < n; t += 16)
		put_part(a + t, v_exp(v_mul(part(dt + t, n - t), v_set1(s->A[h]))), n - t);
	for (size_t p = 0; p < s->P; p++) {
		const float *x = s->x + t0 * s->ldx + h * s->P + p;
		float *y = s->y + t0 * s->ldy + h * s->P + p;
		for (size_t t = 0; t < n; t++)
			dx[t] = dt[t] * x[t * s->ldx];
		mamba2_row(s->S + (h * s->P + p) * s->N, s->B + t0 * s->ldbc + group, s->C + t0 * s->ldbc + group, s->ldbc, n,
		           s->N, a, dx, lanes);
		for (size_t t = 0; t < n; t++)
			y[t * s->ldy] = fmaf(s->D[h], x[t * s->ldx], v_sum(v_load(lanes + 16 * t)));
	}
}

static void scan_mamba2(const seqk_scan2 *s, size_t h0, size_t h1)
{
	for (size_t t = 0; t < s->n; t += SPAN)
		for (size_t h = h0; h < h1; h++)
			mamba2_head(s, h, t, s->n - t < SPAN ? s->n - t : SPAN);
}

static void fill_scan(seqk_table *t)
{
	t->conv = conv, t->scan_mamba = scan_mamba, t->scan_mamba2 = scan_mamba2;
}
