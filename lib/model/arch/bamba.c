/* SPDX-License-Identifier: MIT */
/* x += mamba2 or attention(rms x);  x += gated mlp(rms x).  Half of each head is rotated whatever
 * the configuration says. */
#include "model/arch/hybrid.h"

enum { MAMBA = 1 << 0, ATTN = 1 << 1 };

static const char *const none[] = {NULL}, *const hf[] = {"bamba", NULL};

static const seqp_number numbers[] = {
	{"norm_eps", NULL, "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"rope.part", NULL, NULL, 0, 1, SEQP_DFLT, 0.5, NULL, NULL},
	{0}
};

static const seqp_part parts[] = {
	{"embed", NULL, "embed_tokens.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"out_norm.w", NULL, "final_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"head", NULL, "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{"mix_norm.w", NULL, "layers.%.input_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"mlp_norm.w", NULL, "layers.%.pre_ff_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	SSD_PARTS("layers.%.mamba.", MAMBA),
	SSD_NORM("layers.%.mamba.", MAMBA),
	QKVO_PARTS("layers.%.self_attn.", "o_proj", ATTN),
	GATED_PARTS("layers.%.feed_forward.", "gate_proj", "up_proj", "down_proj", 0),
	{0}
};

static int finish(seq_model *m, seq_error *err)
{
	int e = seqp_type_listed(m, "attn_layer_indices", 1, err);
	return e < 0 ? e : seqp_ssd_fit(m, err);
}

static const seqp_op mamba[] = {
	NORM(A, X, "rms", "mix_norm"), MIX(B, A, "mamba2", "ssm"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_op attn[] = {
	NORM(A, X, "rms", "mix_norm"), MIX(B, A, "softmax", "attn"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_block blocks[] = {{mamba, 6}, {attn, 6}};

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_ssd, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_bamba = {
	.name = "bamba", .gguf = none, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .finish = finish, .block = blocks, .blocks = 2,
};
