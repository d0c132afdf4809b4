/* SPDX-License-Identifier: MIT */
/* MesaNet (von Oswald et al., 2025): convolutions on q and k alone; the regulariser is softplus(P.lamb) + P.lamb_min for
 * each key channel. */
#include "base/fail.h"
#include "kernel/vec.h"
#include "mixer/linmix.h"

enum { LAMB = 5 };

static int open(seqp_linmix_state *m, const seqp_bind *b, seq_error *err)
{
	size_t n = m->heads * m->in[0].high;
	const float *raw;
	float *lamb = seqp_arena_alloc(b->arena, n, sizeof *lamb), least = (float)seqp_bind_number(b, "lamb_min", 0.25);
	int rc = seqp_bind_vector(b, "lamb", (int64_t)n, 1, &raw, err);
	if (rc < 0 || !lamb)
		return rc < 0 ? rc : seqp_nomem(err, n * sizeof *lamb);
	seqk_softplus(lamb, raw, n);
	for (size_t i = 0; i < n; i++)
		lamb[i] += least;
	m->call.in[LAMB] = lamb;
	return 0;
}

static const seqp_linmix mesa = {
	.op = &seqp_op_mesa,
	.in = {{"q", SEQP_CONVOLVED | SEQP_UNIT, SEQP_MAP_SILU}, {"k", SEQP_CONVOLVED | SEQP_UNIT, SEQP_MAP_SILU}, {"v", 0, 0},
		{"g", 0, SEQP_MAP_LOGSIGMOID}, {"beta", 0, SEQP_MAP_SIGMOID}, {"lamb", SEQP_SET, 0}},
	.open = open,
};

SEQP_LINMIX(mesa, "mesa-net", "von Oswald et al., MesaNet, 2025", mesa);
