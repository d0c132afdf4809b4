/* SPDX-License-Identifier: MIT */
/* qwen2: llama with biases on q, k, v.  qwen3: per-head norms on q and k instead.  A window,
 * if the configuration asks for it, in the layers from max_window_layers on; GGUF files do
 * not tell of it. */
#include "model/arch/rows.h"

static const seqp_number window[] = {
	{"window.use", NULL, "use_sliding_window", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"window.size", NULL, "sliding_window", 0, 1e15, SEQP_INT | SEQP_DFLT | SEQP_NULL_ZERO, 4096, NULL, NULL},
	{"window.from", NULL, "max_window_layers", 0, 1e9, SEQP_INT | SEQP_DFLT, 28, NULL, NULL},
	{0}
};

static const seqp_number qwen3[] = {
	{"layers", "%.block_count", "num_hidden_layers", 1, 10000, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"width", "%.embedding_length", "hidden_size", 1, 1 << 20, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.heads", "%.attention.head_count", "num_attention_heads", 1, 65536, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.head_dim", "%.attention.key_length", "head_dim", 1, 65536, SEQP_INT | SEQP_NEED, 0, "width/attn.heads|128", NULL},
	{0}
};

static bool late(const seq_model *m, int64_t layer)
{
	return layer >= (int64_t)seqp_model_number(m, -1, "window.from", 0);
}

static int finish(seq_model *m, seq_error *err)
{
	int64_t size = m->src.format == SEQP_FROM_HF ? seqp_window_size(m) : 0;
	return seqp_windows(m, size, late, err);
}

static const seqp_number *const qwen2_lists[] = {window, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_number *const qwen3_lists[] = {qwen3, window, seqp_kit_head_norms_on, seqp_kit_model, seqp_kit_attn,
						 seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const qwen2_parts[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, seqp_kit_swiglu, NULL};
static const seqp_part *const qwen3_parts[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, seqp_kit_head_norms,
					       seqp_kit_swiglu, NULL};
static const char *const qwen2_names[] = {"qwen2", NULL}, *const qwen3_names[] = {"qwen3", NULL};

const seqp_arch seqp_arch_qwen2 = {
	.name = "qwen2", .gguf = qwen2_names, .hf = qwen2_names, .prefix = seqp_kit_prefix, .numbers = qwen2_lists,
	.parts = qwen2_parts, .skip = seqp_kit_skip, .finish = finish, .block = &seqp_block_prenorm, .blocks = 1,
};

const seqp_arch seqp_arch_qwen3 = {
	.name = "qwen3", .gguf = qwen3_names, .hf = qwen3_names, .prefix = seqp_kit_prefix, .numbers = qwen3_lists,
	.parts = qwen3_parts, .skip = seqp_kit_skip, .finish = finish, .block = &seqp_block_prenorm, .blocks = 1,
};
