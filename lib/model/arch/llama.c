/* SPDX-License-Identifier: MIT */
/* x += attn(rms x); x += swiglu(rms x).  GGUF files hold q and k with adjacent rope pairs,
 * and call mistral and mixtral
 * llama too. */
#include "model/arch/moe_kit.h"

static const char *const gguf[] = {"llama", NULL}, *const hf[] = {"llama", NULL};

static const seqp_number numbers[] = {
	{"attn.rope", "=2", "=1", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"moe.experts", "%.expert_count", NULL, 0, 65536, SEQP_INT, 0, NULL, NULL},
	{"moe.used", "%.expert_used_count", NULL, 0, 65536, SEQP_INT, 0, NULL, NULL},
	{"moe.scale", "%.expert_weights_scale", NULL, 1e-9, 1e9, 0, 0, NULL, NULL},
	{"moe.ff", "%.expert_feed_forward_length|%.feed_forward_length", NULL, 1, 1 << 24, SEQP_INT, 0, NULL, NULL},
	{"moe.norm", "=1", NULL, 0, 1, SEQP_INT, 0, NULL, NULL},
	{0}
};

static const seqp_part mlp[] = {
	DENSE(1 << SEQP_TYPE_DENSE),
	{"mlp.gate.b", NULL, "layers.%.mlp.gate_proj.bias", "mlp.ff", NULL, SEQP_OPT, NULL, NULL, 0},
	{"mlp.up.b", NULL, "layers.%.mlp.up_proj.bias", "mlp.ff", NULL, SEQP_OPT, NULL, NULL, 0},
	{"mlp.down.b", NULL, "layers.%.mlp.down_proj.bias", "width", NULL, SEQP_OPT, NULL, NULL, 0},
	EXPERTS_GGUF(1 << SEQP_TYPE_MOE),
	{0}
};

static int finish(seq_model *m, seq_error *err)
{
	return seqp_number_set(m, -1, "type", seqp_model_number(m, -1, "moe.experts", 0) > 0 ? SEQP_TYPE_MOE : SEQP_TYPE_DENSE, err);
}

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const parts[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, mlp, NULL};

const seqp_arch seqp_arch_llama = {
	.name = "llama", .gguf = gguf, .hf = hf, .prefix = seqp_kit_prefix,
	.numbers = lists, .parts = parts, .skip = seqp_kit_skip,
	.refuse_hf = "num_local_experts", .finish = finish, .block = seqp_blocks_moe, .blocks = 2,
};
