/* SPDX-License-Identifier: MIT */
/* Elementwise and row kernels on f32.  Serial.  Same bits at every CPU level:
 * reductions use 16 lanes (lane = index mod 16, fma where written) and the tree
 * (i, i+8), (i, i+4), (i, i+2), (0, 1); exp and its kin are one fixed polynomial,
 * error <= 2 ulp unless said otherwise.  In place (y == x) is allowed
 * everywhere; n may be 0 and need not be a multiple of anything. */
#ifndef KERNEL_VEC_H
#define KERNEL_VEC_H

#include <stddef.h>
#include <stdint.h>

/* reductions */
float seqk_sum(const float *x, size_t n);
float seqk_sumsq(const float *x, size_t n);               /* lane = fma(x, x, lane) */
float seqk_dot(const float *x, const float *y, size_t n); /* lane = fma(x, y, lane) */
float seqk_max(const float *x, size_t n);                 /* -inf when n is 0 */

/* norms: w, b may be NULL (1, 0).
 * rms:   y = (x * (1 / sqrt(sumsq / n + eps))) * w
 * layer: mean = sum / n; c = x - mean; y = fma(c * (1 / sqrt(sumsq(c) / n + eps)), w, b) */
void seqk_rmsnorm(float *y, const float *x, const float *w, size_t n, float eps);
void seqk_layernorm(float *y, const float *x, const float *w, const float *b, size_t n, float eps);
void seqk_l2norm(float *y, const float *x, size_t n, float eps); /* y = x / sqrt(sumsq + eps) */

/* elementwise */
void seqk_add(float *y, const float *a, const float *b, size_t n);             /* a + b */
void seqk_mul(float *y, const float *a, const float *b, size_t n);             /* a * b */
void seqk_scale(float *y, const float *x, float s, size_t n);                  /* x * s */
void seqk_axpby(float *y, float a, const float *x, float b, const float *z, size_t n); /* fma(a, x, b * z) */
void seqk_exp(float *y, const float *x, size_t n);   /* 0 below -87.3 or so, inf above 88.7 */
void seqk_sigmoid(float *y, const float *x, size_t n);
void seqk_tanh(float *y, const float *x, size_t n);
void seqk_silu(float *y, const float *x, size_t n);
void seqk_softplus(float *y, const float *x, size_t n); /* log1p(exp(x)), x above 20 */
void seqk_relu(float *y, const float *x, size_t n);
void seqk_relu2(float *y, const float *x, size_t n);
void seqk_gelu_tanh(float *y, const float *x, size_t n);
void seqk_gelu_erf(float *y, const float *x, size_t n); /* abs error <= 5e-7 * max(1, |x|) */
void seqk_softcap(float *y, const float *x, float cap, size_t n); /* cap * tanh(x / cap) */
void seqk_silu_mul(float *y, const float *gate, const float *up, size_t n); /* silu(gate) * up, the bits of silu then mul */

/* rotary embedding of one head of d floats, first 2 * pairs rotated:
 * halves: (i, i + pairs), adjacent: (2i, 2i + 1);
 *   a' = fma(a, cos, -(b * sin)), b' = fma(b, cos, a * sin) */
void seqk_rope_halves(float *x, const float *cos, const float *sin, size_t pairs);
void seqk_rope_adjacent(float *x, const float *cos, const float *sin, size_t pairs);

/* softmax over a row: m = max; e = exp(x - m); y = e / sum(e).  For outputs, not
 * for attention (attn.h). */
void seqk_softmax(float *y, const float *x, size_t n);

/* index of the largest element, the lowest index among equals; NaN never wins.
 * n >= 1; all NaN gives 0. */
size_t seqk_argmax(const float *x, size_t n);

#endif
