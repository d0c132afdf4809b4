/* SPDX-License-Identifier: MIT */
/* llama with four factors: on the embedding, on each branch, in the softmax (as is: 1 when
 * the configuration has none), and the logits are divided by one.  granitemoe: experts in every layer, their weights a softmax
 * over the chosen. */
#include "model/arch/moe_kit.h"

static const char *const names[] = {"granite", NULL}, *const moe_names[] = {"granitemoe", NULL};

static const seqp_number numbers[] = {
	{"attn.rope", "=2", "=1", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"embed_scale", "%.embedding_scale", "embedding_multiplier", 1e-9, 1e9, SEQP_DFLT, 1, NULL, NULL},
	{"branch", "%.residual_scale", "residual_multiplier", 1e-9, 1e9, SEQP_DFLT, 1, NULL, NULL},
	{"attn.scale", "%.attention.scale", "attention_multiplier", 0, 1e9, 0, 0, "0|1", NULL},
	{"logit_divisor", "%.logit_scale", "logits_scaling", 1e-9, 1e9, SEQP_DFLT, 1, NULL, NULL},
	{0}
};

static int finish(seq_model *m, seq_error *err)
{
	return seqp_number_set(m, -1, "logit_scale", 1 / seqp_model_number(m, -1, "logit_divisor", 1), err);
}

static const seqp_op ops[] = {
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, "softmax", "attn"), ADD_SCALED(X, X, B, NULL, "branch"),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD_SCALED(X, X, B, NULL, "branch"),
};
static const seqp_block block = {ops, 6};

static const seqp_op moe_ops[] = {
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, "softmax", "attn"), ADD_SCALED(X, X, B, NULL, "branch"),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "moe", "moe"), ADD_SCALED(X, X, B, NULL, "branch"),
};
static const seqp_block moe_block = {moe_ops, 6};

static const seqp_number moe[] = {
	{"moe.score", "=1", "=1", 0, 2, SEQP_INT, 0, NULL, NULL},
	{0}
};

static const seqp_part experts[] = {
	EXPERTS_GGUF(0),
	ROUTER(0, "layers.%.block_sparse_moe.router.layer"),
	EXPERTS_FUSED(0, "layers.%.block_sparse_moe.input_linear.weight", "layers.%.block_sparse_moe.output_linear.weight"),
	{0}
};

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_number *const moe_lists[] = {numbers, moe, seqp_kit_moe, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, NULL};
static const seqp_part *const moe_parts[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, experts, NULL};
static const seqp_part *const parts[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, seqp_kit_swiglu, NULL};

const seqp_arch seqp_arch_granite = {
	.name = "granite", .gguf = names, .hf = names, .prefix = seqp_kit_prefix, .numbers = lists, .parts = parts,
	.skip = seqp_kit_skip, .refuse_gguf = "%.expert_count", .finish = finish, .block = &block, .blocks = 1,
};

const seqp_arch seqp_arch_granitemoe = {
	.name = "granitemoe", .gguf = moe_names, .hf = moe_names, .prefix = seqp_kit_prefix, .numbers = moe_lists, .parts = moe_parts,
	.skip = seqp_kit_skip, .finish = finish, .block = &moe_block, .blocks = 1,
};
