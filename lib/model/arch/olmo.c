/* SPDX-License-Identifier: MIT */
/* x += rms(attn(x)); x += rms(swiglu(x)); q and k normed over their whole width.  olmo3
 * adds a window in three layers of four, whose rope is not scaled; GGUF calls both olmo2. */
#include "model/arch/rows.h"

static const seqp_number common[] = {
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"attn.qk_norm", "=2", "=2", 0, 2, SEQP_INT, 0, NULL, NULL},
	{0}
};

static const seqp_number olmo2[] = {
	{"window.size", "%.attention.sliding_window", NULL, 0, 1e15, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"window.pattern", "%.attention.sliding_window_pattern", NULL, 0, 10000, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{0}
};

static const seqp_number olmo3[] = {
	{"window.size", NULL, "sliding_window", 0, 1e15, SEQP_INT | SEQP_DFLT | SEQP_NULL_ZERO, 4096, NULL, NULL},
	{"window.pattern", NULL, NULL, 0, 10000, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{"rope.theta", NULL, "rope_parameters.full_attention.rope_theta|rope_parameters.rope_theta|rope_theta", 1e-3, 1e15, SEQP_DFLT, 5e5, NULL, NULL},
	{"rope.theta_local", NULL, "rope_parameters.sliding_attention.rope_theta|rope_theta", 1e-3, 1e15, SEQP_DFLT, 5e5, NULL, NULL},
	{0}
};

static const seqp_part norms[] = {
	{"attn_norm.w", "blk.%.post_attention_norm.weight", "layers.%.post_attention_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"mlp_norm.w", "blk.%.post_ffw_norm.weight", "layers.%.post_feedforward_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"attn.q_norm.w", "blk.%.attn_q_norm.weight", "layers.%.self_attn.q_norm.weight", "attn.heads*attn.head_dim", NULL, 0, NULL, NULL, 0},
	{"attn.k_norm.w", "blk.%.attn_k_norm.weight", "layers.%.self_attn.k_norm.weight", "attn.kv_heads*attn.head_dim", NULL, 0, NULL, NULL, 0},
	{0}
};

static bool by_pattern(const seq_model *m, int64_t layer)
{
	int64_t p = (int64_t)seqp_model_number(m, layer, "window.pattern", 4);
	if (!seqp_number_has(m, -1, "window.pattern")) /* a list: 1 slides */
		return p != 0;
	return p > 0 && (layer + 1) % p != 0;
}

static int finish(seq_model *m, seq_error *err)
{
	int e = seqp_windows(m, seqp_window_size(m), by_pattern, err);
	return e < 0 ? e : seqp_local_rope(m, err);
}

static const seqp_number *const lists2[] = {common, olmo2, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_number *const lists3[] = {common, olmo3, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const parts[] = {seqp_kit_ends, norms, seqp_kit_qkvo, seqp_kit_swiglu, NULL};
static const char *const names2[] = {"olmo2", NULL}, *const hf3[] = {"olmo3", NULL}, *const none[] = {NULL};

const seqp_arch seqp_arch_olmo2 = {
	.name = "olmo2", .gguf = names2, .hf = names2, .prefix = seqp_kit_prefix, .numbers = lists2, .parts = parts,
	.skip = seqp_kit_skip, .finish = finish, .block = &seqp_block_postnorm, .blocks = 1,
};

const seqp_arch seqp_arch_olmo3 = {
	.name = "olmo3", .gguf = none, .hf = hf3, .prefix = seqp_kit_prefix, .numbers = lists3, .parts = parts,
	.skip = seqp_kit_skip, .finish = finish, .block = &seqp_block_postnorm, .blocks = 1,
};
