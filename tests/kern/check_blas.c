/* SPDX-License-Identifier: MIT */
/* matmul against OpenBLAS: another program's idea of y = W x, rows and strides included.
 *
 * Both round each of k products and sums in float32, in orders of their own, so each is within k * 2^-24 *
 * sum |w x| of the exact value (Higham, Accuracy and Stability of Numerical Algorithms, 3.1): they may
 * differ by twice that. */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "checkkern.h"
#include "kernel/matmul.h"
#include "seq/tensor.h"

static float *numbers(size_t n)
{
	float *p = seqp_alloc(n, sizeof *p);
	for (size_t i = 0; i < n; i++)
		p[i] = check_normal();
	return p;
}

static void compare(size_t rows, size_t n, size_t k)
{
	float *w = numbers(rows * k), *x = numbers(n * k), *y = numbers(n * rows), *z = numbers(n * rows);
	void *scratch = seqp_alloc(1, seqk_matmul_scratch(k));
	seqk_act a = {.x = x, .ldx = k, .n = n, .k = k};
	seqk_matmul(SEQ_F32, w, k * sizeof *w, &a, y, rows, 0, rows, scratch);
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)rows, (int)k, 1, x, (int)k, w, (int)k, 0, z, (int)rows);
	size_t bad = 0;
	for (size_t j = 0; j < n; j++)
		for (size_t r = 0; r < rows; r++) {
			double size = 0;
			for (size_t i = 0; i < k; i++)
				size += fabs((double)w[r * k + i] * x[j * k + i]);
			double apart = fabs((double)y[j * rows + r] - z[j * rows + r]);
			bad += !(apart <= 2 * (double)k * 0x1p-24 * size);
		}
	check_that(bad == 0, "%zu of %zu outputs are not OpenBLAS's (%s): %zu rows, %zu activations, k %zu", bad, rows * n,
	           openblas_get_corename(), rows, n, k);
	free(w);
	free(x);
	free(y);
	free(z);
	free(scratch);
}

static void check(void)
{
	for (size_t rows = 1; rows < 40; rows += 7)
		for (size_t n = 1; n < 20; n += 3)
			for (size_t k = 5; k < 1200; k = 2 * k + 3)
				compare(rows, n, k);
}

const check_family check_blas = {"blas", check, NULL};
