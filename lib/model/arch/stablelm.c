/* SPDX-License-Identifier: MIT */
/* x += attn(ln x); x += swiglu(ln x), or both from one norm in parallel (type 1). */
#include "model/arch/rows.h"

static const char *const names[] = {"stablelm", NULL};

static const seqp_number numbers[] = {
	{"norm_eps", "%.attention.layer_norm_epsilon", "layer_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"type", "%.use_parallel_residual", "use_parallel_residual", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"rope.part", NULL, "rope_parameters.partial_rotary_factor|partial_rotary_factor|rope_pct", 0, 1, SEQP_DFLT, 0.25, NULL, NULL},
	{0}
};

static const seqp_part norms[] = {
	{"out_norm.b", "output_norm.bias", "norm.bias", "width", NULL, 0, NULL, NULL, 0},
	{"attn_norm.w", "blk.%.attn_norm.weight", "layers.%.input_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"attn_norm.b", "blk.%.attn_norm.bias", "layers.%.input_layernorm.bias", "width", NULL, 0, NULL, NULL, 0},
	{"mlp_norm.w", "blk.%.ffn_norm.weight", "layers.%.post_attention_layernorm.weight", "width", NULL, 0, NULL, NULL, 1},
	{"mlp_norm.b", "blk.%.ffn_norm.bias", "layers.%.post_attention_layernorm.bias", "width", NULL, 0, NULL, NULL, 1},
	{0}
};

static int finish(seq_model *m, seq_error *err)
{
	if (seqp_store_tensor(&m->src, "blk.0.attn_q_norm.weight", NULL))
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "stablelm with norms on q and k is not built in");
	return SEQ_OK;
}

static const seqp_op serial[] = {
	NORM(A, X, "layer", "attn_norm"),
	MIX(B, A, "softmax", "attn"),
	ADD(X, X, B),
	NORM(A, X, "layer", "mlp_norm"),
	MLP(B, A, "gated", "mlp"),
	ADD(X, X, B),
};
static const seqp_op parallel[] = {
	NORM(A, X, "layer", "attn_norm"),
	MIX(B, A, "softmax", "attn"),
	MLP(C, A, "gated", "mlp"),
	ADD(X, X, B),
	ADD(X, X, C),
};
static const seqp_block blocks[] = {{serial, sizeof serial / sizeof *serial}, {parallel, sizeof parallel / sizeof *parallel}};

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const parts[] = {seqp_kit_ends, norms, seqp_kit_qkvo, seqp_kit_swiglu, NULL};

const seqp_arch seqp_arch_stablelm = {
	.name = "stablelm", .gguf = names, .hf = names, .prefix = seqp_kit_prefix, .numbers = lists, .parts = parts,
	.skip = seqp_kit_skip, .refuse_hf = "qk_layernorm", .finish = finish, .block = blocks, .blocks = 2,
	.out = {seqp_ops_ln_out, 1},
};
