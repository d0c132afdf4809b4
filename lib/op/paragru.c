/* SPDX-License-Identifier: MIT */
/* ParaGRU: a GRU whose recurrence is diagonal, so a channel is a scan by itself:
 *   z = sigmoid(xz + az h), r = sigmoid(xr + ar h), n = tanh(xc + ac r h), h = (1 - z) h + z n.
 * Danieli et al., ParaRNN, 2025. */
#include <string.h>

#include "kernel/vec.h"
#include "op/op_rows.h"

enum { XZ, XR, XC, AZ, AR, AC };

static void gate(const seqp_op_call *c, int x, int a, size_t t, size_t c0, size_t n, const float *h, float *y)
{
	seqk_mul(y, c->in[a] + c0, h, n);
	seqk_add(y, y, seqp_op_in(c, x, t, c0), n);
}

static void run(const seqp_op_call *c, size_t c0, size_t c1)
{
	size_t n = c1 - c0;
	float *h = c->state[0] + c0, *z = c->scratch, *r = z + n;
	for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++) {
		gate(c, XZ, AZ, t, c0, n, h, z);
		gate(c, XR, AR, t, c0, n, h, r);
		seqk_sigmoid(z, z, n);
		seqk_sigmoid(r, r, n);
		seqk_mul(r, r, h, n);
		gate(c, XC, AC, t, c0, n, r, r);
		seqk_tanh(r, r, n);
		for (size_t i = 0; i < n; i++)
			h[i] = (1 - z[i]) * h[i] + z[i] * r[i];
		memcpy(seqp_op_out(c, 0, t, c0), h, n * sizeof *h);
	}
}

static size_t scratch(const seqp_op_call *c)
{
	return 2 * seqp_op_dim(c, 'C');
}

static const seqp_op_array in[] = {{.name = "xz", .dims = "TC"}, {.name = "xr", .dims = "TC"}, {.name = "xc", .dims = "TC"},
	{.name = "az", .dims = "C"}, {.name = "ar", .dims = "C"}, {.name = "ac", .dims = "C"}, {0}};
static const seqp_op_array state[] = {{.name = "hidden", .dims = "C", .from = "h0"}, {0}};
static const seqp_op_array out[] = {{.name = "h", .dims = "TC"}, {0}};

const seqp_op_row seqp_op_paragru = {
	.name = "paragru", .paper = "Danieli et al., ParaRNN, 2025",
	.bytes = "C", .cost = "4 C", .in = in, .state = state, .out = out, .split = 'C', .scratch = scratch, .run = run,
};
