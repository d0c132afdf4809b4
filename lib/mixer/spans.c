/* SPDX-License-Identifier: MIT */
#include "mixer/spans.h"

static void one(const seqp_op_row *row, seqp_op_call c, const seqp_batch *b, size_t i, const seqp_slot *slot,
                const size_t *fixed, size_t i0, size_t i1)
{
	size_t r = b->first[i];
	c.pos = b->pos[i];
	seqp_op_set_dim(&c, 'T', b->first[i + 1] - r);
	for (size_t k = 0; k < SEQP_OP_IN; k++)
		if (c.in[k])
			c.in[k] += r * c.ld[k];
	for (size_t k = 0; k < SEQP_OP_OUT; k++)
		if (c.out[k])
			c.out[k] += r * c.ldo[k];
	for (size_t k = 0; row->state && row->state[k].name; k++)
		c.state[k] = slot->fixed[fixed[k]];
	row->run(&c, i0, i1);
}

void seqp_op_spans(const seqp_op_row *row, const seqp_op_call *c, const seqp_ctx *ctx, seqp_slot *const *state,
                   const size_t *fixed, size_t i0, size_t i1)
{
	const seqp_batch *b = ctx->batch;
	for (size_t i = 0; i < b->nseq && i0 < i1; i++)
		if (b->first[i + 1] > b->first[i])
			one(row, *c, b, i, state[i], fixed, i0, i1);
}
