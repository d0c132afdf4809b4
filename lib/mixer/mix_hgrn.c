/* SPDX-License-Identifier: MIT */
/* HGRN (Qin et al., 2023): h = f h + (1 - f) silu(i), a state for each channel; f = exp(g), above a bound of its layer
 * (P.lower).  Inputs x (i) and g. */
#include "kernel/vec.h"
#include "mixer/linmix.h"

enum { X, G };

static void columns(const seqp_linmix_state *m, float *const *row, size_t c0, size_t c1)
{
	float f[64];
	(void)m;
	for (size_t c = c0; c < c1; c += 64) {
		size_t n = c1 - c < 64 ? c1 - c : 64;
		seqk_exp(f, row[G] + c, n);
		for (size_t i = 0; i < n; i++)
			row[X][c + i] *= 1 - f[i];
	}
}

static const seqp_linmix hgrn = {
	.op = &seqp_op_hgrn,
	.in = {{"x", SEQP_CONVOLVED, SEQP_MAP_SILU}, {"g", SEQP_CONVOLVED, SEQP_MAP_LOWER}},
	.columns = columns,
};

SEQP_LINMIX(hgrn, "hgrn", "Qin et al., Hierarchically Gated Recurrent Neural Network, 2023", hgrn);
