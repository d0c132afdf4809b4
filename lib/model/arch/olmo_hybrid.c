/* SPDX-License-Identifier: MIT */
/* olmo_hybrid: x += gdn(rms x); x += swiglu(rms x) in most layers; full attention as in olmo2, with norms behind the
 * branches and of the whole width of q and k. */
#include "model/arch/gdn_kit.h"

static const seqp_number numbers[] = {
	{"attn.qk_norm", NULL, "=2", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"lin.neg", NULL, "linear_allow_neg_eigval", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"lin.beta.factor", NULL, "=1+lin.neg", 1, 2, 0, 0, NULL, NULL},
	{0}
};

#define L "layers.%."
#define N "layers.%.linear_attn."
#define ONE(role, hf, rows, cols, how, types) {role, NULL, hf, rows, cols, how, NULL, NULL, types}
static const seqp_part parts[] = {
	ONE("attn_norm.w", L "attention_layer_norm.weight", "width", NULL, SEQP_OPT, GDN_LIN),
	ONE("attn_norm.w", L "input_layernorm.weight", "width", NULL, 0, GDN_LIN),
	ONE("mlp_norm.w", L "feedforward_layer_norm.weight", "width", NULL, SEQP_OPT, GDN_LIN),
	ONE("mlp_norm.w", L "post_attention_layernorm.weight", "width", NULL, 0, GDN_LIN),
	ONE("attn_norm.w", L "feedforward_layer_norm.weight", "width", NULL, SEQP_OPT, GDN_FULL),
	ONE("attn_norm.w", L "post_attention_layernorm.weight", "width", NULL, 0, GDN_FULL),
	ONE("mlp_norm.w", L "post_feedforward_layernorm.weight", "width", NULL, 0, GDN_FULL),
	ONE("attn.q", L "self_attn.q_proj.weight", "attn.heads*attn.head_dim", "width", 0, GDN_FULL),
	ONE("attn.k", L "self_attn.k_proj.weight", "attn.kv_heads*attn.head_dim", "width", 0, GDN_FULL),
	ONE("attn.v", L "self_attn.v_proj.weight", "attn.kv_heads*attn.v_head_dim", "width", 0, GDN_FULL),
	ONE("attn.o", L "self_attn.o_proj.weight", "width", "attn.heads*attn.v_head_dim", 0, GDN_FULL),
	ONE("attn.q_norm.w", L "self_attn.q_norm.weight", "attn.heads*attn.head_dim", NULL, 0, GDN_FULL),
	ONE("attn.k_norm.w", L "self_attn.k_norm.weight", "attn.kv_heads*attn.head_dim", NULL, 0, GDN_FULL),
	ONE("lin.q", N "q_proj.weight", GDN_QK, "width", 0, GDN_LIN), ONE("lin.k", N "k_proj.weight", GDN_QK, "width", 0, GDN_LIN),
	ONE("lin.v", N "v_proj.weight", GDN_V, "width", 0, GDN_LIN), ONE("lin.gate", N "g_proj.weight", GDN_V, "width", 0, GDN_LIN),
	ONE("lin.beta", N "b_proj.weight", "lin.heads", "width", 0, GDN_LIN), ONE("lin.g", N "a_proj.weight", "lin.heads", "width", 0, GDN_LIN),
	ONE("lin.g.b", N "dt_bias", "lin.heads", NULL, 0, GDN_LIN), ONE("lin.A", N "A_log", "lin.heads", NULL, SEQP_HF_NEGEXP, GDN_LIN),
	ONE("lin.q.conv.w", N "q_conv1d.weight", GDN_QK, "lin.conv", SEQP_SMALL, GDN_LIN),
	ONE("lin.k.conv.w", N "k_conv1d.weight", GDN_QK, "lin.conv", SEQP_SMALL, GDN_LIN),
	ONE("lin.v.conv.w", N "v_conv1d.weight", GDN_V, "lin.conv", SEQP_SMALL, GDN_LIN),
	ONE("lin.norm.w", N "o_norm.weight", "lin.v_head_dim", NULL, 0, GDN_LIN),
	ONE("lin.o", N "o_proj.weight", "width", GDN_V, 0, GDN_LIN),
	{0}
};

static int finish(seq_model *m, seq_error *err)
{
	int e = seqp_gdn_types(m, false, err);
	/* A null here means no rope at all. */
	if (e >= 0 && seqp_store_get(&m->src, "rope_parameters").kind == SEQP_NULL)
		e = seqp_number_set(m, -1, "attn.rope", 0, err);
	return e;
}

static const seqp_op lin[] = {
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, "gated-delta-rule", "lin"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_op full[] = {
	MIX(B, X, "softmax", "attn"), NORM(B, B, "rms", "attn_norm"), ADD(X, X, B),
	MLP(B, X, "gated", "mlp"), NORM(B, B, "rms", "mlp_norm"), ADD(X, X, B),
};
static const seqp_block blocks[] = {{lin, 6}, {full, 6}};

static const char *const none[] = {NULL}, *const names[] = {"olmo_hybrid", NULL};
static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_gdn_numbers, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const part_lists[] = {parts, seqp_kit_ends, seqp_kit_swiglu, NULL};

const seqp_arch seqp_arch_olmo_hybrid = {
	.name = "olmo_hybrid", .gguf = none, .hf = names, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .finish = finish, .block = blocks, .blocks = 2,
};
