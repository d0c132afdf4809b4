/* SPDX-License-Identifier: MIT */
/* llama with a window in every layer: 4096 when the configuration has no key for it, none
 * when it says null.  GGUF calls it llama. */
#include "model/arch/rows.h"

static const char *const gguf[] = {NULL}, *const hf[] = {"mistral", NULL};

static const seqp_number numbers[] = {
	{"window.size", NULL, "sliding_window", 0, 1e15, SEQP_INT | SEQP_DFLT | SEQP_NULL_ZERO, 4096, NULL, NULL},
	{0}
};

static int finish(seq_model *m, seq_error *err)
{
	return seqp_windows(m, seqp_window_size(m), NULL, err);
}

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const parts[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, seqp_kit_swiglu, NULL};

const seqp_arch seqp_arch_mistral = {
	.name = "mistral", .gguf = gguf, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = parts,
	.skip = seqp_kit_skip, .refuse_hf = "num_local_experts", .finish = finish,
	.block = &seqp_block_prenorm, .blocks = 1,
};
