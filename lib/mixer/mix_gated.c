/* SPDX-License-Identifier: MIT */
/* Systems that are an operator and maps of its inputs. */
#include "mixer/linmix.h"

#define Q(map) {"q", SEQP_CONVOLVED | SEQP_UNIT, map}
#define K(map) {"k", SEQP_CONVOLVED | SEQP_UNIT, map}
#define V(map) {"v", SEQP_CONVOLVED, map}

static const seqp_linmix gla = {.op = &seqp_op_gla, .in = {Q(0), K(0), V(0), {"g", 0, SEQP_MAP_LOGSIGMOID}}};
static const seqp_linmix simple = {.op = &seqp_op_simple_gla, .in = {Q(0), K(0), V(0), {"g", 0, SEQP_MAP_LOGSIGMOID}}};
/* k is 1 - exp(g); g stays above a bound of its layer, P.lower */
static const seqp_linmix hgrn2 = {.op = &seqp_op_hgrn2,
	.in = {Q(SEQP_MAP_SILU), {"k", SEQP_SET, 0}, V(0), {"g", SEQP_CONVOLVED, SEQP_MAP_LOWER}}};
/* the operator itself puts silu on q */
static const seqp_linmix lightnet = {.op = &seqp_op_lightnet, .in = {Q(0), K(0), V(0)}};
static const seqp_linmix gsa = {.op = &seqp_op_gsa,
	.in = {Q(SEQP_MAP_SILU), K(SEQP_MAP_SILU), V(SEQP_MAP_SILU), {"g", 0, SEQP_MAP_LOGSIGMOID}, {"s", SEQP_SET, 0}}};
static const seqp_linmix abc = {.op = &seqp_op_abc, .in = {Q(0), K(0), V(0), {"s", 0, SEQP_MAP_CLAMP}}};

SEQP_LINMIX(gla, "gla", "Yang et al., Gated Linear Attention Transformers, 2023", gla);
SEQP_LINMIX(simple_gla, "simple-gla", "Qin et al., Lightning Attention-2, 2024; Yang et al., 2023", simple);
SEQP_LINMIX(hgrn2, "hgrn2", "Qin et al., HGRN2: Gated Linear RNNs with State Expansion, 2024", hgrn2);
SEQP_LINMIX(lightnet, "lightnet", "Qin et al., You Only Scan Once (LightNet), 2024", lightnet);
SEQP_LINMIX(gsa, "gsa", "Zhang et al., Gated Slot Attention, 2024", gsa);
SEQP_LINMIX(abc, "abc", "Peng et al., ABC: Attention with Bounded-memory Control, 2021", abc);
