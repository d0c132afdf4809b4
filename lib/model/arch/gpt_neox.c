/* SPDX-License-Identifier: MIT */
/* x += attn(ln1 x) + fc2(gelu(fc1(ln2 x))), or one after the other.  Hugging Face keeps q,
 * k, v per head in one matrix: each is gathered at opening.  GELU is the exact one. */
#include "model/arch/rows.h"

static const char *const gguf[] = {"gptneox", NULL}, *const hf[] = {"gpt_neox", NULL};
static const char *const prefix[] = {"gpt_neox.", "", NULL};
static const char *const skip[] = {"attention.bias", "attention.masked_bias", "rotary_emb.inv_freq", NULL};

static const seqp_number numbers[] = {
	{"norm_eps", "%.attention.layer_norm_epsilon", "layer_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"parallel", "%.use_parallel_residual", "use_parallel_residual", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"rope.part", NULL, "rope_parameters.partial_rotary_factor|partial_rotary_factor|rotary_pct", 0, 1, SEQP_DFLT, 0.25, NULL, NULL},
	{"mlp.act", "=2", "hidden_act", 0, 4, SEQP_INT | SEQP_DFLT, 2, NULL, seqp_act_words},
	{0}
};

#define Q "attn.heads*attn.head_dim"
#define QKV "3*attn.heads*attn.head_dim"
#define HEADS SEQP_HF_HEADS
#define LN(role, gguf, hf) \
	{role ".w", gguf ".weight", hf ".weight", "width", NULL, 0, NULL, NULL, 0}, \
	{role ".b", gguf ".bias", hf ".bias", "width", NULL, 0, NULL, NULL, 0}

static const seqp_part parts[] = {
	{"embed", "token_embd.weight", "embed_in.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"head", "output.weight", "/embed_out.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{"head", NULL, "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	LN("out_norm", "output_norm", "final_layer_norm"),
	LN("attn_norm", "blk.%.attn_norm", "layers.%.input_layernorm"),
	LN("mlp_norm", "blk.%.ffn_norm", "layers.%.post_attention_layernorm"),
	{"attn.q", "blk.%.attn_qkv.weight", NULL, Q, "width", 0, "0", QKV, 0},
	{"attn.k", "blk.%.attn_qkv.weight", NULL, Q, "width", 0, Q, QKV, 0},
	{"attn.v", "blk.%.attn_qkv.weight", NULL, Q, "width", 0, "2*" Q, QKV, 0},
	{"attn.q.b", "blk.%.attn_qkv.bias", NULL, Q, NULL, SEQP_OPT, "0", QKV, 0},
	{"attn.k.b", "blk.%.attn_qkv.bias", NULL, Q, NULL, SEQP_OPT, Q, QKV, 0},
	{"attn.v.b", "blk.%.attn_qkv.bias", NULL, Q, NULL, SEQP_OPT, "2*" Q, QKV, 0},
	{"attn.q", NULL, "layers.%.attention.query_key_value.weight", Q, "width", HEADS, "0", QKV, 0},
	{"attn.k", NULL, "layers.%.attention.query_key_value.weight", Q, "width", HEADS, "1", QKV, 0},
	{"attn.v", NULL, "layers.%.attention.query_key_value.weight", Q, "width", HEADS, "2", QKV, 0},
	{"attn.q.b", NULL, "layers.%.attention.query_key_value.bias", Q, NULL, SEQP_OPT | HEADS, "0", QKV, 0},
	{"attn.k.b", NULL, "layers.%.attention.query_key_value.bias", Q, NULL, SEQP_OPT | HEADS, "1", QKV, 0},
	{"attn.v.b", NULL, "layers.%.attention.query_key_value.bias", Q, NULL, SEQP_OPT | HEADS, "2", QKV, 0},
	{"attn.o", "blk.%.attn_output.weight", "layers.%.attention.dense.weight", "width", Q, 0, NULL, NULL, 0},
	{"attn.o.b", "blk.%.attn_output.bias", "layers.%.attention.dense.bias", "width", NULL, SEQP_OPT, NULL, NULL, 0},
	{"mlp.up", "blk.%.ffn_up.weight", "layers.%.mlp.dense_h_to_4h.weight", "mlp.ff", "width", 0, NULL, NULL, 0},
	{"mlp.up.b", "blk.%.ffn_up.bias", "layers.%.mlp.dense_h_to_4h.bias", "mlp.ff", NULL, 0, NULL, NULL, 0},
	{"mlp.down", "blk.%.ffn_down.weight", "layers.%.mlp.dense_4h_to_h.weight", "width", "mlp.ff", 0, NULL, NULL, 0},
	{"mlp.down.b", "blk.%.ffn_down.bias", "layers.%.mlp.dense_4h_to_h.bias", "width", NULL, 0, NULL, NULL, 0},
	{0}
};

static int finish(seq_model *m, seq_error *err)
{
	if (seqp_model_number(m, -1, "attn.kv_heads", 0) != seqp_model_number(m, -1, "attn.heads", 0))
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "gpt_neox with fewer key heads than query heads");
	return seqp_number_set(m, -1, "type", seqp_model_number(m, -1, "parallel", 1) == 0, err);
}

static const seqp_op parallel[] = {
	NORM(A, X, "layer", "attn_norm"),
	MIX(B, A, "softmax", "attn"),
	NORM(A, X, "layer", "mlp_norm"),
	MLP(C, A, "plain", "mlp"),
	ADD(X, X, B),
	ADD(X, X, C),
};
static const seqp_block blocks[] = {{parallel, sizeof parallel / sizeof *parallel}, {seqp_ops_ln_plain, 6}};

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_gpt_neox = {
	.name = "gpt_neox", .gguf = gguf, .hf = hf, .prefix = prefix, .numbers = lists, .parts = part_lists, .skip = skip,
	.finish = finish, .block = blocks, .blocks = 2, .out = {seqp_ops_ln_out, 1},
};
