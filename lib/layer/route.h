/* SPDX-License-Identifier: MIT */
/* Which experts a token goes to, and with which weights.
 *
 *   s = router x (+ bias), in f32; scores: softmax over all, sigmoid, or s itself (and softmax over the chosen)
 *   chosen are the `used` largest of score + "bias", the lowest index among equals; with groups only within the
 *   groups_used groups whose group_top largest have the largest sum.  The weights are the scores without the bias,
 *   divided by (their sum + norm_eps) if norm, times scale.
 *
 * (Shazeer et al., 2017; Fedus et al., 2021; DeepSeek-V2 and -V3, 2024.) */
#ifndef LAYER_ROUTE_H
#define LAYER_ROUTE_H

#include "layer/linear.h"

enum { SEQP_ROUTE_SOFTMAX, SEQP_ROUTE_AFTER, SEQP_ROUTE_SIGMOID };

typedef struct seqp_route {
	seqp_linear router;
	const float *bias; /* [experts] or NULL */
	size_t experts, used, groups, groups_used, group_top;
	int score, norm;
	float norm_eps, scale;
} seqp_route;

/* Weights "ROLE.router" (+ .b), "ROLE.bias"; numbers "ROLE.experts", "ROLE.used", "ROLE.score", "ROLE.groups",
 * "ROLE.groups_used", "ROLE.group_top", "ROLE.norm", "ROLE.norm_eps", "ROLE.scale". */
int seqp_route_open(const seqp_bind *b, seqp_route *r, seq_error *err);
/* s [experts]: the router's outputs, overwritten; pick [experts + groups]: scratch; chosen, weight [used], largest first. */
void seqp_route_row(const seqp_route *r, float *s, float *pick, int32_t *chosen, float *weight);

#endif
