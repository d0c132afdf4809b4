/* SPDX-License-Identifier: MIT */
/* Token shift: every token is mixed with the one before it, channel by channel.  The state keeps the
 * last input of a sequence. */
#ifndef MIXER_SHIFT_H
#define MIXER_SHIFT_H

#include "layer/ctx.h"
#include "state/state.h"

typedef struct seqp_shift {
	size_t width, fixed;
} seqp_shift;

void seqp_shift_open(seqp_shift *s, const char *name, size_t width, seqp_state_spec *spec);

/* Factors of the token before, weight "ROLE.name" [n]; where number "ROLE.mix_self" is 1 the file has those of
 * the token itself. */
int seqp_shift_factors(const seqp_bind *b, const char *name, size_t n, const float **mu, seq_error *err);

/* Columns [c0, c1) of all rows: y = x + (before - x) * mu.  ldmu 0: one mu for all rows. */
void seqp_shift_mix(const seqp_shift *s, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, const float *mu,
                    size_t ldmu, float *y, size_t c0, size_t c1);

/* Columns [c0, c1) of the last rows become the state.  All lanes have mixed before, and x is still whole. */
void seqp_shift_keep(const seqp_shift *s, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, size_t c0, size_t c1);

#endif
