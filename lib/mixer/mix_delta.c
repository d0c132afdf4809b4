/* SPDX-License-Identifier: MIT */
/* The delta rule and its gates as mixers (op/delta.c): q, k of length one per head, silu on q, k, v.
 *
 *   delta-rule        beta = sigmoid(b)
 *   gated-delta-rule  and g = A softplus(a + dt_bias) per head; fewer heads of q and k than of v are repeated
 *   kda               g per key channel
 *   deltaproduct      P.steps keys, values, betas a token, [steps][heads]; g once a token, or not at all */
#include "mixer/linmix.h"

#define QKV \
	{"q", SEQP_CONVOLVED | SEQP_UNIT, SEQP_MAP_SILU}, {"k", SEQP_CONVOLVED | SEQP_UNIT, SEQP_MAP_SILU}, \
	{"v", SEQP_CONVOLVED, SEQP_MAP_SILU}, {"beta", 0, SEQP_MAP_SIGMOID}

static const seqp_linmix delta = {.op = &seqp_op_delta, .in = {QKV}};
static const seqp_linmix gated = {.op = &seqp_op_gated_delta, .in = {QKV, {"g", 0, SEQP_MAP_DECAY}}};
static const seqp_linmix kda = {.op = &seqp_op_kda, .in = {QKV, {"g", 0, SEQP_MAP_DECAY}}};
static const seqp_linmix product = {.op = &seqp_op_deltaproduct, .in = {QKV, {"g", 0, SEQP_MAP_DECAY}}};

SEQP_LINMIX(delta, "delta-rule", "Yang et al., Parallelizing Linear Transformers with the Delta Rule, 2024", delta);
SEQP_LINMIX(gated_delta, "gated-delta-rule", "Yang, Kautz, Hatamizadeh, Gated Delta Networks, 2024", gated);
SEQP_LINMIX(kda, "kda", "Kimi Team, Kimi Linear, 2025", kda);
SEQP_LINMIX(deltaproduct, "deltaproduct", "Siems et al., DeltaProduct, 2025", product);
