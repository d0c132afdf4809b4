/* SPDX-License-Identifier: MIT */
/* The contract of a mixer: one file, one row in mixer_table.c.
 *
 * A mixer turns [tokens][width] into [tokens][width] with a state per sequence.
 * It sees no file and no model: bind hands it weights as views and numbers by
 * name, so a test can bind arrays made on the spot.  What every row keeps, bit for bit, is
 * tested by tests/laws: any threads, chunks, neighbours, saves give the same. */
#ifndef MIXER_MIXER_H
#define MIXER_MIXER_H

#include "layer/ctx.h"
#include "state/state.h"

typedef struct seqp_mixer_row {
	const char *name;  /* "softmax" */
	const char *paper; /* one line for the manual */
	/* Reads weights and numbers below bind->role, checks every shape, declares its
	 * state arrays in spec, raises bind->needs.  *self lives in bind's arena. */
	int (*open)(void **self, const seqp_bind *bind, seqp_state_spec *spec, seq_error *err);
	/* Runs a ragged batch: every lane calls it, x complete; on return the lane's own columns of y
	 * are written (seqp_linear_columns); no barrier at the end, one at least before y.  y may be x.
	 * state[i] is the layer's slot of sequence i, its blocks held for all rows. */
	void (*run)(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y);
} seqp_mixer_row;

const seqp_mixer_row *seqp_mixer_find(const char *name); /* NULL: none */
const seqp_mixer_row *seqp_mixer_at(size_t i);           /* NULL past the last */

extern const seqp_mixer_row seqp_mixer_softmax, seqp_mixer_mla, seqp_mixer_differential, seqp_mixer_mamba, seqp_mixer_mamba2, seqp_mixer_shortconv;
extern const seqp_mixer_row seqp_mixer_keys, seqp_mixer_rglru, seqp_mixer_forgetting, seqp_mixer_path, seqp_mixer_mom;
extern const seqp_mixer_row seqp_mixer_rwkv4, seqp_mixer_rwkv5, seqp_mixer_rwkv6, seqp_mixer_rwkv7, seqp_mixer_rwkv_ffn,
	seqp_mixer_mlstm;
/* of the frame linmix.h */
extern const seqp_mixer_row seqp_mixer_delta, seqp_mixer_gated_delta, seqp_mixer_kda, seqp_mixer_deltaproduct,
	seqp_mixer_comba, seqp_mixer_gla, seqp_mixer_simple_gla, seqp_mixer_hgrn2, seqp_mixer_lightnet, seqp_mixer_gsa, seqp_mixer_abc,
	seqp_mixer_hgrn, seqp_mixer_retention, seqp_mixer_mesa, seqp_mixer_linear;

#endif
