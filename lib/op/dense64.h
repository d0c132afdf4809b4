/* SPDX-License-Identifier: MIT */
/* Small dense matrices in double precision, row by row: what discretisation needs once. */
#ifndef OP_DENSE64_H
#define OP_DENSE64_H

#include <stdbool.h>
#include <stddef.h>

/* Solves A X = B in place (A [n][n] is spoiled, B [n][m] becomes X), partial pivoting.  false: singular. */
bool seqp_solve(double *A, double *B, size_t n, size_t m);

/* E = exp(A), by scaling, a Taylor sum and squaring; work: 3 n n.  E may not be A. */
void seqp_expm(const double *A, double *E, size_t n, double *work);

/* Zero-order hold over a time dt: Ad = exp(dt A), Bd = A^-1 (Ad - I) B, both out of one exponential of
 * [[A, B], [0, 0]] dt.  false: no memory. */
bool seqp_zoh(const float *A, const float *B, double dt, size_t n, double *Ad, double *Bd);

/* Generalised bilinear: Ad = (I - alpha dt A)^-1 (I + (1 - alpha) dt A), Bd = (I - alpha dt A)^-1 dt B.
 * false: singular or no memory. */
bool seqp_gbt(const float *A, const float *B, double dt, double alpha, size_t n, double *Ad, double *Bd);

#endif
