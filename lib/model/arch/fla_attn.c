/* SPDX-License-Identifier: MIT */
/* forgetting_transformer, path_attn: softmax attention with a decay, and along a path of reflections. */
#include "model/arch/fla.h"

#define HEADS \
	FLA_INT("width", "hidden_size", 1, 1 << 20, 2048), FLA_INT("attn.heads", "num_heads", 1, 65536, 32), \
	{"attn.kv_heads", NULL, "num_kv_heads", 1, 65536, SEQP_INT | SEQP_NEED, 0, "attn.heads", NULL}, \
	FLA_SET("attn.head_dim", "width/attn.heads")

static const seqp_number forgetting[] = {
	HEADS, /* window_size bounds the package's cache alone: its attention sees all */
	FLA_INT("attn.qk_norm", "qk_norm", 0, 1, 0), {"attn.qk_norm.eps", NULL, NULL, 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	FLA_INT("attn.gated", "use_output_gate", 0, 1, 0),
	{0}
};

static const seqp_part qkvo[] = {
	FLA("q", "q_proj.weight", "attn.heads*attn.head_dim", "width", 0),
	FLA("k", "k_proj.weight", "attn.kv_heads*attn.head_dim", "width", 0),
	FLA("v", "v_proj.weight", "attn.kv_heads*attn.head_dim", "width", 0),
	FLA("o", "o_proj.weight", "width", "attn.heads*attn.head_dim", 0),
	{0}
};

static const seqp_part forgetting_parts[] = {
	FLA("q.b", "q_proj.bias", "attn.heads*attn.head_dim", NULL, SEQP_OPT),
	FLA("k.b", "k_proj.bias", "attn.kv_heads*attn.head_dim", NULL, SEQP_OPT),
	FLA("v.b", "v_proj.bias", "attn.kv_heads*attn.head_dim", NULL, SEQP_OPT),
	FLA("f", "f_proj.weight", "attn.heads", "width", 0),
	FLA("f.b", "f_proj.bias", "attn.heads", NULL, 0),
	FLA("gate", "g_proj.weight", "attn.heads*attn.head_dim", "width", SEQP_OPT),
	FLA("q_norm.w", "q_norm.weight", "attn.heads*attn.head_dim", NULL, SEQP_OPT),
	FLA("k_norm.w", "k_norm.weight", "attn.kv_heads*attn.head_dim", NULL, SEQP_OPT),
	{0}
};

static const seqp_op forgetting_ops[6] = FLA_BLOCK("forgetting");
static const seqp_number *const forgetting_lists[] = {forgetting, seqp_fla_model, NULL};
static const seqp_part *const forgetting_part_lists[] = {seqp_fla_frame, qkvo, forgetting_parts, NULL};

FLA_ARCH(forgetting, "forgetting_transformer", forgetting_ops, forgetting_lists, forgetting_part_lists, "", NULL);

static const seqp_number path[] = {
	HEADS,
	FLA_INT("attn.use_conv", "use_w_shortconv", 0, 1, 1), FLA_SET("attn.conv", "3*attn.use_conv"),
	FLA_SET("attn.rank", "32"),
	{0}
};

static const seqp_part path_parts[] = {
	FLA("w.0", "w_proj.0.weight", "attn.rank", "width", SEQP_OPT),
	FLA("w", "w_proj.1.weight", "attn.kv_heads*attn.head_dim", "attn.rank", SEQP_OPT),
	FLA("w", "w_proj.weight", "attn.kv_heads*attn.head_dim", "width", 0),
	FLA("w.conv.w", "w_conv1d.weight", "attn.kv_heads*attn.head_dim", "attn.conv", SEQP_SMALL | SEQP_OPT),
	FLA("beta", "bt_proj.weight", "attn.kv_heads", "width", 0),
	FLA("beta.b", "bt_proj.bias", "attn.kv_heads", NULL, 0),
	{0}
};

static const seqp_op path_ops[6] = FLA_BLOCK("path");
static const seqp_number *const path_lists[] = {path, seqp_fla_model, NULL};
static const seqp_part *const path_part_lists[] = {seqp_fla_frame, qkvo, path_parts, NULL};

FLA_ARCH(path, "path_attn", path_ops, path_lists, path_part_lists, "|use_forget_gate", NULL);
