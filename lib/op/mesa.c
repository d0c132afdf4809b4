/* SPDX-License-Identifier: MIT */
/* MesaNet: Hkk = exp(g) Hkk + beta outer(k, k), Hkv = exp(g) Hkv + beta outer(k, v), o = q (Hkk + diag(lamb))^-1 Hkv,
 * solved exactly for every token by Cholesky in double precision.  von Oswald et al., MesaNet, 2025. */
#include <math.h>
#include <string.h>

#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V, G, BETA, LAMB };

/* Solves (H + diag(lamb)) y = q; L: n n + n doubles.  Not positive definite: NaN. */
static void solve(const float *H, const float *lamb, const float *q, size_t n, double *L, float *y)
{
	double *z = L + n * n;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i; j++) {
			double s = (double)H[i * n + j] + (i == j ? (double)lamb[i] : 0);
			for (size_t k = 0; k < j; k++)
				s -= L[i * n + k] * L[j * n + k];
			L[i * n + j] = i == j ? sqrt(s) : s / L[j * n + j];
		}
	for (size_t i = 0; i < n; i++) {
		z[i] = (double)q[i];
		for (size_t k = 0; k < i; k++)
			z[i] -= L[i * n + k] * z[k];
		z[i] /= L[i * n + i];
	}
	for (size_t i = n; i-- > 0;) {
		for (size_t k = i + 1; k < n; k++)
			z[i] -= L[k * n + i] * z[k];
		z[i] /= L[i * n + i];
		y[i] = (float)z[i];
	}
}

static void token(const seqp_op_call *c, size_t t, size_t h, double *L, float *w)
{
	size_t n = seqp_op_dim(c, 'K'), v = seqp_op_dim(c, 'V');
	const float *k = seqp_op_in(c, K, t, h * n);
	float *a = w, *bk = w + 1, *y = w + 1 + n;
	seqk_exp(a, seqp_op_in(c, G, t, h), 1);
	seqk_scale(bk, k, *seqp_op_in(c, BETA, t, h), n);
	seqk_recur kk = {.k = bk, .v = k, .a1 = a, .S = c->state[0] + h * n * n, .n = 1, .K = n, .V = n};
	seqk_recur_run(&kk, 0, n);
	solve(kk.S, c->in[LAMB] + h * n, seqp_op_in(c, Q, t, h * n), n, L, y);
	seqk_recur kv = {.q = y, .k = bk, .v = seqp_op_in(c, V, t, h * v), .a1 = a, .o = seqp_op_out(c, 0, t, h * v),
		.S = c->state[1] + h * n * v, .n = 1, .K = n, .V = v};
	seqk_recur_run(&kv, 0, v);
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	size_t n = seqp_op_dim(c, 'K');
	for (size_t h = h0; h < h1; h++)
		for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++)
			token(c, t, h, (void *)c->scratch, c->scratch + 2 * (n * n + n));
}

static size_t scratch(const seqp_op_call *c)
{
	size_t n = seqp_op_dim(c, 'K');
	return 2 * (n * n + n) + 1 + 2 * n;
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"},
	{.name = "g", .dims = "TH"}, {.name = "beta", .dims = "TH"}, {.name = "lamb", .dims = "HK"}, {0}};
static const seqp_op_array state[] = {{.name = "hkk", .dims = "HKK"}, {.name = "hkv", .dims = "HKV"}, {0}};

const seqp_op_row seqp_op_mesa = {
	.name = "mesa-net", .paper = "von Oswald et al., MesaNet, 2025",
	.bytes = "H K (K + V)", .cost = "H (K^3 / 6 + 4 K^2 + 3 K V)", .in = in, .state = state, .out = seqp_heads_out, .split = 'H',
	.scratch = scratch, .run = run,
};
