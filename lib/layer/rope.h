/* SPDX-License-Identifier: MIT */
/* Rotary position embedding (Su et al., RoFormer, 2021) and its scalings.
 *
 * Frequencies are made once, in double, at open; the cos and sin of a position once a
 * batch, in double, rounded to float, and shared by all layers with the same rope.  Dynamic
 * and longrope scaling depend on how long a sequence may become: the rule is frozen at open (bind->context, or
 * the model's own), never by what was seen, so chunked, stepped and saved runs agree.
 *
 *   inv[i] = theta^(-2i/r) for i < r/2
 *   linear   inv / factor
 *   dynamic  theta' = theta * (factor * n / max - (factor - 1))^(r / (r - 2)), n = max(context, max)
 *   yarn     ramp between inv and inv / factor (Peng et al., 2023)
 *   llama3   by wavelength: short ones kept, long ones divided, a ramp between
 *   longrope inv / short[i] or / long[i] (Ding et al., 2024): long when the context exceeds the original */
#ifndef LAYER_ROPE_H
#define LAYER_ROPE_H

#include "layer/ctx.h"

enum { SEQP_ROPES = 16 };

typedef struct seqp_rope {
	size_t pairs;
	double *inv;    /* [pairs] radians a position */
	double factor;  /* on cos and sin */
} seqp_rope;

typedef struct seqp_rope_set {
	seqp_rope rope[SEQP_ROPES];
	size_t n;
	int64_t frozen; /* what a length-dependent rule was frozen to: dynamic: n, longrope: 1 short, 2 long; 0: none */
} seqp_rope_set;

/* The rope of a mixer with r rotated elements a head: *index in the set. */
int seqp_rope_open(const seqp_bind *b, size_t r, size_t *index, seq_error *err);
/* Turns the first 2 * pairs elements of a head of a batch's row; kind: 0 not at all, 1 halves, 2 adjacent. */
void seqp_rope_turn(const seqp_ctx *ctx, size_t index, int kind, size_t row, float *x, size_t pairs);
/* Fills the tables of every rope of the set for the batch; lanes split the rows; no barrier. */
void seqp_rope_fill(const seqp_ctx *ctx, const seqp_rope_set *set, const seqp_rope_table *table);

#endif
