/* SPDX-License-Identifier: MIT */
/* An operator of op/ over the sequences of a batch, for mixers. */
#ifndef MIXER_SPANS_H
#define MIXER_SPANS_H

#include "layer/ctx.h"
#include "op/op.h"
#include "state/state.h"

/* Part [i0, i1) of the split letter.  c: arrays of row 0 with their strides (ld 0: the same for all tokens), every
 * dimension but T, numbers, scratch of this lane.  State k of the operator is array fixed[k] of the slots. */
void seqp_op_spans(const seqp_op_row *row, const seqp_op_call *c, const seqp_ctx *ctx, seqp_slot *const *state,
                   const size_t *fixed, size_t i0, size_t i1);

static inline void seqp_op_set_dim(seqp_op_call *c, char letter, size_t n)
{
	c->dim[letter - 'A'] = n;
}

#endif
