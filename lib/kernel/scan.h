/* SPDX-License-Identifier: MIT */
/* Causal convolution and state-space scans, marching through time.  Serial: one
 * call is one sequence and a range of channels (heads).  The state is read once
 * and written once a call.  Same bits for any cut of time or channels. */
#ifndef KERNEL_SCAN_H
#define KERNEL_SCAN_H

#include <stddef.h>

/* Depthwise causal convolution of width K (2..8) over channels [c0, c1):
 *   y[t][c] = act(bias[c] + sum over j of w[c][j] * x[t - (K-1) + j][c]);  acc = bias,
 *   acc = fma(w[c][j], x, acc) for j = 0..K-1.
 * x, y: [n][ldx], [n][ldy] (y may be x: time is walked backwards).  state [C][K-1], oldest first, is
 * read for t < K-1 and holds the last K-1 inputs on return.  silu: act is silu, else
 * identity.  bias may be NULL. */
void seqk_conv(float *y, size_t ldy, const float *x, size_t ldx, size_t n, const float *w,
               const float *bias, size_t K, int silu, float *state, size_t c0, size_t c1);

/* Mamba selective scan (S6; Gu, Dao: Mamba, 2023), channels [c0, c1), state h [C][N]:
 *   h[c][s] = fma(exp2(dt[t][c] * (A[c][s] * log2 e)), h[c][s], (dt[t][c] * x[t][c]) * B[t][s])
 *   y[t][c] = fma(D[c], x[t][c], sum over s of h[c][s] * C[t][s])   (16 lanes and tree over s)
 * then, if z is not NULL, y *= silu(z[t][c]).  dt is after softplus.  exp2 is good to 2 ulp, and is 2^-126
 * where it would be less.
 * Strides: ldx for x, ldy for y, lddt for dt, ldz for z, ldbc for B and C. */
typedef struct seqk_scan1 {
	const float *x, *dt, *z, *B, *C; /* [n][ld..] */
	size_t ldx, lddt, ldz, ldbc;
	const float *A; /* [C][N], negative */
	const float *D; /* [C] */
	float *y;
	size_t ldy;
	float *h; /* [C][N] */
	size_t n, N;
} seqk_scan1;
void seqk_scan_mamba(const seqk_scan1 *s, size_t c0, size_t c1);

/* Mamba-2 scan (SSD; Dao, Gu: Transformers are SSMs, 2024), heads [h0, h1), state
 * S [H][P][N]; head h uses group g = h / (H / G) of B, C [n][G][N]:
 *   a = exp(dt[t][h] * A[h]);  S[p][s] = fma(a, S[p][s], (dt[t][h] * x[t][h][p]) * B[t][g][s])
 *   y[t][h][p] = fma(D[h], x[t][h][p], sum over s of S[p][s] * C[t][g][s])  (16 lanes and tree)
 * dt is after softplus and clamp. */
typedef struct seqk_scan2 {
	const float *x, *dt, *B, *C;
	size_t ldx, lddt, ldbc;
	const float *A, *D; /* [H] */
	float *y;
	size_t ldy;
	float *S; /* [H][P][N] */
	size_t n, H, G, P, N;
} seqk_scan2;
void seqk_scan_mamba2(const seqk_scan2 *s, size_t h0, size_t h1);

#endif
