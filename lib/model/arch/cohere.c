/* SPDX-License-Identifier: MIT */
/* h = ln x (no bias); x += attn(h) + swiglu(h); logits multiplied by a factor; adjacent rope
 * pairs in both kinds of file.  cohere2: a window in three layers of four, and rope only there. */
#include "model/arch/rows.h"

static const char *const hf1[] = {"cohere", NULL}, *const none[] = {NULL}, *const names2[] = {"cohere2", NULL};

static const seqp_number common[] = {
	{"layers", "%.block_count", "num_hidden_layers", 1, 10000, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"norm_eps", "%.attention.layer_norm_epsilon", "layer_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"logit_scale", "%.logit_scale", "logit_scale", 1e-9, 1e9, SEQP_DFLT, 0.0625, NULL, NULL},
	{"attn.rope", "=2", "=2", 0, 2, SEQP_INT, 0, NULL, NULL},
	{0}
};

static const seqp_number cohere2[] = {
	{"window.size", "%.attention.sliding_window", "sliding_window", 0, 1e15, SEQP_INT | SEQP_DFLT | SEQP_NULL_ZERO, 4096, NULL, NULL},
	{"window.pattern", NULL, "sliding_window_pattern|_sliding_window_pattern", 1, 10000, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{0}
};

static const seqp_part norms[] = {
	{"attn_norm.w", "blk.%.attn_norm.weight", "layers.%.input_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{0}
};

static bool by_pattern(const seq_model *m, int64_t layer)
{
	return (layer + 1) % (int64_t)seqp_model_number(m, -1, "window.pattern", 4) != 0;
}

static int finish2(seq_model *m, seq_error *err)
{
	int e = seqp_windows(m, seqp_window_size(m), by_pattern, err);
	for (int64_t i = 0; i < m->layers && e >= 0; i++)
		if (seqp_model_number(m, i, "attn.window", 0) == 0)
			e = seqp_number_set(m, i, "attn.rope", 0, err);
	return e;
}

static const seqp_op block[] = {
	NORM(A, X, "layer", "attn_norm"),
	MIX(B, A, "softmax", "attn"),
	MLP(C, A, "gated", "mlp"),
	ADD(X, X, B),
	ADD(X, X, C),
};
static const seqp_block blocks[] = {{block, sizeof block / sizeof *block}};

static const seqp_number *const lists1[] = {common, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_number *const lists2[] = {common, cohere2, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const parts[] = {norms, seqp_kit_ends, seqp_kit_qkvo, seqp_kit_swiglu, NULL};

const seqp_arch seqp_arch_cohere = {
	.name = "cohere", .gguf = none, .hf = hf1, .prefix = seqp_kit_prefix, .numbers = lists1, .parts = parts,
	.skip = seqp_kit_skip, .refuse_hf = "use_qk_norm", .block = blocks, .blocks = 1, .out = {seqp_ops_ln_out, 1},
};

const seqp_arch seqp_arch_cohere2 = {
	.name = "cohere2", .gguf = names2, .hf = names2, .prefix = seqp_kit_prefix, .numbers = lists2, .parts = parts,
	.skip = seqp_kit_skip, .finish = finish2, .block = blocks, .blocks = 1, .out = {seqp_ops_ln_out, 1},
};
