/* SPDX-License-Identifier: MIT */
/* qwen2 and qwen3 with experts in place of the MLP; qwen2_moe: + sigmoid(w x) times a shared one.  GGUF files do not say
 * whether weights are normalised: those of qwen2moe are not, those of qwen3moe are. */
#include "model/arch/moe_kit.h"

static const seqp_number common[] = {
	{"window.use", NULL, "use_sliding_window", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"window.size", NULL, "sliding_window", 0, 1e15, SEQP_INT | SEQP_DFLT | SEQP_NULL_ZERO, 4096, NULL, NULL},
	{"window.from", NULL, "max_window_layers", 0, 1e9, SEQP_INT | SEQP_DFLT, 28, NULL, NULL},
	{"mlp.ff", "%.feed_forward_length", "intermediate_size", 1, 1 << 24, SEQP_INT, 0, NULL, NULL},
	{0}
};

static const seqp_number qwen3[] = {
	{"moe.norm", "=1", "norm_topk_prob", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{0}
};

static const seqp_part shared[] = {
	SHARED_EXPERT(1 << SEQP_TYPE_MOE, "layers.%.mlp.shared_expert"),
	{"moe.shared_gate", NULL, "layers.%.mlp.shared_expert_gate.weight", "width", NULL, 0, NULL, NULL, 1 << SEQP_TYPE_MOE},
	{0}
};

static bool even_below(const seq_model *m, int64_t layer)
{
	return layer % 2 == 0 && layer < (int64_t)seqp_model_number(m, -1, "window.from", 0);
}

static int finish2(seq_model *m, seq_error *err)
{
	int e = seqp_windows(m, m->src.format == SEQP_FROM_HF ? seqp_window_size(m) : 0, even_below, err);
	return e < 0 ? e : seqp_moe_layers(m, err);
}

static int finish3(seq_model *m, seq_error *err)
{
	int e = seqp_windows(m, m->src.format == SEQP_FROM_HF ? seqp_window_size(m) : 0, NULL, err);
	return e < 0 ? e : seqp_moe_layers(m, err);
}

static const seqp_number *const lists2[] = {common, seqp_kit_moe, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_number *const lists3[] = {common, qwen3, seqp_kit_moe, seqp_kit_head_norms_on, seqp_kit_model, seqp_kit_attn,
					    seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const parts2[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, seqp_kit_moe_mlp, shared, NULL};
static const seqp_part *const parts3[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, seqp_kit_head_norms, seqp_kit_moe_mlp, NULL};
static const char *const gguf2[] = {"qwen2moe", NULL}, *const hf2[] = {"qwen2_moe", NULL};
static const char *const gguf3[] = {"qwen3moe", NULL}, *const hf3[] = {"qwen3_moe", NULL};

const seqp_arch seqp_arch_qwen2_moe = {
	.name = "qwen2_moe", .gguf = gguf2, .hf = hf2, .prefix = seqp_kit_prefix, .numbers = lists2, .parts = parts2,
	.skip = seqp_kit_skip, .finish = finish2, .block = seqp_blocks_moe, .blocks = 2,
};

const seqp_arch seqp_arch_qwen3_moe = {
	.name = "qwen3_moe", .gguf = gguf3, .hf = hf3, .prefix = seqp_kit_prefix, .numbers = lists3, .parts = parts3,
	.skip = seqp_kit_skip, .finish = finish3, .block = seqp_blocks_moe, .blocks = 2,
};
