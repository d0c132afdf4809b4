/* SPDX-License-Identifier: MIT */
/* x += mamba with norms of dt, B and C, or attention without rope(rms x), by layer;  x += gated mlp or experts(rms x). */
#include <math.h>

#include "model/arch/hybrid.h"
#include "model/arch/moe_kit.h"

enum { IS_ATTN = 1, HAS_EXPERTS = 2 }; /* a type is their sum */
enum { MAMBA = 1 << 0 | 1 << 2, ATTN = 1 << 1 | 1 << 3, DENSE_LAYERS = 1 << 0 | 1 << 1, EXPERTS = 1 << 2 | 1 << 3 };

static const char *const names[] = {"jamba", NULL};

static const seqp_number numbers[] = {
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-6, NULL, NULL},
	{"attn.rope", "=0", "=0", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"attn.every", NULL, "attn_layer_period", 1, 10000, SEQP_INT | SEQP_DFLT, 8, NULL, NULL},
	{"attn.from", NULL, "attn_layer_offset", 0, 10000, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{"moe.every", NULL, "expert_layer_period", 1, 10000, SEQP_INT | SEQP_DFLT, 2, NULL, NULL},
	{"moe.from", NULL, "expert_layer_offset", 0, 10000, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"moe.experts", "%.expert_count", "num_experts", 0, 65536, SEQP_INT, 0, "0|16", NULL},
	{"moe.used", "%.expert_used_count", "num_experts_per_tok", 0, 65536, SEQP_INT, 0, "0|2", NULL},
	{0}
};

static const seqp_number ssm[] = {
	{"ssm.expand", NULL, "mamba_expand", 1, 64, SEQP_INT | SEQP_DFLT, 2, NULL, NULL},
	{"ssm.inner", "%.ssm.inner_size", NULL, 1, 1 << 22, SEQP_INT | SEQP_NEED, 0, "ssm.expand*width", NULL},
	{"ssm.state", "%.ssm.state_size", "mamba_d_state", 1, 65536, SEQP_INT | SEQP_DFLT, 16, NULL, NULL},
	{"ssm.conv", "%.ssm.conv_kernel", "mamba_d_conv", 1, 64, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{"ssm.rank", "%.ssm.time_step_rank", "mamba_dt_rank", 1, 1 << 20, SEQP_INT | SEQP_NEED, 0, "(width+15)/16", seqp_auto_word},
	{"ssm.bcdt_norm", "=1", "=1", 0, 1, SEQP_INT, 0, NULL, NULL},
	{"ssm.norm_eps", "%.attention.layer_norm_rms_epsilon", "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-6, NULL, NULL},
	{0}
};

#define F "layers.%.feed_forward."

static const seqp_part parts[] = {
	{"embed", "token_embd.weight", "embed_tokens.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"out_norm.w", "output_norm.weight", "final_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{"mix_norm.w", "blk.%.attn_norm.weight", "layers.%.input_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"mlp_norm.w", "blk.%.ffn_norm.weight", "layers.%.pre_ff_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	S6_PARTS("layers.%.mamba.", MAMBA),
	{"ssm.dt_norm.w", "blk.%.ssm_dt_norm.weight", "layers.%.mamba.dt_layernorm.weight", "ssm.rank", NULL, 0, NULL, NULL, MAMBA},
	{"ssm.b_norm.w", "blk.%.ssm_b_norm.weight", "layers.%.mamba.b_layernorm.weight", "ssm.state", NULL, 0, NULL, NULL, MAMBA},
	{"ssm.c_norm.w", "blk.%.ssm_c_norm.weight", "layers.%.mamba.c_layernorm.weight", "ssm.state", NULL, 0, NULL, NULL, MAMBA},
	QKVO_PARTS("layers.%.self_attn.", "o_proj", ATTN),
	GATED_PARTS(F, "gate_proj", "up_proj", "down_proj", DENSE_LAYERS),
	EXPERTS_GGUF(EXPERTS),
	ROUTER(EXPERTS, F "router"),
	EXPERTS_EACH(EXPERTS, F "experts", "gate_proj", "up_proj", "down_proj"),
	EXPERTS_FUSED(EXPERTS, F "experts.gate_up_proj", F "experts.down_proj"),
	{0}
};

static int hf_types(seq_model *m, seq_error *err)
{
	bool many = seqp_model_number(m, -1, "moe.experts", 0) > 1;
	int e = SEQ_OK;
	for (int64_t i = 0; i < m->layers && e >= 0; i++)
		e = seqp_number_set(m, i, "type", (seqp_in_period(m, "attn.every", "attn.from", i) ? IS_ATTN : 0) +
				    (many && seqp_in_period(m, "moe.every", "moe.from", i) ? HAS_EXPERTS : 0), err);
	return e < 0 ? e : seqp_only_in(m, "attn.kv_heads", ATTN, err);
}

/* From here on the types alone count. */
static int finish(seq_model *m, seq_error *err)
{
	static const char *const means[] = {"attn.every", "attn.from", "moe.every", "moe.from"};
	int e = m->src.format == SEQP_FROM_HF ? hf_types(m, err) : seqp_types_by_tensors(m, IS_ATTN, HAS_EXPERTS, err);
	for (size_t i = 0; i < sizeof means / sizeof means[0] && e >= 0; i++)
		e = seqp_number_set(m, -1, means[i], NAN, err);
	return e;
}

#define LAYER(name, mixer, role, mlp, mrole) static const seqp_op name[] = { \
	NORM(A, X, "rms", "mix_norm"), MIX(B, A, mixer, role), ADD(X, X, B), \
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, mlp, mrole), ADD(X, X, B)}
LAYER(mamba, "mamba", "ssm", "gated", "mlp");
LAYER(attn, "softmax", "attn", "gated", "mlp");
LAYER(mamba_experts, "mamba", "ssm", "moe", "moe");
LAYER(attn_experts, "softmax", "attn", "moe", "moe");
static const seqp_block blocks[] = {{mamba, 6}, {attn, 6}, {mamba_experts, 6}, {attn_experts, 6}};

static const seqp_number *const lists[] = {numbers, seqp_kit_model, ssm, seqp_kit_kv_by_layer, seqp_kit_attn, seqp_kit_gated,
					   seqp_kit_moe, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_jamba = {
	.name = "jamba", .gguf = names, .hf = names, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .finish = finish, .block = blocks, .blocks = 4,
};
