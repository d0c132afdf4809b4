/* SPDX-License-Identifier: MIT */
/* llama with gate and up in one matrix and adjacent rope pairs over half of each head; glm4
 * norms each branch after it too.  Mind the names: post_attention_layernorm is the norm
 * before the MLP, post_self_attn_layernorm the one after attention. */
#include "model/arch/rows.h"

static const char *const hf1[] = {"glm", NULL}, *const none[] = {NULL}, *const names4[] = {"glm4", NULL};

static const seqp_number numbers[] = {
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", "rms_norm_eps", 0, 1, SEQP_DFLT, 1.5625e-7, NULL, NULL},
	{"layers", "%.block_count", "num_hidden_layers", 1, 10000, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"width", "%.embedding_length", "hidden_size", 1, 1 << 20, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.heads", "%.attention.head_count", "num_attention_heads", 1, 65536, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.head_dim", "%.attention.key_length", "head_dim", 1, 65536, SEQP_INT | SEQP_NEED, 0, "width/attn.heads|128", NULL},
	{"attn.rope", "=2", "=2", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"rope.part", NULL, "rope_parameters.partial_rotary_factor|partial_rotary_factor", 0, 1, SEQP_DFLT, 0.5, NULL, NULL},
	{0}
};

static const seqp_part fused[] = {
	{"mlp.gate", "blk.%.ffn_up.weight", "layers.%.mlp.gate_up_proj.weight", "mlp.ff", "width", 0, "0", "2*mlp.ff", 0},
	{"mlp.up", "blk.%.ffn_up.weight", "layers.%.mlp.gate_up_proj.weight", "mlp.ff", "width", 0, "mlp.ff", "2*mlp.ff", 0},
	{"mlp.down", "blk.%.ffn_down.weight", "layers.%.mlp.down_proj.weight", "width", "mlp.ff", 0, NULL, NULL, 0},
	{0}
};

static const seqp_part post_norms[] = {
	{"attn_post_norm.w", "blk.%.post_attention_norm.weight", "layers.%.post_self_attn_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"mlp_post_norm.w", "blk.%.post_ffw_norm.weight", "layers.%.post_mlp_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{0}
};

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const parts1[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, fused, NULL};
static const seqp_part *const parts4[] = {seqp_kit_ends, seqp_kit_prenorm, post_norms, seqp_kit_qkvo, fused, NULL};

const seqp_arch seqp_arch_glm = {
	.name = "glm", .gguf = none, .hf = hf1, .prefix = seqp_kit_prefix, .numbers = lists, .parts = parts1,
	.skip = seqp_kit_skip, .block = &seqp_block_prenorm, .blocks = 1,
};

const seqp_arch seqp_arch_glm4 = {
	.name = "glm4", .gguf = names4, .hf = names4, .prefix = seqp_kit_prefix, .numbers = lists, .parts = parts4,
	.skip = seqp_kit_skip, .block = &seqp_block_sandwich, .blocks = 1,
};
