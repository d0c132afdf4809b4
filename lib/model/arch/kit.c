/* SPDX-License-Identifier: MIT */
/* What several rows of the table share.  "%" in a GGUF key is the architecture's name. */
#include <math.h>

#include "model/arch/arch.h"

#define HUGE_INT 1e15
/* One set of rope settings, or one for each kind of layer, or the older spelling. */
#define ROPE(key) "rope_parameters." key "|rope_parameters.full_attention." key "|rope_scaling." key

const seqp_word seqp_act_words[] = {
	{"silu", 0}, {"swish", 0}, {"gelu_pytorch_tanh", 1}, {"gelu_new", 1}, {"gelu_fast", 1}, {"gelu", 2},
	{"relu", 3}, {"relu2", 4}, {0}
};

const seqp_word seqp_rope_words[] = {
	{"default", 0}, {"none", 0}, {"linear", 1}, {"dynamic", 2}, {"yarn", 3}, {"llama3", 4}, {"longrope", 5},
	{"su", 5}, {0}
};

const seqp_number seqp_kit_model[] = {
	{"layers", "%.block_count", "num_hidden_layers", 1, 10000, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"width", "%.embedding_length", "hidden_size", 1, 1 << 20, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"context", "%.context_length", "max_position_embeddings", 0, HUGE_INT, SEQP_INT, 0, NULL, NULL},
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-6, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{0}
};

const seqp_number seqp_kit_attn[] = {
	{"attn.heads", "%.attention.head_count", "num_attention_heads", 1, 65536, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.kv_heads", "%.attention.head_count_kv", "num_key_value_heads", 1, 65536, SEQP_INT, 0, "attn.heads", NULL},
	{"attn.head_dim", "%.attention.key_length", "head_dim", 1, 65536, SEQP_INT | SEQP_NEED, 0, "width/attn.heads", NULL},
	{"attn.v_head_dim", "%.attention.value_length", NULL, 1, 65536, SEQP_INT | SEQP_NEED, 0, "attn.head_dim", NULL},
	{"attn.rope", "=1", "=1", 0, 2, SEQP_INT, 0, NULL, NULL},
	{0}
};

const seqp_number seqp_kit_rope[] = {
	{"rope.part", NULL, ROPE("partial_rotary_factor") "|partial_rotary_factor|rotary_pct", 0, 1, SEQP_DFLT, 1, NULL, NULL},
	{"rope.dim", "%.rope.dimension_count", NULL, 0, 65536, SEQP_INT, 0, NULL, NULL},
	{"rope.theta", "%.rope.freq_base", ROPE("rope_theta") "|rope_theta|rotary_emb_base", 1e-3, 1e15, SEQP_DFLT, 1e4, NULL, NULL},
	{"rope.scaling", "%.rope.scaling.type", ROPE("rope_type") "|" ROPE("type"),
	 0, 5, SEQP_INT | SEQP_DFLT, 0, NULL, seqp_rope_words},
	{"rope.max", "%.context_length", "max_position_embeddings", 0, HUGE_INT, SEQP_INT, 0, NULL, NULL},
	{"rope.orig", "%.rope.scaling.original_context_length",
	 ROPE("original_max_position_embeddings") "|original_max_position_embeddings",
	 1, HUGE_INT, SEQP_INT, 0, "rope.max", NULL},
	{"rope.factor", "%.rope.scaling.factor|%.rope.scale_linear", ROPE("factor"), 1e-6, 1e9, 0, 0, NULL, NULL},
	{"rope.low", NULL, ROPE("low_freq_factor"), 1e-9, 1e9, SEQP_DFLT, 1, NULL, NULL},
	{"rope.high", NULL, ROPE("high_freq_factor"), 1e-9, 1e9, SEQP_DFLT, 4, NULL, NULL},
	{"rope.attn_factor", "%.rope.scaling.attn_factor", ROPE("attention_factor"), 0, 1e6, SEQP_DFLT, 0, NULL, NULL},
	{"rope.beta_fast", "%.rope.scaling.yarn_beta_fast", ROPE("beta_fast"), 1e-9, 1e9, SEQP_DFLT, 32, NULL, NULL},
	{"rope.beta_slow", "%.rope.scaling.yarn_beta_slow", ROPE("beta_slow"), 1e-9, 1e9, SEQP_DFLT, 1, NULL, NULL},
	{"rope.mscale", NULL, ROPE("mscale"), 0, 1e6, SEQP_DFLT, 0, NULL, NULL},
	{"rope.mscale_all", NULL, ROPE("mscale_all_dim"), 0, 1e6, SEQP_DFLT, 0, NULL, NULL},
	{"rope.truncate", NULL, ROPE("truncate"), 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{0}
};

const seqp_number seqp_kit_gated[] = {
	{"mlp.ff", "%.feed_forward_length", "intermediate_size", 1, 1 << 24, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"mlp.act", "=0", "hidden_act", 0, 4, SEQP_INT | SEQP_DFLT, 0, NULL, seqp_act_words},
	{0}
};

const seqp_part seqp_kit_ends[] = {
	{"embed", "token_embd.weight", "embed_tokens.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"out_norm.w", "output_norm.weight", "norm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{"head", NULL, "/language_model.lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{0}
};

const seqp_part seqp_kit_qkvo[] = {
	{"attn.q", "blk.%.attn_q.weight", "layers.%.self_attn.q_proj.weight", "attn.heads*attn.head_dim", "width", 0, NULL, NULL, 0},
	{"attn.k", "blk.%.attn_k.weight", "layers.%.self_attn.k_proj.weight", "attn.kv_heads*attn.head_dim", "width", 0, NULL, NULL, 0},
	{"attn.v", "blk.%.attn_v.weight", "layers.%.self_attn.v_proj.weight", "attn.kv_heads*attn.v_head_dim", "width", 0, NULL, NULL, 0},
	{"attn.o", "blk.%.attn_output.weight", "layers.%.self_attn.o_proj.weight", "width", "attn.heads*attn.v_head_dim", 0, NULL, NULL, 0},
	{"attn.q.b", "blk.%.attn_q.bias", "layers.%.self_attn.q_proj.bias", "attn.heads*attn.head_dim", NULL, SEQP_OPT, NULL, NULL, 0},
	{"attn.k.b", "blk.%.attn_k.bias", "layers.%.self_attn.k_proj.bias", "attn.kv_heads*attn.head_dim", NULL, SEQP_OPT, NULL, NULL, 0},
	{"attn.v.b", "blk.%.attn_v.bias", "layers.%.self_attn.v_proj.bias", "attn.kv_heads*attn.v_head_dim", NULL, SEQP_OPT, NULL, NULL, 0},
	{"attn.o.b", "blk.%.attn_output.bias", "layers.%.self_attn.o_proj.bias", "width", NULL, SEQP_OPT, NULL, NULL, 0},
	{"attn.rope_freqs", "rope_freqs.weight", NULL, "rope.dim/2", NULL, SEQP_OPT, NULL, NULL, 0},
	{0}
};

const seqp_part seqp_kit_swiglu[] = {
	{"mlp.gate", "blk.%.ffn_gate.weight", "layers.%.mlp.gate_proj.weight", "mlp.ff", "width", 0, NULL, NULL, 0},
	{"mlp.up", "blk.%.ffn_up.weight", "layers.%.mlp.up_proj.weight", "mlp.ff", "width", 0, NULL, NULL, 0},
	{"mlp.down", "blk.%.ffn_down.weight", "layers.%.mlp.down_proj.weight", "width", "mlp.ff", 0, NULL, NULL, 0},
	{"mlp.gate.b", "blk.%.ffn_gate.bias", "layers.%.mlp.gate_proj.bias", "mlp.ff", NULL, SEQP_OPT, NULL, NULL, 0},
	{"mlp.up.b", "blk.%.ffn_up.bias", "layers.%.mlp.up_proj.bias", "mlp.ff", NULL, SEQP_OPT, NULL, NULL, 0},
	{"mlp.down.b", "blk.%.ffn_down.bias", "layers.%.mlp.down_proj.bias", "width", NULL, SEQP_OPT, NULL, NULL, 0},
	{0}
};

const seqp_part seqp_kit_prenorm[] = {
	{"attn_norm.w", "blk.%.attn_norm.weight", "layers.%.input_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"mlp_norm.w", "blk.%.ffn_norm.weight", "layers.%.post_attention_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{0}
};

const seqp_part seqp_kit_head_norms[] = {
	{"attn.q_norm.w", "blk.%.attn_q_norm.weight", "layers.%.self_attn.q_norm.weight", "attn.head_dim", NULL, 0, NULL, NULL, 0},
	{"attn.k_norm.w", "blk.%.attn_k_norm.weight", "layers.%.self_attn.k_norm.weight", "attn.head_dim", NULL, 0, NULL, NULL, 0},
	{0}
};

const seqp_number seqp_kit_head_norms_on[] = {
	{"attn.qk_norm", "=1", "=1", 0, 2, SEQP_INT, 0, NULL, NULL},
	{0}
};

const char *const seqp_kit_prefix[] = {"model.", "", "language_model.model.", "model.language_model.", NULL};
const char *const seqp_kit_skip[] = {"rotary_emb.inv_freq", "rope.freqs", NULL};

static const seqp_op prenorm[] = {
	NORM(A, X, "rms", "attn_norm"),
	MIX(B, A, "softmax", "attn"),
	ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"),
	MLP(B, A, "gated", "mlp"),
	ADD(X, X, B),
};
const seqp_block seqp_block_prenorm = {prenorm, sizeof prenorm / sizeof *prenorm};

static const seqp_op rms_out[] = {
	NORM(X, X, "rms", "out_norm"),
};
const seqp_block seqp_block_rms_out = {rms_out, 1};

static const seqp_op sandwich[] = {
	NORM(A, X, "rms", "attn_norm"),
	MIX(B, A, "softmax", "attn"),
	NORM(B, B, "rms", "attn_post_norm"),
	ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"),
	MLP(B, A, "gated", "mlp"),
	NORM(B, B, "rms", "mlp_post_norm"),
	ADD(X, X, B),
};
const seqp_block seqp_block_sandwich = {sandwich, sizeof sandwich / sizeof *sandwich};

const seqp_op seqp_ops_ln_plain[6] = {
	NORM(A, X, "layer", "attn_norm"),
	MIX(B, A, "softmax", "attn"),
	ADD(X, X, B),
	NORM(A, X, "layer", "mlp_norm"),
	MLP(B, A, "plain", "mlp"),
	ADD(X, X, B),
};
const seqp_block seqp_block_ln_plain = {seqp_ops_ln_plain, 6};

const seqp_op seqp_ops_ln_out[1] = {NORM(X, X, "layer", "out_norm")};

static const seqp_op postnorm[] = {
	MIX(B, X, "softmax", "attn"),
	NORM(B, B, "rms", "attn_norm"),
	ADD(X, X, B),
	MLP(B, X, "gated", "mlp"),
	NORM(B, B, "rms", "mlp_norm"),
	ADD(X, X, B),
};
const seqp_block seqp_block_postnorm = {postnorm, sizeof postnorm / sizeof *postnorm};

static const seqp_op ln_parallel[] = {
	NORM(A, X, "layer", "attn_norm"),
	MIX(B, A, "softmax", "attn"),
	MLP(C, A, "plain", "mlp"),
	ADD(X, X, B),
	ADD(X, X, C),
};
const seqp_block seqp_block_ln_parallel = {ln_parallel, sizeof ln_parallel / sizeof *ln_parallel};
