/* SPDX-License-Identifier: MIT */
/* x += attn(rms x); x += moe(rms x): biases everywhere, sinks in the attention, a window in even layers, experts with a clamped
 * gate.  Hugging Face stores experts as [in][out], gate and up in turn; GGUF calls the second norm post_attention_norm. */
#include "model/arch/moe_kit.h"

#define INT SEQP_INT
#define DFLT SEQP_DFLT

static const seqp_number numbers[] = {
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", "rms_norm_eps", 0, 1, DFLT, 1e-5, NULL, NULL},
	{"attn.head_dim", "%.attention.key_length", "head_dim", 1, 65536, INT | DFLT, 64, NULL, NULL},
	{"window.size", "%.attention.sliding_window", "sliding_window", 0, 1e15, INT | DFLT | SEQP_NULL_ZERO, 128, NULL, NULL},
	{"rope.theta", "%.rope.freq_base", "rope_parameters.rope_theta|rope_theta", 1e-3, 1e15, DFLT, 150000, NULL, NULL},
	{"rope.truncate", "=0", "rope_parameters.truncate|rope_scaling.truncate", 0, 1, INT | DFLT, 0, NULL, NULL},
	{"moe.act", "=5", "=5", 0, 5, INT, 0, NULL, NULL},
	{"moe.limit", NULL, "swiglu_limit", 0, 1e9, DFLT, 7, NULL, NULL},
	{"moe.alpha", NULL, "swiglu_alpha", 0, 1e9, DFLT, 1.702, NULL, NULL},
	{"moe.score", "=1", "=1", 0, 2, INT, 0, NULL, NULL},
	{"type", "=1", "=1", 0, 1, INT, 0, NULL, NULL},
	{0}
};

#define AT "layers.%.mlp.experts."
#define TURNED (SEQP_STACK | SEQP_HF_TRANSPOSE)
static const seqp_part parts[] = {
	{"attn.sinks", "blk.%.attn_sinks.weight", "layers.%.self_attn.sinks", "attn.heads", NULL, 0, NULL, NULL, 0},
	{"mlp_norm.w", "blk.%.post_attention_norm.weight", NULL, "width", NULL, 0, NULL, NULL, 0},
	EXPERTS_GGUF(0),
	ROUTER(0, "layers.%.mlp.router"),
	{"moe.router.b", NULL, "layers.%.mlp.router.bias", "moe.experts", NULL, 0, NULL, NULL, 0},
	{"moe.gate", NULL, AT "gate_up_proj", "moe.ff", "width", TURNED | SEQP_HF_PAIRS, "0", "2*moe.ff", 0},
	{"moe.up", NULL, AT "gate_up_proj", "moe.ff", "width", TURNED | SEQP_HF_PAIRS, "1", "2*moe.ff", 0},
	{"moe.down", NULL, AT "down_proj", "width", "moe.ff", TURNED, NULL, NULL, 0},
	{"moe.gate.b", NULL, AT "gate_up_proj_bias", "moe.experts*moe.ff", NULL, SEQP_HF_PAIRS, "0", "2*moe.experts*moe.ff", 0},
	{"moe.up.b", NULL, AT "gate_up_proj_bias", "moe.experts*moe.ff", NULL, SEQP_HF_PAIRS, "1", "2*moe.experts*moe.ff", 0},
	{"moe.down.b", NULL, AT "down_proj_bias", "moe.experts*width", NULL, 0, NULL, NULL, 0},
	{0}
};

static bool even(const seq_model *m, int64_t layer)
{
	(void)m;
	return layer % 2 == 0;
}

static int finish(seq_model *m, seq_error *err)
{
	return seqp_windows(m, seqp_window_size(m), even, err);
}

static const seqp_number *const lists[] = {numbers, seqp_kit_moe, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, NULL};
static const seqp_part *const part_lists[] = {parts, seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, NULL};
static const char *const gguf[] = {"gpt-oss", NULL}, *const hf[] = {"gpt_oss", NULL};

const seqp_arch seqp_arch_gpt_oss = {
	.name = "gpt_oss", .gguf = gguf, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .finish = finish, .block = seqp_blocks_moe, .blocks = 2,
};
