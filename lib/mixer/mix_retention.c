/* SPDX-License-Identifier: MIT */
/* Retention (Sun et al., 2023) and Lightning attention (Qin et al., 2024): a constant decay a head.
 *
 * P.g [heads] holds the logarithms of the decays; without it they follow from number P.slopes:
 *   0  log(1 - 2^(-5 - h)), RetNet
 *   1  -P.slope_scale 2^(-8 (h + 1) / heads), Lightning; the scale is the layer's */
#include <math.h>

#include "base/fail.h"
#include "mixer/linmix.h"

enum { G = 3 };

static int open(seqp_linmix_state *m, const seqp_bind *b, seq_error *err)
{
	int64_t law;
	int rc = seqp_bind_vector(b, "g", (int64_t)m->heads, 0, &m->call.in[G], err);
	if (rc < 0 || m->call.in[G] || (rc = seqp_bind_int(b, "slopes", 0, 0, 1, &law, err)) < 0)
		return rc;
	float *g = seqp_arena_alloc(b->arena, m->heads, sizeof *g);
	if (!g)
		return seqp_nomem(err, m->heads * sizeof *g);
	double scale = seqp_bind_number(b, "slope_scale", 1);
	for (size_t h = 0; h < m->heads; h++)
		g[h] = (float)(law ? -scale * exp2(-8 * (double)(h + 1) / (double)m->heads) : log1p(-exp2(-5 - (double)h)));
	m->call.in[G] = g;
	return 0;
}

static const seqp_linmix retention = {
	.op = &seqp_op_retention,
	.in = {{"q", SEQP_CONVOLVED | SEQP_UNIT, 0}, {"k", SEQP_CONVOLVED | SEQP_UNIT, 0}, {"v", SEQP_CONVOLVED, 0}, {"g", SEQP_SET, 0}},
	.open = open,
};

SEQP_LINMIX(retention, "retention", "Sun et al., Retentive Network, 2023; Qin et al., Lightning Attention-2, 2024", retention);
