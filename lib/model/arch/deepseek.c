/* SPDX-License-Identifier: MIT */
/* x += mla(rms x); x += moe(rms x) + shared mlp(rms x), the first layers with an MLP instead.  deepseek_v3: sigmoid scores;
 * deepseek_v2: softmax, not normalised, groups by their best.  GGUF calls both deepseek2 and tells them apart by
 * expert_gating_func. */
#include "model/arch/mla_kit.h"

#define INT SEQP_INT
#define DFLT SEQP_DFLT

static const seqp_number v3[] = {
	{"attn.interleave", NULL, "rope_interleave", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"attn.rope", "=2", "=attn.interleave+1", 0, 2, INT, 0, NULL, NULL},
	{"moe.gating", "%.expert_gating_func", "=2", 1, 2, INT | DFLT, 1, NULL, NULL},
	{"moe.score", NULL, NULL, 0, 2, INT | DFLT, 2, NULL, NULL},
	{"moe.group_top", NULL, NULL, 1, 2, INT | DFLT, 2, NULL, NULL},
	{"moe.groups", "%.expert_group_count", "n_group", 1, 65536, INT | DFLT, 1, NULL, NULL},
	{"moe.groups_used", "%.expert_group_used_count", "topk_group", 1, 65536, INT | DFLT, 1, NULL, NULL},
	{"moe.norm", "%.expert_weights_norm", "norm_topk_prob", 0, 1, INT, 0, "0|1", NULL},
	{"moe.norm_eps", NULL, NULL, 0, 1, DFLT, 1e-20, NULL, NULL},
	{"moe.first", "%.leading_dense_block_count", "first_k_dense_replace", 0, 10000, INT, 0, "0|3", NULL},
	{"moe.scale", "%.expert_weights_scale", "routed_scaling_factor", 1e-9, 1e9, DFLT, 1, NULL, NULL},
	{0}
};

static const seqp_word methods[] = {{"greedy", 0}, {"group_limited_greedy", 1}, {0}};

static const seqp_number v2[] = {
	{"attn.rope", NULL, "=2", 0, 2, INT, 0, NULL, NULL},
	{"moe.by_group", NULL, "topk_method", 0, 1, INT | DFLT, 0, NULL, methods},
	{"moe.groups", NULL, "n_group", 1, 65536, INT | DFLT, 1, NULL, NULL},
	{"moe.groups_used", NULL, "topk_group", 1, 65536, INT | DFLT, 1, NULL, NULL},
	{"moe.group_top", NULL, "=1", 1, 2, INT, 0, NULL, NULL},
	{"moe.norm", NULL, "=0", 0, 1, INT, 0, NULL, NULL},
	{0}
};

static const seqp_part parts[] = {
	MLA_PARTS(0, "layers.%.self_attn."),
	SHARED_EXPERT(1 << SEQP_TYPE_MOE, "layers.%.mlp.shared_experts"),
	{0}
};

static const seqp_part bias[] = {
	ROUTER_BIAS(1 << SEQP_TYPE_MOE, "layers.%.mlp.gate.e_score_correction_bias"),
	{0}
};

static int finish3(seq_model *m, seq_error *err)
{
	bool sigmoid = seqp_model_number(m, -1, "moe.gating", 2) == 2;
	int e = seqp_number_set(m, -1, "moe.score", sigmoid ? 2 : 0, err);
	if (e < 0 || (e = seqp_number_set(m, -1, "moe.group_top", sigmoid ? 2 : 1, err)) < 0)
		return e;
	return (e = seqp_mla_numbers(m, err)) < 0 ? e : seqp_moe_layers(m, err);
}

static int finish2(seq_model *m, seq_error *err)
{
	int e = SEQ_OK;
	if (seqp_model_number(m, -1, "moe.by_group", 0) == 0)
		e = seqp_number_set(m, -1, "moe.groups_used", seqp_model_number(m, -1, "moe.groups", 1), err);
	if (e < 0 || (e = seqp_mla_numbers(m, err)) < 0)
		return e;
	return seqp_moe_layers(m, err);
}

static const seqp_op dense[] = {
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, "mla", "attn"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_op experts[] = {
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, "mla", "attn"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "moe", "moe"), ADD(X, X, B),
};
static const seqp_block blocks[] = {{dense, 6}, {experts, 6}};

#define KIT seqp_kit_mla, seqp_kit_moe, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL
static const seqp_number *const lists3[] = {v3, KIT}, *const lists2[] = {v2, KIT};
static const seqp_part *const parts3[] = {seqp_kit_ends, seqp_kit_prenorm, parts, bias, seqp_kit_moe_mlp, NULL};
static const seqp_part *const parts2[] = {seqp_kit_ends, seqp_kit_prenorm, parts, seqp_kit_moe_mlp, NULL};
static const char *const gguf[] = {"deepseek2", NULL}, *const none[] = {NULL};
static const char *const hf3[] = {"deepseek_v3", NULL}, *const hf2[] = {"deepseek_v2", NULL};

const seqp_arch seqp_arch_deepseek_v3 = {
	.name = "deepseek_v3", .gguf = gguf, .hf = hf3, .prefix = seqp_kit_prefix, .numbers = lists3, .parts = parts3,
	.skip = seqp_kit_skip, .finish = finish3, .block = blocks, .blocks = 2,
};

const seqp_arch seqp_arch_deepseek_v2 = {
	.name = "deepseek_v2", .gguf = none, .hf = hf2, .prefix = seqp_kit_prefix, .numbers = lists2, .parts = parts2,
	.skip = seqp_kit_skip, .finish = finish2, .block = blocks, .blocks = 2,
};
