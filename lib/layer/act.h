/* SPDX-License-Identifier: MIT */
/* Activations of feed-forward layers: a table. */
#ifndef LAYER_ACT_H
#define LAYER_ACT_H

#include "layer/ctx.h"

typedef struct seqp_act {
	int kind;
	float p[4]; /* what the kind asks for */
} seqp_act;

/* Number "ROLE.act" and the parameters of that kind. */
int seqp_act_open(const seqp_bind *b, seqp_act *a, seq_error *err);
const char *seqp_act_name(int kind); /* NULL past the last */

/* Does it do without a gate's partner?  seqp_act_run is for these. */
int seqp_act_is_plain(const seqp_act *a);
/* y = act(x); y may be x. */
void seqp_act_run(const seqp_act *a, float *y, const float *x, size_t n);
/* g = act(g) * u, or what the kind makes of a gate and its partner. */
void seqp_act_mul(const seqp_act *a, float *g, float *u, size_t n);

#endif
