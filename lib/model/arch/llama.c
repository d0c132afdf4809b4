/* SPDX-License-Identifier: MIT */
/* x += attn(rms x); x += swiglu(rms x).  GGUF files hold q and k with adjacent rope pairs,
 * and call mistral llama too. */
#include "model/arch/rows.h"

static const char *const gguf[] = {"llama", NULL}, *const hf[] = {"llama", NULL};

static const seqp_number numbers[] = {
	{"attn.rope", "=2", "=1", 0, 2, SEQP_INT, 0, NULL, NULL},
	{0}
};

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const parts[] = {seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, seqp_kit_swiglu, NULL};

const seqp_arch seqp_arch_llama = {
	.name = "llama", .gguf = gguf, .hf = hf, .prefix = seqp_kit_prefix,
	.numbers = lists, .parts = parts, .skip = seqp_kit_skip,
	.refuse_gguf = "%.expert_count", .refuse_hf = "num_local_experts",
	.block = &seqp_block_prenorm, .blocks = 1,
};
