/* SPDX-License-Identifier: MIT */
/* x += attn(ln x); x += fc2(gelu(fc1(ln x))), biases throughout, a window where one is given. */
#include "model/arch/rows.h"

static const char *const names[] = {"starcoder2", NULL};

static const seqp_number numbers[] = {
	{"norm_eps", "%.attention.layer_norm_epsilon", "norm_epsilon", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"window.size", "%.attention.sliding_window", "sliding_window", 0, 1e15, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"mlp.act", "=1", "hidden_act", 0, 4, SEQP_INT | SEQP_DFLT, 1, NULL, seqp_act_words},
	{0}
};

static const seqp_part parts[] = {
	{"out_norm.b", "output_norm.bias", "norm.bias", "width", NULL, 0, NULL, NULL, 0},
	{"attn_norm.b", "blk.%.attn_norm.bias", "layers.%.input_layernorm.bias", "width", NULL, 0, NULL, NULL, 0},
	{"mlp_norm.b", "blk.%.ffn_norm.bias", "layers.%.post_attention_layernorm.bias", "width", NULL, 0, NULL, NULL, 0},
	{"mlp.up", "blk.%.ffn_up.weight", "layers.%.mlp.c_fc.weight", "mlp.ff", "width", 0, NULL, NULL, 0},
	{"mlp.up.b", "blk.%.ffn_up.bias", "layers.%.mlp.c_fc.bias", "mlp.ff", NULL, SEQP_OPT, NULL, NULL, 0},
	{"mlp.down", "blk.%.ffn_down.weight", "layers.%.mlp.c_proj.weight", "width", "mlp.ff", 0, NULL, NULL, 0},
	{"mlp.down.b", "blk.%.ffn_down.bias", "layers.%.mlp.c_proj.bias", "width", NULL, SEQP_OPT, NULL, NULL, 0},
	{0}
};

static int finish(seq_model *m, seq_error *err)
{
	return seqp_windows(m, seqp_window_size(m), NULL, err);
}

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const part_lists[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, parts, NULL};

const seqp_arch seqp_arch_starcoder2 = {
	.name = "starcoder2", .gguf = names, .hf = names, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .finish = finish, .block = &seqp_block_ln_plain, .blocks = 1, .out = {seqp_ops_ln_out, 1},
};
