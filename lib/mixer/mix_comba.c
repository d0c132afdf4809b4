/* SPDX-License-Identifier: MIT */
/* Comba (Hu et al., 2025): the gated delta rule whose error is read by a key of its own, p = sigmoid(decay) k, and whose
 * query is corrected, q - D p; both before q, k and p are made of length one.
 *
 * Weights beyond linmix.h: P.decay, P.D [heads of k], each may be absent unless P.use_decay, P.use_D are 1. */
#include "base/fail.h"
#include "kernel/vec.h"
#include "mixer/linmix.h"

enum { Q, K, V, BETA, G, PK };

struct comba {
	const float *decay, *D;
	size_t serve; /* heads that share a key */
};

static int open(seqp_linmix_state *m, const seqp_bind *b, seq_error *err)
{
	struct comba *c = seqp_arena_alloc(b->arena, 1, sizeof *c);
	int64_t heads = (int64_t)m->in[K].heads;
	float *decay = seqp_arena_alloc(b->arena, (size_t)heads, sizeof *decay);
	if (!c || !decay)
		return seqp_nomem(err, sizeof *c);
	int rc = seqp_bind_vector(b, "decay", heads, seqp_bind_number(b, "use_decay", 0) != 0, &c->decay, err);
	if (rc < 0 || (rc = seqp_bind_vector(b, "D", heads, seqp_bind_number(b, "use_D", 0) != 0, &c->D, err)) < 0)
		return rc;
	if (c->decay) {
		seqk_sigmoid(decay, c->decay, (size_t)heads);
		c->decay = decay;
	}
	c->serve = m->heads / (size_t)heads;
	m->own = c;
	return 0;
}

static void head(const seqp_linmix_state *m, size_t h, float *const *block)
{
	const struct comba *c = m->own;
	size_t n = m->in[K].high, at = h / c->serve;
	seqk_scale(block[PK], block[K], c->decay ? c->decay[at] : 1, n);
	if (c->D)
		seqk_axpby(block[Q], -c->D[at], block[PK], 1, block[Q], n);
}

static const seqp_linmix comba = {
	.op = &seqp_op_comba,
	.in = {{"q", SEQP_CONVOLVED | SEQP_UNIT, SEQP_MAP_SILU}, {"k", SEQP_CONVOLVED | SEQP_UNIT, SEQP_MAP_SILU},
		{"v", SEQP_CONVOLVED, SEQP_MAP_SILU}, {"beta", 0, SEQP_MAP_SIGMOID}, {"g", 0, SEQP_MAP_DECAY},
		{"p", SEQP_DERIVED | SEQP_UNIT, SEQP_MAP_NONE}},
	.open = open,
	.head = head,
};

SEQP_LINMIX(comba, "comba", "Hu et al., Comba, 2025", comba);
