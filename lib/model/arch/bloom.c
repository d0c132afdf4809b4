/* SPDX-License-Identifier: MIT */
/* x = ln E[t]; x += attn(ln x); x += fc2(gelu(fc1(ln x))), with ALiBi in place of positions. */
#include "model/arch/qkv_kit.h"

#define INT SEQP_INT
#define DFLT SEQP_DFLT

static const seqp_number numbers[] = {
	{"layers", "%.block_count", "n_layer|num_hidden_layers", 1, 10000, INT | SEQP_NEED, 0, NULL, NULL},
	{"width", "%.embedding_length", "hidden_size|n_embed", 1, 1 << 20, INT | SEQP_NEED, 0, NULL, NULL},
	{"context", "%.context_length", "seq_length", 0, 1e15, INT, 0, NULL, NULL},
	{"norm_eps", "%.attention.layer_norm_epsilon", "layer_norm_epsilon", 0, 1, DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"attn.heads", "%.attention.head_count", "n_head|num_attention_heads", 1, 65536, INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.kv_heads", NULL, NULL, 1, 65536, INT, 0, "attn.heads", NULL},
	{"attn.rope", "=0", "=0", 0, 2, INT, 0, NULL, NULL},
	{"attn.alibi", "=1", "=1", 0, 1, DFLT, 1, NULL, NULL},
	{"mlp.ff", "%.feed_forward_length", NULL, 1, 1 << 24, INT | SEQP_NEED, 0, "4*width", NULL},
	{"mlp.act", "=1", "=1", 0, 4, INT, 0, NULL, NULL},
	{0}
};

#undef QKV_NAME
#define QKV_NAME "h.%.self_attention.query_key_value"
static const seqp_part parts[] = {
	{"embed", "token_embd.weight", "word_embeddings.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	LN_ROWS("embed_norm", "token_embd_norm", "word_embeddings_layernorm", 0),
	LN_ROWS("out_norm", "output_norm", "ln_f", 0),
	LN_ROWS("attn_norm", "blk.%.attn_norm", "h.%.input_layernorm", 0),
	LN_ROWS("mlp_norm", "blk.%.ffn_norm", "h.%.post_attention_layernorm", 0),
	QKV_HEADS,
	LINEAR_ROWS("attn.o", "blk.%.attn_output", "h.%.self_attention.dense", "width", QKV_Q),
	LINEAR_ROWS("mlp.up", "blk.%.ffn_up", "h.%.mlp.dense_h_to_4h", "mlp.ff", "width"),
	LINEAR_ROWS("mlp.down", "blk.%.ffn_down", "h.%.mlp.dense_4h_to_h", "width", "mlp.ff"),
	{0}
};

static const seqp_op in[] = {NORM(X, X, "layer", "embed_norm")};
static const char *const names[] = {"bloom", NULL}, *const prefix[] = {"transformer.", "", NULL};
static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_bloom = {
	.name = "bloom", .gguf = names, .hf = names, .prefix = prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .refuse_hf = "apply_residual_connection_post_layernorm", .block = &seqp_block_ln_plain, .blocks = 1,
	.in = {in, 1}, .out = {seqp_ops_ln_out, 1},
};
