/* SPDX-License-Identifier: MIT */
/* Kin of llama that differ in numbers and names only.  ernie4_5, helium: adjacent rope
 * pairs; seed_oss: biases by what is stored; arcee: plain MLP with squared relu; nemotron:
 * LayerNorm stored less one on top of that. */
#include "model/arch/rows.h"

static const seqp_number ernie[] = {
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"attn.rope", "=2", "=2", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"rope.theta", "%.rope.freq_base", "rope_parameters.rope_theta|rope_theta", 1e-3, 1e15, SEQP_DFLT, 5e5, NULL, NULL},
	{0}
};

static const seqp_number helium[] = {
	{"norm_eps", NULL, "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-8, NULL, NULL},
	{"attn.rope", NULL, "=2", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"rope.theta", NULL, "rope_parameters.rope_theta|rope_theta", 1e-3, 1e15, SEQP_DFLT, 1e5, NULL, NULL},
	{0}
};

static const seqp_number arcee[] = {
	{"norm_eps", NULL, "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"mlp.act", NULL, "hidden_act", 0, 4, SEQP_INT | SEQP_DFLT, 4, NULL, seqp_act_words},
	{0}
};

static const seqp_number nemotron[] = {
	{"norm_eps", NULL, "norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"rope.part", NULL, "rope_parameters.partial_rotary_factor|partial_rotary_factor|rope_percent", 0, 1, SEQP_DFLT, 0.5, NULL, NULL},
	{"mlp.act", NULL, "hidden_act", 0, 4, SEQP_INT | SEQP_DFLT, 4, NULL, seqp_act_words},
	{0}
};

static const seqp_part plain[] = {
	{"mlp.up", NULL, "layers.%.mlp.up_proj.weight", "mlp.ff", "width", 0, NULL, NULL, 0},
	{"mlp.up.b", NULL, "layers.%.mlp.up_proj.bias", "mlp.ff", NULL, SEQP_OPT, NULL, NULL, 0},
	{"mlp.down", NULL, "layers.%.mlp.down_proj.weight", "width", "mlp.ff", 0, NULL, NULL, 0},
	{"mlp.down.b", NULL, "layers.%.mlp.down_proj.bias", "width", NULL, SEQP_OPT, NULL, NULL, 0},
	{0}
};

#define LN1(role, hf) \
	{role ".w", NULL, hf ".weight", "width", NULL, SEQP_HF_PLUS1, NULL, NULL, 0}, \
	{role ".b", NULL, hf ".bias", "width", NULL, 0, NULL, NULL, 0}

static const seqp_part nemotron_norms[] = {
	LN1("out_norm", "norm"), LN1("attn_norm", "layers.%.input_layernorm"), LN1("mlp_norm", "layers.%.post_attention_layernorm"), {0}
};

static const seqp_op rms_plain[] = {
	NORM(A, X, "rms", "attn_norm"),
	MIX(B, A, "softmax", "attn"),
	ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"),
	MLP(B, A, "plain", "mlp"),
	ADD(X, X, B),
};
static const seqp_block blocks[] = {{rms_plain, sizeof rms_plain / sizeof *rms_plain}};

#define KIT seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL
static const seqp_number *const ernie_lists[] = {ernie, KIT}, *const helium_lists[] = {helium, KIT};
static const seqp_number *const arcee_lists[] = {arcee, KIT}, *const nemotron_lists[] = {nemotron, KIT};
static const seqp_number *const llama_lists[] = {KIT};
static const seqp_part *const gated_parts[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, seqp_kit_swiglu, NULL};
static const seqp_part *const plain_parts[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, plain, NULL};
static const seqp_part *const nemotron_parts[] = {nemotron_norms, seqp_kit_ends, seqp_kit_qkvo, plain, NULL};
static const char *const none[] = {NULL}, *const ernie_names[] = {"ernie4_5", NULL}, *const helium_hf[] = {"helium", NULL};
static const char *const arcee_hf[] = {"arcee", NULL}, *const nemotron_hf[] = {"nemotron", NULL};
static const char *const seed_hf[] = {"seed_oss", NULL};

const seqp_arch seqp_arch_ernie4_5 = {
	.name = "ernie4_5", .gguf = ernie_names, .hf = ernie_names, .prefix = seqp_kit_prefix, .numbers = ernie_lists,
	.parts = gated_parts, .skip = seqp_kit_skip, .block = &seqp_block_prenorm, .blocks = 1,
};

const seqp_arch seqp_arch_helium = {
	.name = "helium", .gguf = none, .hf = helium_hf, .prefix = seqp_kit_prefix, .numbers = helium_lists,
	.parts = gated_parts, .skip = seqp_kit_skip, .block = &seqp_block_prenorm, .blocks = 1,
};

const seqp_arch seqp_arch_seed_oss = {
	.name = "seed_oss", .gguf = none, .hf = seed_hf, .prefix = seqp_kit_prefix, .numbers = llama_lists,
	.parts = gated_parts, .skip = seqp_kit_skip, .block = &seqp_block_prenorm, .blocks = 1,
};

const seqp_arch seqp_arch_arcee = {
	.name = "arcee", .gguf = none, .hf = arcee_hf, .prefix = seqp_kit_prefix, .numbers = arcee_lists,
	.parts = plain_parts, .skip = seqp_kit_skip, .block = blocks, .blocks = 1,
};

const seqp_arch seqp_arch_nemotron = {
	.name = "nemotron", .gguf = none, .hf = nemotron_hf, .prefix = seqp_kit_prefix, .numbers = nemotron_lists,
	.parts = nemotron_parts, .skip = seqp_kit_skip, .block = &seqp_block_ln_plain, .blocks = 1, .out = {seqp_ops_ln_out, 1},
};
