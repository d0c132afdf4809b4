/* SPDX-License-Identifier: MIT */
/* llama with differential attention; lambda starts at 0.8 - 0.6 e^(-0.3 layer). */
#include <math.h>

#include "model/arch/rows.h"

static const seqp_number numbers[] = {
	{"norm_eps", NULL, "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{0}
};

#define LAMBDA(name) {"attn." name, NULL, "layers.%.self_attn." name, "attn.head_dim", NULL, 0, NULL, NULL, 0}
static const seqp_part parts[] = {LAMBDA("lambda_q1"), LAMBDA("lambda_k1"), LAMBDA("lambda_q2"), LAMBDA("lambda_k2"), {0}};

static int finish(seq_model *m, seq_error *err)
{
	int e = SEQ_OK;
	for (int64_t l = 0; l < m->layers && e >= 0; l++)
		e = seqp_number_set(m, l, "attn.lambda", 0.8 - 0.6 * exp(-0.3 * (double)l), err);
	return e;
}

static const seqp_op ops[] = {
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, "differential", "attn"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_block block = {ops, 6};

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const part_lists[] = {parts, seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, seqp_kit_swiglu, NULL};
static const char *const none[] = {NULL}, *const hf[] = {"diffllama", NULL};

const seqp_arch seqp_arch_diffllama = {
	.name = "diffllama", .gguf = none, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .finish = finish, .block = &block, .blocks = 1,
};
