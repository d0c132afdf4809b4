/* SPDX-License-Identifier: MIT */
/* x += attn(ln x); x += down(gelu(up(ln x))): LayerNorms without bias, ALiBi in place of positions. */
#include "model/arch/qkv_kit.h"

#define INT SEQP_INT
#define DFLT SEQP_DFLT

static const seqp_number numbers[] = {
	{"layers", "%.block_count", "n_layers", 1, 10000, INT | SEQP_NEED, 0, NULL, NULL},
	{"width", "%.embedding_length", "d_model", 1, 1 << 20, INT | SEQP_NEED, 0, NULL, NULL},
	{"context", "%.context_length", "max_seq_len", 0, 1e15, INT, 0, NULL, NULL},
	{"norm_eps", "%.attention.layer_norm_epsilon", "layer_norm_epsilon", 0, 1, DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"attn.heads", "%.attention.head_count", "n_heads", 1, 65536, INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.kv_heads", "%.attention.head_count_kv", "attn_config.kv_n_heads", 1, 65536, INT, 0, "attn.heads", NULL},
	{"attn.rope", "=0", "=0", 0, 2, INT, 0, NULL, NULL},
	{"attn.alibi", "=1", "attn_config.alibi", 1, 1, DFLT, 1, NULL, NULL},
	{"attn.alibi_max", "%.attention.max_alibi_bias", "attn_config.alibi_bias_max", 1e-9, 1e9, DFLT, 8, NULL, NULL},
	{"attn.clip", "%.attention.clamp_kqv", "attn_config.clip_qkv", 0, 1e9, DFLT, 0, NULL, NULL},
	{"attn.scale", NULL, "attn_config.softmax_scale", 1e-9, 1e9, 0, 0, NULL, NULL},
	{"mlp.ff", "%.feed_forward_length", NULL, 1, 1 << 24, INT | SEQP_NEED, 0, "4*width", NULL},
	{"mlp.act", "=2", "=2", 0, 4, INT, 0, NULL, NULL},
	{"logit_scale", NULL, "logit_scale", 1e-9, 1e9, 0, 0, NULL, NULL},
	{0}
};

static const seqp_part parts[] = {
	{"embed", "token_embd.weight", "wte.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	LN_ROWS("out_norm", "output_norm", "norm_f", 0),
	LN_ROWS("attn_norm", "blk.%.attn_norm", "blocks.%.norm_1", 0),
	LN_ROWS("mlp_norm", "blk.%.ffn_norm", "blocks.%.norm_2", 0),
	QKV_ROWS("blk.%.attn_qkv", "blocks.%.attn.Wqkv"),
	LINEAR_ROWS("attn.o", "blk.%.attn_output", "blocks.%.attn.out_proj", "width", QKV_Q),
	LINEAR_ROWS("mlp.up", "blk.%.ffn_up", "blocks.%.ffn.up_proj", "mlp.ff", "width"),
	LINEAR_ROWS("mlp.down", "blk.%.ffn_down", "blocks.%.ffn.down_proj", "width", "mlp.ff"),
	{0}
};

static const char *const names[] = {"mpt", NULL}, *const prefix[] = {"transformer.", "", NULL};
static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_mpt = {
	.name = "mpt", .gguf = names, .hf = names, .prefix = prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .refuse_hf = "attn_config.qk_ln", .block = &seqp_block_ln_plain, .blocks = 1, .out = {seqp_ops_ln_out, 1},
};
