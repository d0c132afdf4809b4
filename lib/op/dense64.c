/* SPDX-License-Identifier: MIT */
#include "op/dense64.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void swap_rows(double *A, size_t n, size_t i, size_t j)
{
	for (size_t k = 0; k < n && i != j; k++) {
		double x = A[i * n + k];
		A[i * n + k] = A[j * n + k];
		A[j * n + k] = x;
	}
}

/* Row i of a matrix of width n less f times row j. */
static void take(double *A, size_t n, size_t i, size_t j, double f)
{
	for (size_t k = 0; k < n; k++)
		A[i * n + k] -= f * A[j * n + k];
}

static size_t pivot(const double *A, size_t n, size_t k)
{
	size_t best = k;
	for (size_t i = k + 1; i < n; i++)
		if (fabs(A[i * n + k]) > fabs(A[best * n + k]))
			best = i;
	return best;
}

bool seqp_solve(double *A, double *B, size_t n, size_t m)
{
	for (size_t k = 0; k < n; k++) {
		size_t p = pivot(A, n, k);
		if (!(fabs(A[p * n + k]) > 0))
			return false;
		swap_rows(A, n, k, p);
		swap_rows(B, m, k, p);
		for (size_t i = 0; i < n; i++) {
			double f = A[i * n + k] / A[k * n + k];
			if (i != k && f != 0) {
				take(A, n, i, k, f);
				take(B, m, i, k, f);
			}
		}
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < m; j++)
			B[i * m + j] /= A[i * n + i];
	return true;
}

static void multiply(const double *A, const double *B, double *C, size_t n)
{
	memset(C, 0, n * n * sizeof *C);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			for (size_t j = 0; j < n; j++)
				C[i * n + j] += A[i * n + k] * B[k * n + j];
}

static double norm1(const double *A, size_t n)
{
	double top = 0;
	for (size_t j = 0; j < n; j++) {
		double sum = 0;
		for (size_t i = 0; i < n; i++)
			sum += fabs(A[i * n + j]);
		top = fmax(top, sum);
	}
	return top;
}

void seqp_expm(const double *A, double *E, size_t n, double *work)
{
	double *small = work, *term = work + n * n, *next = term + n * n, norm = norm1(A, n);
	int halvings = norm > 0.25 ? (int)ceil(log2(norm / 0.25)) : 0;
	for (size_t i = 0; i < n * n; i++) {
		small[i] = ldexp(A[i], -halvings);
		E[i] = term[i] = i % (n + 1) == 0;
	}
	for (int k = 1; k <= 14; k++) { /* 0.25^15 / 15! < 1e-21 */
		multiply(term, small, next, n);
		for (size_t i = 0; i < n * n; i++)
			E[i] += term[i] = next[i] / k;
	}
	for (; halvings > 0; halvings--) {
		multiply(E, E, next, n);
		memcpy(E, next, n * n * sizeof *E);
	}
}

bool seqp_zoh(const float *A, const float *B, double dt, size_t n, double *Ad, double *Bd)
{
	size_t m = n + 1;
	double *big = calloc(5 * m * m, sizeof *big), *E = big + m * m;
	if (!big)
		return false;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++)
			big[i * m + j] = dt * (double)A[i * n + j];
		big[i * m + n] = dt * (double)B[i];
	}
	seqp_expm(big, E, m, E + m * m);
	for (size_t i = 0; i < n; i++) {
		memcpy(Ad + i * n, E + i * m, n * sizeof *Ad);
		Bd[i] = E[i * m + n];
	}
	free(big);
	return true;
}

bool seqp_gbt(const float *A, const float *B, double dt, double alpha, size_t n, double *Ad, double *Bd)
{
	size_t m = n + 1;
	double *left = calloc(n * n + n * m, sizeof *left), *right = left + n * n;
	if (!left)
		return false;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			double a = dt * (double)A[i * n + j];
			left[i * n + j] = (i == j) - alpha * a;
			right[i * m + j] = (i == j) + (1 - alpha) * a;
		}
		right[i * m + n] = dt * (double)B[i];
	}
	bool ok = seqp_solve(left, right, n, m);
	for (size_t i = 0; ok && i < n; i++) {
		memcpy(Ad + i * n, right + i * m, n * sizeof *Ad);
		Bd[i] = right[i * m + n];
	}
	free(left);
	return ok;
}
