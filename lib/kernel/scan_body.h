/* SPDX-License-Identifier: MIT */
/* Convolution and scans of scan.h, once for all levels.  Included after a lanes_*.h.
 *
 * Time is cut into short spans so that a span's inputs stay in L1 while one state tile after
 * another marches through them in registers. */
#include "kernel/math_body.h"
#include "kernel/part_body.h"
#include "kernel/table.h"

enum { SPAN = 16, CONV_MAX = 8, CONV_TILE = 64 };

/* What a tile of channels needs besides its inputs, a row for each tap. */
typedef struct conv_taps {
	_Alignas(64) float w[CONV_MAX][CONV_TILE], old[CONV_MAX][CONV_TILE], bias[CONV_TILE];
} conv_taps;

LANES void conv_open(int K, conv_taps *p, const float *w, const float *bias, const float *state, size_t m)
{
	size_t k = (size_t)K;
	for (size_t c = 0; c < m; c++) {
		p->bias[c] = bias ? bias[c] : 0;
		UNROLL for (size_t j = 0; j < (size_t)K; j++)
			p->w[j][c] = w[c * k + j];
		UNROLL for (size_t j = 0; j < (size_t)K - 1; j++)
			p->old[j][c] = state[c * (k - 1) + j];
	}
}

/* The K rows that row t reads: inputs, before them the state. */
LANES void conv_rows(int K, const float **row, const conv_taps *p, const float *x, size_t ldx, size_t t)
{
	UNROLL for (size_t j = 0; j < (size_t)K; j++)
		row[j] = t + j < (size_t)K - 1 ? p->old[t + j] : x + (t + j - ((size_t)K - 1)) * ldx;
}

/* What would be read before row n is the state from now on. */
LANES void conv_close(int K, const conv_taps *p, const float *x, size_t ldx, size_t n, float *state, size_t m)
{
	const float *row[CONV_MAX];
	conv_rows(K, row, p, x, ldx, n);
	for (size_t c = 0; c < m; c++)
		UNROLL for (size_t j = 0; j < (size_t)K - 1; j++)
			state[c * ((size_t)K - 1) + j] = row[j][c];
}

/* m channels of at most CONV_TILE over all time, backwards, so that y may be x. */
LANES void conv_tile(int K, conv_taps *p, float *y, size_t ldy, const float *x, size_t ldx, size_t n, int silu, size_t m)
{
	for (size_t t = n; t-- > 0;) {
		const float *row[CONV_MAX];
		conv_rows(K, row, p, x, ldx, t);
		for (size_t c = 0; c < m; c += 16) {
			if (t > 16) /* rows far apart: no hardware does this for us */
				__builtin_prefetch(x + (t - 16) * ldx + c);
			v16 acc = v_load(p->bias + c);
			UNROLL for (int j = 0; j < K; j++)
				acc = v_fma(v_load(p->w[j] + c), v_part(row[j] + c, m - c), acc);
			v_put_part(y + t * ldy + c, silu ? v_silu(acc) : acc, m - c);
		}
	}
}

static void conv(float *y, size_t ldy, const float *x, size_t ldx, size_t n, const float *w, const float *bias, size_t K,
                 int silu, float *state, size_t c0, size_t c1)
{
	conv_taps p;
	if (!n)
		return;
	memset(&p, 0, sizeof p); /* channels that are none */
	for (size_t c = c0; c < c1; c += CONV_TILE) {
		size_t m = c1 - c < CONV_TILE ? c1 - c : CONV_TILE;
		const float *wc = w + c * K, *bc = bias ? bias + c : NULL;
		float *sc = state + c * (K - 1);
		switch (K) {
#define OF(k) case k: \
			conv_open(k, &p, wc, bc, sc, m); \
			conv_close(k, &p, x + c, ldx, n, sc, m); \
			conv_tile(k, &p, y + c, ldy, x + c, ldx, n, silu, m); \
			break
		OF(2); OF(3); OF(4); OF(5); OF(6); OF(7); OF(8);
#undef OF
		}
	}
}

/* Sixteen channels of a span, copied close together: rows of a model lie a power of two apart and
 * would push each other out of L1. */
typedef struct span {
	_Alignas(64) float x[SPAN][16], dt[SPAN][16], dx[SPAN][16];
	v8 sum[SPAN][16]; /* of a channel: over s, folded to eight lanes */
} span;

LANES void fetch(float (*to)[16], const float *p, size_t ld, size_t n, size_t m)
{
	for (size_t t = 0; t < n; t++)
		v_store(to[t], v_part(p + t * ld, m));
}

/* The lines that the next block of channels will want. */
LANES void fetch_ahead(const float *p, size_t ld, size_t n)
{
	for (size_t t = 0; t < n; t++)
		__builtin_prefetch(p + t * ld);
}

/* Channel k of a span, N = 16: the state in registers. */
LANES void mamba_channel16(const seqk_scan1 *s, span *p, size_t c, size_t k, size_t t0, size_t n)
{
	v16 h = v_load(s->h + c * 16), A = v_mul(v_load(s->A + c * 16), v_set1(LOG2E));
	const float *B = s->B + t0 * s->ldbc, *C = s->C + t0 * s->ldbc;
	size_t ld = s->ldbc;
	for (size_t t = 0; t < n; t++, B += ld, C += ld) {
		v16 a = v_exp2_neg(v_mul(v_set1(p->dt[t][k]), A));
		h = v_fma(a, h, v_mul(v_set1(p->dx[t][k]), v_load(B)));
		p->sum[t][k] = v_fold(v_fma(h, v_load(C), v_zero()));
	}
	v_store(s->h + c * 16, h);
}

/* The same for any N: the state stays in memory. */
static void mamba_channel(const seqk_scan1 *s, span *p, size_t c, size_t k, size_t t0, size_t n)
{
	float *h = s->h + c * s->N;
	const float *A = s->A + c * s->N;
	for (size_t t = 0; t < n; t++) {
		const float *B = s->B + (t0 + t) * s->ldbc, *C = s->C + (t0 + t) * s->ldbc;
		v16 acc = v_zero(), dt = v_set1(p->dt[t][k]), dx = v_set1(p->dx[t][k]);
		for (size_t i = 0; i < s->N; i += 16) {
			size_t m = s->N - i;
			v16 a = v_exp2_neg(v_mul(dt, v_mul(v_part(A + i, m), v_set1(LOG2E))));
			v16 g = v_fma(a, v_part(h + i, m), v_mul(dx, v_part(B + i, m)));
			v_put_part(h + i, g, m);
			acc = v_fma(g, v_part(C + i, m), acc);
		}
		p->sum[t][k] = v_fold(acc);
	}
}

/* y = fma(D, x, sum), times silu(z) */
static void mamba_out(const seqk_scan1 *s, const span *p, size_t c, size_t m, size_t t0, size_t n)
{
	v16 D = v_part(s->D + c, m);
	for (size_t t = 0; t < n; t++) {
		float sum[16];
		v8_sums(sum, p->sum[t]);
		v8_sums(sum + 8, p->sum[t] + 8);
		v16 y = v_fma(D, v_load(p->x[t]), v_load(sum));
		if (s->z)
			y = v_mul(y, v_silu(v_part(s->z + (t0 + t) * s->ldz + c, m)));
		v_put_part(s->y + (t0 + t) * s->ldy + c, y, m);
	}
}

static void mamba_block(const seqk_scan1 *s, span *p, size_t c, size_t m, size_t t0, size_t n)
{
	const float *x = s->x + t0 * s->ldx + c, *dt = s->dt + t0 * s->lddt + c;
	fetch(p->x, x, s->ldx, n, m);
	fetch(p->dt, dt, s->lddt, n, m);
	for (size_t t = 0; t < n; t++)
		v_store(p->dx[t], v_mul(v_load(p->dt[t]), v_load(p->x[t])));
	if (m > 16) {
		fetch_ahead(x + 16, s->ldx, n);
		fetch_ahead(dt + 16, s->lddt, n);
		if (s->z)
			fetch_ahead(s->z + t0 * s->ldz + c + 16, s->ldz, n);
	}
	for (size_t k = 0; k < 16 && k < m; k++)
		if (s->N == 16)
			mamba_channel16(s, p, c + k, k, t0, n);
		else
			mamba_channel(s, p, c + k, k, t0, n);
	mamba_out(s, p, c, m, t0, n);
}

static void scan_mamba(const seqk_scan1 *s, size_t c0, size_t c1)
{
	span p;
	memset(p.sum, 0, sizeof p.sum); /* of channels that are none */
	for (size_t t = 0; t < s->n; t += SPAN)
		for (size_t c = c0; c < c1; c += 16)
			mamba_block(s, &p, c, c1 - c, t, s->n - t < SPAN ? s->n - t : SPAN);
}

/* Mamba-2: LONG steps of B and C stay in L2 while the heads go by; within them a span stays in L1
 * while a head's state goes by, M2_ROWS rows at a time, M2_REGS registers of each. */
enum { M2_SPAN = 16, LONG = 128, M2_ROWS = V_STATE / 2, M2_REGS = 4, M2_GROUP = 8 };

/* Eight rows of a head over a span: x, dt x, and for each row the 16 running sums over s. */
typedef struct rows8 {
	_Alignas(64) float x[M2_SPAN][16], dx[M2_SPAN][16], lanes[M2_SPAN][M2_GROUP][16];
} rows8;

/* R rows from k on, columns 16 w + [0, V_REG) for w < M2_REGS, over a span.  S, B, C, r->lanes
 * begin at the first column.  first: the sums begin here. */
LANES void mamba2_tile(int R, int first, float *S, size_t N, const float *B, const float *C, size_t ld, size_t n,
                       const float *a, rows8 *r, size_t k, size_t lane)
{
	vreg h[M2_ROWS][M2_REGS], dx[M2_ROWS], acc[M2_ROWS];
	UNROLL for (int i = 0; i < R; i++)
		UNROLL for (int w = 0; w < M2_REGS; w++)
			h[i][w] = r_load(S + (size_t)i * N + 16 * w);
	for (size_t t = 0; t < n; t++, B += ld, C += ld) {
		vreg at = r_set1(a[t]);
		UNROLL for (int i = 0; i < R; i++) {
			dx[i] = r_set1(r->dx[t][k + (size_t)i]);
			acc[i] = first ? r_set1(0) : r_load(r->lanes[t][k + (size_t)i] + lane);
		}
		UNROLL for (int w = 0; w < M2_REGS; w++) {
			vreg b = r_keep(r_load(B + 16 * w)), c = r_keep(r_load(C + 16 * w));
			UNROLL for (int i = 0; i < R; i++) {
				h[i][w] = r_fma(at, h[i][w], r_mul(dx[i], b));
				acc[i] = r_fma(h[i][w], c, acc[i]);
			}
		}
		UNROLL for (int i = 0; i < R; i++)
			r_store(r->lanes[t][k + (size_t)i] + lane, acc[i]);
	}
	UNROLL for (int i = 0; i < R; i++)
		UNROLL for (int w = 0; w < M2_REGS; w++)
			r_store(S + (size_t)i * N + 16 * w, h[i][w]);
}

/* One row, m columns of at most 16. */
static void mamba2_column(float *S, const float *B, const float *C, size_t ld, size_t n, const float *a, rows8 *r, size_t k,
                          size_t m)
{
	v16 h = v_part(S, m);
	for (size_t t = 0; t < n; t++, B += ld, C += ld) {
		h = v_fma(v_set1(a[t]), h, v_mul(v_set1(r->dx[t][k]), v_part(B, m)));
		v_store(r->lanes[t][k], v_fma(h, v_part(C, m), v_load(r->lanes[t][k])));
	}
	v_put_part(S, h, m);
}

/* Rows k to k + R over a span, all columns. */
LANES void mamba2_row(int R, float *S, size_t N, const float *B, const float *C, size_t ld, size_t n, const float *a,
                      rows8 *r, size_t k)
{
	size_t i = 0;
	if (N < 16 * M2_REGS)
		for (size_t t = 0; t < n; t++)
			memset(r->lanes[t][k], 0, (size_t)R * sizeof r->lanes[t][k]);
	for (; i + 16 * M2_REGS <= N; i += 16 * M2_REGS)
		for (size_t l = 0; l < 16; l += V_REG)
			if (i == 0)
				mamba2_tile(R, 1, S + i + l, N, B + i + l, C + i + l, ld, n, a, r, k, l);
			else
				mamba2_tile(R, 0, S + i + l, N, B + i + l, C + i + l, ld, n, a, r, k, l);
	for (; i < N; i += 16)
		for (size_t j = 0; j < (size_t)R; j++)
			mamba2_column(S + j * N + i, B + i, C + i, ld, n, a, r, k + j, N - i);
}

/* m <= 8 floats; masked stores are slow on some CPUs. */
LANES void eight(float *to, const float *from, size_t m)
{
	if (m == M2_GROUP)
		memcpy(to, from, M2_GROUP * sizeof *to);
	else
		memcpy(to, from, m * sizeof *to);
}

/* Rows p to p + m of a head, m <= 8. */
static void mamba2_rows(const seqk_scan2 *s, size_t h, size_t p, size_t m, size_t t0, size_t n, const float *a,
                        const float *dt, rows8 *r)
{
	size_t at = t0 * s->ldbc + h / (s->H / s->G) * s->N, col = h * s->P + p, k = 0;
	const float *x = s->x + t0 * s->ldx + col;
	float *S = s->S + col * s->N, *y = s->y + t0 * s->ldy + col, sum[16] = { 0 };
	for (size_t t = 0; t < n; t++) {
		eight(r->x[t], x + t * s->ldx, m);
		v_store(r->dx[t], v_mul(v_set1(dt[t]), v_load(r->x[t])));
	}
	for (; k + M2_ROWS <= m; k += M2_ROWS)
		mamba2_row(M2_ROWS, S + k * s->N, s->N, s->B + at, s->C + at, s->ldbc, n, a, r, k);
	for (; k < m; k++)
		mamba2_row(1, S + k * s->N, s->N, s->B + at, s->C + at, s->ldbc, n, a, r, k);
	for (size_t t = 0; t < n; t++) {
		v8 f[M2_GROUP];
		UNROLL for (k = 0; k < M2_GROUP; k++)
			f[k] = v_fold(v_load(r->lanes[t][k]));
		v8_sums(sum, f);
		v_store(sum, v_fma(v_set1(s->D[h]), v_load(r->x[t]), v_load(sum)));
		eight(y + t * s->ldy, sum, m);
	}
}

static void mamba2_head(const seqk_scan2 *s, size_t h, size_t t0, size_t n, rows8 *r)
{
	float a[M2_SPAN], dt[M2_SPAN];
	for (size_t t = 0; t < n; t++)
		dt[t] = s->dt[(t0 + t) * s->lddt + h];
	v_put_part(a, v_exp(v_mul(v_part(dt, n), v_set1(s->A[h]))), n);
	for (size_t p = 0; p < s->P; p += M2_GROUP)
		mamba2_rows(s, h, p, s->P - p < M2_GROUP ? s->P - p : M2_GROUP, t0, n, a, dt, r);
}

static void scan_mamba2(const seqk_scan2 *s, size_t h0, size_t h1)
{
	rows8 r;
	memset(&r, 0, sizeof r); /* rows that are none */
	for (size_t t0 = 0; t0 < s->n; t0 += LONG)
		for (size_t h = h0; h < h1; h++)
			for (size_t t = t0; t < s->n && t < t0 + LONG; t += M2_SPAN)
				mamba2_head(s, h, t, s->n - t < M2_SPAN ? s->n - t : M2_SPAN, &r);
}

static void fill_scan(seqk_table *t)
{
	t->conv = conv, t->scan_mamba = scan_mamba, t->scan_mamba2 = scan_mamba2;
}
