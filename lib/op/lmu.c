/* SPDX-License-Identifier: MIT */
/* Legendre memory: M polynomial coefficients of the last theta inputs, zero-order hold with dt = 1:
 *   A[i][j] = (2i + 1) / theta * (i < j ? -1 : (-1)^(i-j+1)),  B[i] = (2i + 1) / theta * (-1)^i;  m = Ad m + Bd u.
 * Voelker et al., Legendre Memory Units, 2019; LMUFormer (Liu et al., 2024). */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "op/dense64.h"
#include "op/op_rows.h"

enum { ORDER, THETA };

static int check(seqp_op_call *c, seq_error *err)
{
	size_t *M = &c->dim['M' - 'A'], order = (size_t)c->number[ORDER];
	if (*M && *M != order)
		return seqp_fail(err, SEQ_E_MISMATCH, "a memory of %zu numbers and order %zu", *M, order);
	*M = order;
	return 0;
}

static size_t made(const seqp_op_call *c)
{
	size_t M = seqp_op_dim(c, 'M');
	return M * M + M;
}

/* In doubles throughout: A and B at theta = 1, over a time of 1 / theta. */
static int make(const seqp_op_call *c, seq_error *err)
{
	size_t M = seqp_op_dim(c, 'M'), n = M * M + M;
	float *A = malloc(n * sizeof *A);
	double *Ad = malloc(n * sizeof *Ad);
	bool ok = A && Ad;
	for (size_t i = 0; i < M && ok; i++) {
		for (size_t j = 0; j < M; j++)
			A[i * M + j] = (float)(2 * i + 1) * (i < j || (i - j) % 2 == 0 ? -1.0f : 1.0f);
		A[M * M + i] = (float)(2 * i + 1) * (i % 2 ? -1.0f : 1.0f);
	}
	ok = ok && seqp_zoh(A, A + M * M, 1 / c->number[THETA], M, Ad, Ad + M * M);
	for (size_t i = 0; i < n && ok; i++)
		c->made[i] = (float)Ad[i];
	free(A);
	free(Ad);
	return ok ? 0 : seqp_nomem(err, n * sizeof *Ad);
}

static void run(const seqp_op_call *c, size_t i0, size_t i1)
{
	size_t M = seqp_op_dim(c, 'M');
	const float *Ad = c->made, *Bd = Ad + M * M;
	(void)i0, (void)i1;
	memcpy(c->out[1], Ad, M * M * sizeof *Ad);
	memcpy(c->out[2], Bd, M * sizeof *Bd);
	for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++) {
		float *m = seqp_op_out(c, 0, t, 0), u = *seqp_op_in(c, 0, t, 0);
		for (size_t i = 0; i < M; i++)
			m[i] = seqk_dot(Ad + i * M, c->state[0], M) + Bd[i] * u;
		memcpy(c->state[0], m, M * sizeof *m);
	}
}

static const seqp_op_array in[] = {{.name = "u", .dims = "T"}, {0}};
static const seqp_op_array state[] = {{.name = "memory", .dims = "M", .from = "m0"}, {0}};
static const seqp_op_array out[] = {{.name = "m", .dims = "TM"}, {.name = "Ad", .dims = "MM"}, {.name = "Bd", .dims = "M"}, {0}};
static const seqp_op_number number[] = {{"order", 16, 1, 256, NULL, "polynomials"},
	{"theta", 128, 1e-3, 1e9, NULL, "window in tokens"}, {0}};

const seqp_op_row seqp_op_lmu = {
	.name = "lmu", .paper = "Voelker et al., Legendre Memory Units, 2019",
	.bytes = "M", .cost = "M^2", .in = in, .state = state, .out = out, .number = number, .check = check, .made = made, .make = make,
	.run = run,
};
