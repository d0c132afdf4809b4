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
		if (t + 16 < n) { /* rows far apart: no hardware does this for us */
			__builtin_prefetch(x + (t + 16) * ldx);
			__builtin_prefetch(y + (t + 16) * ldy, 1);
		}
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

/* Sixteen channels of a span, copied close together: rows of a model lie a power of two apart and
 * would push each other out of L1. */
typedef struct span {
	float x[SPAN][16], dt[SPAN][16], sum[16][SPAN];
} span;

LANES void fetch(float (*to)[16], const float *p, size_t ld, size_t n, size_t m)
{
	for (size_t t = 0; t < n; t++)
		v_store(to[t], part(p + t * ld, m));
}

/* One step of one channel, N = 16; returns h C, folded to eight lanes. */
LANES v8 mamba_step16(v16 *h, v16 A, float dt, float x, const float *B, const float *C)
{
	v16 a = v_exp(v_mul(v_set1(dt), A));
	*h = v_fma(a, *h, v_mul(v_set1(dt * x), v_load(B)));
	return v_fold(v_fma(*h, v_load(C), v_zero()));
}

/* Channel k of a span, N = 16: the state in registers, sums over s eight steps at a time. */
LANES void mamba_channel16(const seqk_scan1 *s, span *p, size_t c, size_t k, size_t t0, size_t n)
{
	v16 h = v_load(s->h + c * 16), A = v_load(s->A + c * 16);
	const float *B = s->B + t0 * s->ldbc, *C = s->C + t0 * s->ldbc;
	size_t t = 0, ld = s->ldbc;
	for (; t + 8 <= n; t += 8) {
		v8 r[8];
		UNROLL for (size_t j = 0; j < 8; j++, B += ld, C += ld)
			r[j] = mamba_step16(&h, A, p->dt[t + j][k], p->x[t + j][k], B, C);
		v8_sums(p->sum[k] + t, r);
	}
	for (; t < n; t++, B += ld, C += ld)
		p->sum[k][t] = v8_sum(mamba_step16(&h, A, p->dt[t][k], p->x[t][k], B, C));
	v_store(s->h + c * 16, h);
}

/* The same for any N: the state stays in memory. */
static void mamba_channel(const seqk_scan1 *s, span *p, size_t c, size_t k, size_t t0, size_t n)
{
	float *h = s->h + c * s->N;
	const float *A = s->A + c * s->N;
	for (size_t t = 0; t < n; t++) {
		const float *B = s->B + (t0 + t) * s->ldbc, *C = s->C + (t0 + t) * s->ldbc;
		float d = p->dt[t][k], dx = d * p->x[t][k];
		v16 acc = v_zero();
		for (size_t i = 0; i < s->N; i += 16) {
			size_t m = s->N - i;
			v16 a = v_exp(v_mul(v_set1(d), part(A + i, m)));
			v16 g = v_fma(a, part(h + i, m), v_mul(v_set1(dx), part(B + i, m)));
			put_part(h + i, g, m);
			acc = v_fma(g, part(C + i, m), acc);
		}
		p->sum[k][t] = v_sum(acc);
	}
}

/* y = fma(D, x, sum), times silu(z) */
static void mamba_out(const seqk_scan1 *s, const span *p, size_t c, size_t m, size_t t0, size_t n)
{
	v16 D = part(s->D + c, m);
	for (size_t t = 0; t < n; t++) {
		float row[16] = { 0 };
		for (size_t k = 0; k < 16 && k < m; k++)
			row[k] = p->sum[k][t];
		v16 y = v_fma(D, v_load(p->x[t]), v_load(row));
		if (s->z)
			y = v_mul(y, v_silu(part(s->z + (t0 + t) * s->ldz + c, m)));
		put_part(s->y + (t0 + t) * s->ldy + c, y, m);
	}
}

static void mamba_block(const seqk_scan1 *s, size_t c, size_t m, size_t t0, size_t n)
{
	span p;
	fetch(p.x, s->x + t0 * s->ldx + c, s->ldx, n, m);
	fetch(p.dt, s->dt + t0 * s->lddt + c, s->lddt, n, m);
	for (size_t k = 0; k < 16 && k < m; k++)
		if (s->N == 16)
			mamba_channel16(s, &p, c + k, k, t0, n);
		else
			mamba_channel(s, &p, c + k, k, t0, n);
	mamba_out(s, &p, c, m, t0, n);
}

static void scan_mamba(const seqk_scan1 *s, size_t c0, size_t c1)
{
	for (size_t t = 0; t < s->n; t += SPAN)
		for (size_t c = c0; c < c1; c += 16)
			mamba_block(s, c, c1 - c, t, s->n - t < SPAN ? s->n - t : SPAN);
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

/* Rows p to p + m of a head, m <= 16. */
static void mamba2_rows(const seqk_scan2 *s, size_t h, size_t p, size_t m, size_t t0, size_t n, const float *a,
                        const float *dt)
{
	float x[SPAN][16], y[SPAN][16] = { { 0 } }, dx[SPAN], lanes[16 * SPAN];
	size_t at = t0 * s->ldbc + h / (s->H / s->G) * s->N, col = h * s->P + p;
	fetch(x, s->x + t0 * s->ldx + col, s->ldx, n, m);
	for (size_t k = 0; k < m; k++) {
		for (size_t t = 0; t < n; t++)
			dx[t] = dt[t] * x[t][k];
		mamba2_row(s->S + (col + k) * s->N, s->B + at, s->C + at, s->ldbc, n, s->N, a, dx, lanes);
		for (size_t t = 0; t < n; t++)
			y[t][k] = v_sum(v_load(lanes + 16 * t));
	}
	for (size_t t = 0; t < n; t++)
		put_part(s->y + (t0 + t) * s->ldy + col, v_fma(v_set1(s->D[h]), v_load(x[t]), v_load(y[t])), m);
}

static void mamba2_head(const seqk_scan2 *s, size_t h, size_t t0, size_t n)
{
	float a[SPAN], dt[SPAN];
	for (size_t t = 0; t < n; t++)
		dt[t] = s->dt[(t0 + t) * s->lddt + h];
	for (size_t t = 0; t < n; t += 16)
		put_part(a + t, v_exp(v_mul(part(dt + t, n - t), v_set1(s->A[h]))), n - t);
	for (size_t p = 0; p < s->P; p += 16)
		mamba2_rows(s, h, p, s->P - p < 16 ? s->P - p : 16, t0, n, a, dt);
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
