/* SPDX-License-Identifier: MIT */
/* x += attn(ln x); x += fc2(relu2(fc1(ln x))): LayerNorms on each head of q and k, half of which the rope turns.  opt: relu,
 * learned positions from row 2 on. */
#include "model/arch/qkv_kit.h"

#define INT SEQP_INT
#define DFLT SEQP_DFLT

static const seqp_number persimmon[] = {
	{"norm_eps", NULL, "layer_norm_eps", 0, 1, DFLT, 1e-5, NULL, NULL},
	{"attn.qk_norm", NULL, "qk_layernorm", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"rope.part", NULL, "rope_parameters.partial_rotary_factor|partial_rotary_factor", 0, 1, DFLT, 0.5, NULL, NULL},
	{"mlp.act", NULL, "hidden_act", 0, 4, INT | DFLT, 4, NULL, seqp_act_words},
	{0}
};

static const seqp_number opt[] = {
	{"norm_eps", NULL, NULL, 0, 1, DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"context", NULL, "max_position_embeddings", 1, 1 << 30, INT | DFLT, 2048, NULL, NULL},
	{"width", NULL, "hidden_size", 1, 1 << 20, INT | SEQP_NEED, 0, NULL, NULL},
	{"do_layer_norm_before", NULL, "do_layer_norm_before", 1, 1, INT | DFLT, 1, NULL, NULL},
	{"word_embed_proj_dim", NULL, "word_embed_proj_dim", 1, 1 << 20, INT, 0, "width", NULL},
	{"attn.rope", NULL, "=0", 0, 2, INT, 0, NULL, NULL},
	{"mlp.ff", NULL, "ffn_dim", 1, 1 << 24, INT | SEQP_NEED, 0, NULL, NULL},
	{"mlp.act", NULL, "activation_function", 0, 4, INT | DFLT, 3, NULL, seqp_act_words},
	{0}
};

#define QKV_NAME "layers.%.self_attn.query_key_value"
#define HEAD_NORM(role, hf) \
	{role ".w", NULL, hf ".weight", "attn.head_dim", NULL, SEQP_OPT, NULL, NULL, 0}, \
	{role ".b", NULL, hf ".bias", "attn.head_dim", NULL, SEQP_OPT, NULL, NULL, 0}
static const seqp_part persimmon_parts[] = {
	{"embed", NULL, "embed_tokens.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"head", NULL, "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	LN_ROWS("out_norm", "output_norm", "final_layernorm", 0),
	LN_ROWS("attn_norm", "blk.%.attn_norm", "layers.%.input_layernorm", 0),
	LN_ROWS("mlp_norm", "blk.%.ffn_norm", "layers.%.post_attention_layernorm", 0),
	QKV_HEADS,
	HEAD_NORM("attn.q_norm", "layers.%.self_attn.q_layernorm"), HEAD_NORM("attn.k_norm", "layers.%.self_attn.k_layernorm"),
	LINEAR_ROWS("attn.o", "blk.%.attn_output", "layers.%.self_attn.dense", "width", QKV_Q),
	LINEAR_ROWS("mlp.up", "blk.%.ffn_up", "layers.%.mlp.dense_h_to_4h", "mlp.ff", "width"),
	LINEAR_ROWS("mlp.down", "blk.%.ffn_down", "layers.%.mlp.dense_4h_to_h", "width", "mlp.ff"),
	{0}
};

static const seqp_part opt_parts[] = {
	{"embed", NULL, "embed_tokens.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"pos_embed", NULL, "embed_positions.weight", "context", "width", 0, "2", "context+2", 0},
	{"head", NULL, "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	LN_ROWS("out_norm", "output_norm", "final_layer_norm", 0),
	LN_ROWS("attn_norm", "blk.%.attn_norm", "layers.%.self_attn_layer_norm", 0),
	LN_ROWS("mlp_norm", "blk.%.ffn_norm", "layers.%.final_layer_norm", 0),
	LINEAR_ROWS("attn.q", "blk.%.attn_q", "layers.%.self_attn.q_proj", QKV_Q, "width"),
	LINEAR_ROWS("attn.k", "blk.%.attn_k", "layers.%.self_attn.k_proj", QKV_KV, "width"),
	LINEAR_ROWS("attn.v", "blk.%.attn_v", "layers.%.self_attn.v_proj", QKV_KV, "width"),
	LINEAR_ROWS("attn.o", "blk.%.attn_output", "layers.%.self_attn.out_proj", "width", QKV_Q),
	LINEAR_ROWS("mlp.up", "blk.%.ffn_up", "layers.%.fc1", "mlp.ff", "width"),
	LINEAR_ROWS("mlp.down", "blk.%.ffn_down", "layers.%.fc2", "width", "mlp.ff"),
	{0}
};

static int finish_opt(seq_model *m, seq_error *err)
{
	double d = seqp_model_number(m, -1, "word_embed_proj_dim", 0);
	return d == (double)m->width ? SEQ_OK : seqp_fail(err, SEQ_E_UNSUPPORTED, "word_embed_proj_dim is %g, hidden_size %lld", d,
							  (long long)m->width);
}

static const char *const none[] = {NULL}, *const persimmon_hf[] = {"persimmon", NULL}, *const opt_hf[] = {"opt", NULL};
static const char *const opt_prefix[] = {"model.decoder.", "decoder.", NULL};
static const seqp_number *const persimmon_lists[] = {persimmon, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_number *const opt_lists[] = {opt, seqp_kit_model, seqp_kit_attn, NULL};
static const seqp_part *const persimmon_part_lists[] = {persimmon_parts, NULL}, *const opt_part_lists[] = {opt_parts, NULL};

const seqp_arch seqp_arch_persimmon = {
	.name = "persimmon", .gguf = none, .hf = persimmon_hf, .prefix = seqp_kit_prefix, .numbers = persimmon_lists,
	.parts = persimmon_part_lists, .skip = seqp_kit_skip, .block = &seqp_block_ln_plain, .blocks = 1, .out = {seqp_ops_ln_out, 1},
};

const seqp_arch seqp_arch_opt = {
	.name = "opt", .gguf = none, .hf = opt_hf, .prefix = opt_prefix, .numbers = opt_lists, .parts = opt_part_lists,
	.skip = seqp_kit_skip, .refuse_hf = "_remove_final_layer_norm", .finish = finish_opt, .block = &seqp_block_ln_plain, .blocks = 1,
	.out = {seqp_ops_ln_out, 1},
};
