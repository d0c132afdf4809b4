/* SPDX-License-Identifier: MIT */
/* llama in which some layers have no rope: no_rope_layers (where 1 means rope), else every
 * fourth; GGUF files do not tell. */
#include "model/arch/rows.h"

static const char *const names[] = {"smollm3", NULL};

static const seqp_number numbers[] = {
	{"layers", "%.block_count", "num_hidden_layers", 1, 10000, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.rope", "=2", "=1", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"rope.theta", "%.rope.freq_base", "rope_parameters.rope_theta|rope_theta", 1e-3, 1e15, SEQP_DFLT, 2e6, NULL, NULL},
	{"rope.on", NULL, "no_rope_layers", 0, 1, SEQP_INT, 0, NULL, NULL},
	{"rope.every", NULL, "no_rope_layer_interval", 1, 10000, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{"window.use", NULL, "use_sliding_window", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"window.size", NULL, "sliding_window", 0, 1e15, SEQP_INT | SEQP_DFLT | SEQP_NULL_ZERO, 0, NULL, NULL},
	{0}
};

static bool no_rope(const seq_model *m, int64_t layer)
{
	if (seqp_number_has(m, layer, "rope.on"))
		return seqp_model_number(m, layer, "rope.on", 1) == 0;
	return (layer + 1) % (int64_t)seqp_model_number(m, -1, "rope.every", 4) == 0;
}

static int finish(seq_model *m, seq_error *err)
{
	int e = seqp_windows(m, seqp_window_size(m), no_rope, err);
	for (int64_t i = 0; i < m->layers && e >= 0; i++)
		if (no_rope(m, i))
			e = seqp_number_set(m, i, "attn.rope", 0, err);
	return e;
}

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const parts[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, seqp_kit_swiglu, NULL};

const seqp_arch seqp_arch_smollm3 = {
	.name = "smollm3", .gguf = names, .hf = names, .prefix = seqp_kit_prefix, .numbers = lists, .parts = parts,
	.skip = seqp_kit_skip, .finish = finish, .block = &seqp_block_prenorm, .blocks = 1,
};
