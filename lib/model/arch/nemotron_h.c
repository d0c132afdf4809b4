/* SPDX-License-Identifier: MIT */
/* x += f(rms x), f by layer: mamba2, attention without rope, a plain MLP with squared relu, or experts that are such.
 * Steps are never shorter than time_step_min, which GGUF does not tell: published models have 0.001. */
#include <math.h>

#include "model/arch/hybrid.h"
#include "model/arch/moe_kit.h"

enum { MAMBA, ATTN, PLAIN, EXPERTS };

static const char *const gguf[] = {"nemotron_h", "nemotron_h_moe", NULL}, *const hf[] = {"nemotron_h", NULL};

static const seqp_word words[] = {
	{"linear_attention", MAMBA}, {"mamba", MAMBA}, {"mamba2", MAMBA}, {"M", MAMBA}, {"full_attention", ATTN}, {"attention", ATTN},
	{"*", ATTN}, {"mlp", PLAIN}, {"-", PLAIN}, {"moe", EXPERTS}, {"E", EXPERTS}, {0}
};

/* All layers are told by one list, of words or of letters. */
#define PATTERN "layers_block_type|layer_types|hybrid_override_pattern"
#define EPS "%.attention.layer_norm_rms_epsilon|%.attention.layer_norm_epsilon", "layer_norm_epsilon|norm_eps"

static const seqp_number numbers[] = {
	{"context", NULL, NULL, 0, 0, 0, 0, NULL, NULL},
	{"layers", "%.block_count", "num_hidden_layers|" PATTERN, 1, 10000, SEQP_INT | SEQP_NEED | SEQP_COUNT, 0, NULL, NULL},
	{"type", NULL, PATTERN, 0, 3, SEQP_INT | SEQP_LETTERS, 0, NULL, words},
	{"norm_eps", EPS, 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"ssm.norm_eps", EPS, 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"ssm.heads", "%.ssm.time_step_rank", "mamba_num_heads", 1, 1 << 20, SEQP_INT | SEQP_DFLT, 128, NULL, NULL},
	{"ssm.head_dim", NULL, "mamba_head_dim", 0, 1 << 20, SEQP_INT, 0, "0|64", NULL},
	{"ssm.inner", "%.ssm.inner_size", NULL, 1, 1 << 22, SEQP_INT | SEQP_NEED, 0, "ssm.heads*ssm.head_dim", NULL},
	{"ssm.state", "%.ssm.state_size", "ssm_state_size", 1, 65536, SEQP_INT | SEQP_DFLT, 128, NULL, NULL},
	{"ssm.groups", "%.ssm.group_count", "n_groups", 1, 65536, SEQP_INT | SEQP_DFLT, 8, NULL, NULL},
	{"ssm.conv", "%.ssm.conv_kernel", "conv_kernel", 1, 64, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{"ssm.dt_min", NULL, "time_step_min", 0, 1e9, SEQP_DFLT, 0.001, NULL, NULL},
	{"attn.rope", "=0", "=0", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"attn.head_dim", "%.attention.key_length", "head_dim|attention_head_dim", 1, 65536, SEQP_INT | SEQP_DFLT, 128, NULL, NULL},
	{"mlp.ff", "%.feed_forward_length", "intermediate_size", 0, 1 << 24, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"moe.experts", "%.expert_count", "n_routed_experts", 0, 65536, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"moe.used", "%.expert_used_count", "num_experts_per_tok", 0, 65536, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"moe.ff", "%.expert_feed_forward_length", "moe_intermediate_size", 0, 1 << 24, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"moe.shared.ff", "%.expert_shared_feed_forward_length", "moe_shared_expert_intermediate_size", 0, 1 << 24, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"moe.act", "=4", "mlp_hidden_act", 0, 4, SEQP_INT | SEQP_DFLT, 4, NULL, seqp_act_words},
	{"moe.shared.act", "=4", "mlp_hidden_act", 0, 4, SEQP_INT | SEQP_DFLT, 4, NULL, seqp_act_words},
	{"mlp.act", "=4", "mlp_hidden_act", 0, 4, SEQP_INT | SEQP_DFLT, 4, NULL, seqp_act_words},
	{0}
};

#define M_(x) "layers.%.mixer." x

static const seqp_part parts[] = {
	{"embed", "token_embd.weight", "embeddings.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"embed", NULL, "embed_tokens.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"out_norm.w", "output_norm.weight", "norm_f.weight", "width", NULL, 0, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{"mix_norm.w", "blk.%.attn_norm.weight", "layers.%.norm.weight", "width", NULL, 0, NULL, NULL, 0},
	SSD_PARTS("layers.%.mixer.", 1 << MAMBA),
	SSD_NORM("layers.%.mixer.", 1 << MAMBA),
	QKVO_PARTS("layers.%.mixer.", "o_proj", 1 << ATTN),
	{"mlp.up", "blk.%.ffn_up.weight", M_("up_proj.weight"), "mlp.ff", "width", 0, NULL, NULL, 1 << PLAIN},
	{"mlp.up.b", "blk.%.ffn_up.bias", M_("up_proj.bias"), "mlp.ff", NULL, SEQP_OPT, NULL, NULL, 1 << PLAIN},
	{"mlp.down", "blk.%.ffn_down.weight", M_("down_proj.weight"), "width", "mlp.ff", 0, NULL, NULL, 1 << PLAIN},
	{"mlp.down.b", "blk.%.ffn_down.bias", M_("down_proj.bias"), "width", NULL, SEQP_OPT, NULL, NULL, 1 << PLAIN},
	EXPERTS_GGUF(1 << EXPERTS),
	ROUTER(1 << EXPERTS, M_("gate")),
	ROUTER_BIAS(1 << EXPERTS, M_("gate.e_score_correction_bias")),
	{"moe.up", NULL, M_("experts.#.up_proj.weight"), "moe.ff", "width", SEQP_STACK, NULL, NULL, 1 << EXPERTS},
	{"moe.up", NULL, M_("experts.up_proj"), "moe.ff", "width", SEQP_STACK, NULL, NULL, 1 << EXPERTS},
	{"moe.down", NULL, M_("experts.#.down_proj.weight"), "width", "moe.ff", SEQP_STACK, NULL, NULL, 1 << EXPERTS},
	{"moe.down", NULL, M_("experts.down_proj"), "width", "moe.ff", SEQP_STACK, NULL, NULL, 1 << EXPERTS},
	{"moe.shared.up", NULL, M_("shared_experts.up_proj.weight"), "moe.shared.ff", "width", SEQP_OPT, NULL, NULL, 1 << EXPERTS},
	{"moe.shared.down", NULL, M_("shared_experts.down_proj.weight"), "width", "moe.shared.ff", SEQP_OPT, NULL, NULL, 1 << EXPERTS},
	{0}
};

/* In GGUF zeros among key heads and MLP widths tell the kinds of layers; those with a router have experts. */
static int types_by_zeros(seq_model *m, seq_error *err)
{
	int e = seqp_types_by_tensors(m, ATTN, EXPERTS, err);
	for (int64_t i = 0; i < m->layers && e >= 0; i++)
		if (seqp_model_number(m, i, "type", 0) == MAMBA && seqp_model_number(m, i, "mlp.ff", 0) > 0)
			e = seqp_number_set(m, i, "type", PLAIN, err);
	return e < 0 ? e : seqp_number_set(m, -1, "ssm.head_dim", floor(seqp_model_number(m, -1, "ssm.inner", 0) /
				    seqp_model_number(m, -1, "ssm.heads", 1)), err);
}

static int finish(seq_model *m, seq_error *err)
{
	int e;
	if (m->src.format == SEQP_FROM_GGUF) {
		if ((e = types_by_zeros(m, err)) < 0)
			return e;
	} else if ((e = seqp_only_in(m, "attn.kv_heads", 1 << ATTN, err)) < 0 || (e = seqp_only_in(m, "mlp.ff", 1 << PLAIN, err)) < 0) {
		return e;
	}
	return seqp_ssd_fit(m, err);
}

#define BLOCK(name, op) static const seqp_op name[] = {NORM(A, X, "rms", "mix_norm"), op, ADD(X, X, B)}
BLOCK(mamba, MIX(B, A, "mamba2", "ssm"));
BLOCK(attn, MIX(B, A, "softmax", "attn"));
BLOCK(plain, MLP(B, A, "plain", "mlp"));
BLOCK(experts, MLP(B, A, "moe", "moe"));
static const seqp_block blocks[] = {{mamba, 3}, {attn, 3}, {plain, 3}, {experts, 3}};

static const char *const prefix[] = {"backbone.", "model.", "", NULL};
static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_kv_by_layer, seqp_kit_attn,
					   seqp_kit_sigmoid, seqp_kit_moe, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_nemotron_h = {
	.name = "nemotron_h", .gguf = gguf, .hf = hf, .prefix = prefix, .numbers = lists, .parts = part_lists,
	.refuse_hf = "moe_latent_size", .finish = finish, .block = blocks, .blocks = 4,
};
