/* SPDX-License-Identifier: MIT */
/* x += attn(rms x); x += moe(rms x): q and k normed over their whole width, part of them rotated; sigmoid scores. */
#include "model/arch/moe_kit.h"

static const seqp_number numbers[] = {
	{"attn.qk_norm", "=2", "=2", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"moe.norm", "=1", "=1", 0, 1, SEQP_INT, 0, NULL, NULL},
	{"type", "=1", "=1", 0, 1, SEQP_INT, 0, NULL, NULL},
	{0}
};

static const seqp_part parts[] = {
	{"attn.q_norm.w", "blk.%.attn_q_norm.weight", "layers.%.self_attn.q_norm.weight", "attn.heads*attn.head_dim", NULL, 0, NULL, NULL, 0},
	{"attn.k_norm.w", "blk.%.attn_k_norm.weight", "layers.%.self_attn.k_norm.weight", "attn.kv_heads*attn.head_dim", NULL, 0, NULL, NULL, 0},
	EXPERTS_GGUF(0),
	ROUTER(0, "layers.%.block_sparse_moe.gate"),
	ROUTER_BIAS(0, "layers.%.block_sparse_moe.e_score_correction_bias"),
	EXPERTS_EACH(0, "layers.%.block_sparse_moe.experts", "w1", "w3", "w2"),
	{0}
};

static const seqp_number *const lists[] = {numbers, seqp_kit_sigmoid, seqp_kit_moe, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, NULL};
static const seqp_part *const part_lists[] = {parts, seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, NULL};
static const char *const gguf[] = {"minimax-m2", NULL}, *const hf[] = {"minimax_m2", NULL};

const seqp_arch seqp_arch_minimax_m2 = {
	.name = "minimax_m2", .gguf = gguf, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .block = seqp_blocks_moe, .blocks = 2,
};
