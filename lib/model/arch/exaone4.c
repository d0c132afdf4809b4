/* SPDX-License-Identifier: MIT */
/* x += rms(attn(x)); x += rms(swiglu(x)) with per-head norms on q and k; where some layers
 * have a window, only those have rope. */
#include "model/arch/rows.h"

static const char *const hf[] = {"exaone4", NULL}, *const none[] = {NULL};

static const seqp_number numbers[] = {
	{"norm_eps", NULL, "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"window.size", NULL, "sliding_window", 0, 1e15, SEQP_INT | SEQP_DFLT | SEQP_NULL_ZERO, 4096, NULL, NULL},
	{"window.pattern", NULL, "sliding_window_pattern", 0, 10000, SEQP_INT | SEQP_DFLT | SEQP_NULL_ZERO, 4, NULL, NULL},
	{0}
};

static const seqp_part norms[] = {
	{"attn_norm.w", NULL, "layers.%.post_attention_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"mlp_norm.w", NULL, "layers.%.post_feedforward_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{0}
};

static bool by_pattern(const seq_model *m, int64_t layer)
{
	int64_t p = (int64_t)seqp_model_number(m, -1, "window.pattern", 4);
	return p > 0 && (layer + 1) % p != 0;
}

static int finish(seq_model *m, seq_error *err)
{
	int64_t size = seqp_window_size(m);
	int e = seqp_windows(m, size, by_pattern, err);
	for (int64_t i = 0; size && i < m->layers && e >= 0; i++)
		if (seqp_model_number(m, i, "attn.window", 0) == 0)
			e = seqp_number_set(m, i, "attn.rope", 0, err);
	return e;
}

static const seqp_number *const lists[] = {numbers, seqp_kit_head_norms_on, seqp_kit_model, seqp_kit_attn, seqp_kit_rope,
					   seqp_kit_gated, NULL};
static const seqp_part *const parts[] = {seqp_kit_ends, norms, seqp_kit_qkvo, seqp_kit_head_norms, seqp_kit_swiglu, NULL};

const seqp_arch seqp_arch_exaone4 = {
	.name = "exaone4", .gguf = none, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = parts,
	.skip = seqp_kit_skip, .finish = finish, .block = &seqp_block_postnorm, .blocks = 1,
};
