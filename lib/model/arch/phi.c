/* SPDX-License-Identifier: MIT */
/* h = ln x; x += attn(h) + fc2(gelu(fc1 h)); biases everywhere, on the head too. */
#include "model/arch/rows.h"

static const char *const gguf[] = {"phi2", NULL}, *const hf[] = {"phi", NULL};

static const seqp_number numbers[] = {
	{"norm_eps", "%.attention.layer_norm_epsilon", "layer_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"rope.part", NULL, "rope_parameters.partial_rotary_factor|partial_rotary_factor", 0, 1, SEQP_DFLT, 0.5, NULL, NULL},
	{"mlp.act", "=1", "hidden_act", 0, 4, SEQP_INT | SEQP_DFLT, 1, NULL, seqp_act_words},
	{0}
};

#define Q "attn.heads*attn.head_dim"
#define K "attn.kv_heads*attn.head_dim"
#define QKV Q "+2*" K

static const seqp_part parts[] = {
	{"out_norm.w", "output_norm.weight", "final_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"out_norm.b", "output_norm.bias", "final_layernorm.bias", "width", NULL, 0, NULL, NULL, 0},
	{"head.b", "output.bias", "/lm_head.bias", "vocab", NULL, SEQP_OPT, NULL, NULL, 0},
	{"attn_norm.w", "blk.%.attn_norm.weight", "layers.%.input_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"attn_norm.b", "blk.%.attn_norm.bias", "layers.%.input_layernorm.bias", "width", NULL, 0, NULL, NULL, 0},
	{"attn.q", "blk.%.attn_qkv.weight", NULL, Q, "width", 0, "0", QKV, 0},
	{"attn.k", "blk.%.attn_qkv.weight", NULL, K, "width", 0, Q, QKV, 0},
	{"attn.v", "blk.%.attn_qkv.weight", NULL, K, "width", 0, Q "+" K, QKV, 0},
	{"attn.q.b", "blk.%.attn_qkv.bias", NULL, Q, NULL, SEQP_OPT, "0", QKV, 0},
	{"attn.k.b", "blk.%.attn_qkv.bias", NULL, K, NULL, SEQP_OPT, Q, QKV, 0},
	{"attn.v.b", "blk.%.attn_qkv.bias", NULL, K, NULL, SEQP_OPT, Q "+" K, QKV, 0},
	{"attn.o", "blk.%.attn_output.weight", "layers.%.self_attn.dense.weight", "width", Q, 0, NULL, NULL, 0},
	{"attn.o.b", "blk.%.attn_output.bias", "layers.%.self_attn.dense.bias", "width", NULL, SEQP_OPT, NULL, NULL, 0},
	{"mlp.up", "blk.%.ffn_up.weight", "layers.%.mlp.fc1.weight", "mlp.ff", "width", 0, NULL, NULL, 0},
	{"mlp.up.b", "blk.%.ffn_up.bias", "layers.%.mlp.fc1.bias", "mlp.ff", NULL, 0, NULL, NULL, 0},
	{"mlp.down", "blk.%.ffn_down.weight", "layers.%.mlp.fc2.weight", "width", "mlp.ff", 0, NULL, NULL, 0},
	{"mlp.down.b", "blk.%.ffn_down.bias", "layers.%.mlp.fc2.bias", "width", NULL, 0, NULL, NULL, 0},
	{0}
};

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const part_lists[] = {parts, seqp_kit_ends, seqp_kit_qkvo, NULL};

const seqp_arch seqp_arch_phi = {
	.name = "phi", .gguf = gguf, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .refuse_hf = "qk_layernorm", .block = &seqp_block_ln_parallel, .blocks = 1, .out = {seqp_ops_ln_out, 1},
};
