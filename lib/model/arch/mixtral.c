/* SPDX-License-Identifier: MIT */
/* llama with experts in every layer (GGUF calls it llama).  olmoe: weights as they are, q and k normed over their whole
 * width. */
#include "model/arch/moe_kit.h"

static const seqp_number mixtral[] = {
	{"norm_eps", NULL, "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"rope.theta", NULL, "rope_parameters.rope_theta|rope_theta", 1e-3, 1e15, SEQP_DFLT, 1e6, NULL, NULL},
	{"window.size", NULL, "sliding_window", 0, 1e15, SEQP_INT | SEQP_DFLT | SEQP_NULL_ZERO, 0, NULL, NULL},
	{"mlp.ff", NULL, "intermediate_size", 1, 1 << 24, SEQP_INT, 0, NULL, NULL},
	{"moe.norm", NULL, "=1", 0, 1, SEQP_INT, 0, NULL, NULL},
	{"type", NULL, "=1", 0, 1, SEQP_INT, 0, NULL, NULL},
	{0}
};

static const seqp_number olmoe[] = {
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"attn.qk_norm", "=2", "=2", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"attn.clip", "%.attention.clamp_kqv", "clip_qkv", 0, 1e9, SEQP_DFLT, 0, NULL, NULL},
	{"type", "=1", "=1", 0, 1, SEQP_INT, 0, NULL, NULL},
	{0}
};

static const seqp_part w123[] = {
	ROUTER(2, "layers.%.block_sparse_moe.gate"),
	EXPERTS_EACH(2, "layers.%.block_sparse_moe.experts", "w1", "w3", "w2"),
	{0}
};

static const seqp_part whole_norms[] = {
	{"attn.q_norm.w", "blk.%.attn_q_norm.weight", "layers.%.self_attn.q_norm.weight", "attn.heads*attn.head_dim", NULL, 0, NULL, NULL, 0},
	{"attn.k_norm.w", "blk.%.attn_k_norm.weight", "layers.%.self_attn.k_norm.weight", "attn.kv_heads*attn.head_dim", NULL, 0, NULL, NULL, 0},
	{0}
};

static int finish(seq_model *m, seq_error *err)
{
	return seqp_windows(m, seqp_window_size(m), NULL, err);
}

static const seqp_number *const lists[] = {mixtral, seqp_kit_moe, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, NULL};
static const seqp_number *const olmoe_lists[] = {olmoe, seqp_kit_moe, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, NULL};
static const seqp_part *const parts[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, w123, seqp_kit_moe_mlp, NULL};
static const seqp_part *const olmoe_parts[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, whole_norms, seqp_kit_moe_mlp, NULL};
static const char *const none[] = {NULL}, *const hf[] = {"mixtral", NULL}, *const olmoe_names[] = {"olmoe", NULL};

const seqp_arch seqp_arch_mixtral = {
	.name = "mixtral", .gguf = none, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = parts,
	.skip = seqp_kit_skip, .finish = finish, .block = seqp_blocks_moe, .blocks = 2,
};

const seqp_arch seqp_arch_olmoe = {
	.name = "olmoe", .gguf = olmoe_names, .hf = olmoe_names, .prefix = seqp_kit_prefix, .numbers = olmoe_lists, .parts = olmoe_parts,
	.skip = seqp_kit_skip, .block = seqp_blocks_moe, .blocks = 2,
};
