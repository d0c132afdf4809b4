/* SPDX-License-Identifier: MIT */
/* x += gated short convolution or attention(rms x), by layer;  x += gated mlp(rms x).  The norm called
 * embedding_norm is the last one.  lfm2_moe: experts but in the first layers.  lfm3: norms after the branches too, a gate of one
 * number a head, windows, and rope over a part of the pairs of a head in layers without one. */
#include <math.h>

#include "model/arch/hybrid.h"
#include "model/arch/moe_kit.h"

enum { IS_ATTN = 1, HAS_EXPERTS = 2 }; /* a type is their sum */
enum { CONV = 1 << 0 | 1 << 2, ATTN = 1 << 1 | 1 << 3, DENSE_LAYERS = 1 << 0 | 1 << 1, EXPERTS = 1 << 2 | 1 << 3 };

static const char *const gguf[] = {"lfm2", NULL}, *const hf[] = {"lfm2", NULL};
static const char *const moe_gguf[] = {"lfm2moe", NULL}, *const moe_hf[] = {"lfm2_moe", NULL};
static const char *const none[] = {NULL}, *const hf3[] = {"lfm3", NULL};

static const seqp_number numbers[] = {
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", "norm_eps|block_norm_eps|rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings|tie_embedding", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"conv.conv", "%.shortconv.l_cache", "conv_L_cache", 2, 64, SEQP_INT | SEQP_DFLT, 3, NULL, NULL},
	{"rope.theta", "%.rope.freq_base", "rope_parameters.rope_theta|rope_theta", 1e-3, 1e15, SEQP_DFLT, 1e6, NULL, NULL},
	{"mlp.ff", "%.feed_forward_length", "block_ff_dim|intermediate_size", 1, 1 << 24, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"mlp.adjust", NULL, "block_auto_adjust_ff_dim", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"mlp.by", NULL, "block_ffn_dim_multiplier", 1e-6, 1e6, SEQP_DFLT, 1, NULL, NULL},
	{"mlp.multiple", NULL, "block_multiple_of", 1, 1 << 20, SEQP_INT | SEQP_DFLT, 256, NULL, NULL},
	{0}
};

static const seqp_word words[] = {{"conv", 0}, {"full_attention", IS_ATTN}, {"sliding_attention", IS_ATTN}, {0}};

static const seqp_number types[] = {
	{"type", NULL, "layer_types", 0, 1, SEQP_INT | SEQP_DFLT, IS_ATTN, NULL, words},
	{0}
};

#define F "layers.%.feed_forward."

static const seqp_part parts[] = {
	{"embed", "token_embd.weight", "embed_tokens.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"out_norm.w", "token_embd_norm.weight", "embedding_norm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"out_norm.w", "output_norm.weight", NULL, "width", NULL, 0, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{"mix_norm.w", "blk.%.attn_norm.weight", "layers.%.operator_norm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"mlp_norm.w", "blk.%.ffn_norm.weight", "layers.%.ffn_norm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"conv.in", "blk.%.shortconv.in_proj.weight", "layers.%.conv.in_proj.weight", "3*width", "width", 0, NULL, NULL, CONV},
	{"conv.in.b", "blk.%.shortconv.in_proj.bias", "layers.%.conv.in_proj.bias", "3*width", NULL, SEQP_OPT, NULL, NULL, CONV},
	{"conv.conv.w", "blk.%.shortconv.conv.weight", "layers.%.conv.conv.weight", "width", "conv.conv", SEQP_SMALL, NULL, NULL, CONV},
	{"conv.conv.b", "blk.%.shortconv.conv.bias", "layers.%.conv.conv.bias", "width", NULL, SEQP_OPT, NULL, NULL, CONV},
	{"conv.out", "blk.%.shortconv.out_proj.weight", "layers.%.conv.out_proj.weight", "width", "width", 0, NULL, NULL, CONV},
	{"conv.out.b", "blk.%.shortconv.out_proj.bias", "layers.%.conv.out_proj.bias", "width", NULL, SEQP_OPT, NULL, NULL, CONV},
	{0}
};

static const seqp_part attn_parts[] = {
	QKVO_PARTS("layers.%.self_attn.", "out_proj", ATTN),
	{"attn.q_norm.w", "blk.%.attn_q_norm.weight", "layers.%.self_attn.q_layernorm.weight", "attn.head_dim", NULL, 0, NULL, NULL, ATTN},
	{"attn.k_norm.w", "blk.%.attn_k_norm.weight", "layers.%.self_attn.k_layernorm.weight", "attn.head_dim", NULL, 0, NULL, NULL, ATTN},
	{0}
};

static const seqp_part mlp_parts[] = {
	GATED_PARTS(F, "w1", "w3", "w2", DENSE_LAYERS),
	{0}
};

static const seqp_part experts[] = {
	EXPERTS_GGUF(EXPERTS),
	ROUTER(EXPERTS, F "gate"),
	{"moe.bias", NULL, F "expert_bias", "moe.experts", NULL, SEQP_OPT, NULL, NULL, EXPERTS},
	EXPERTS_EACH(EXPERTS, F "experts", "w1", "w3", "w2"),
	EXPERTS_FUSED(EXPERTS, F "experts.gate_up_proj", F "experts.down_proj"),
	{0}
};

/* GGUF has no key for the factor of the weights. */
static const seqp_number moe[] = {
	{"mlp.adjust", NULL, "=0", 0, 1, SEQP_INT, 0, NULL, NULL},
	{"moe.score", "=2", "=2", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"moe.norm", "=1", "norm_topk_prob", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"moe.norm_eps", NULL, NULL, 0, 1, SEQP_DFLT, 1e-6, NULL, NULL},
	{"moe.first", "%.leading_dense_block_count", "num_dense_layers", 0, 10000, SEQP_INT | SEQP_DFLT, 2, NULL, NULL},
	{0}
};

/* The width of the MLP may be said before two thirds of it are taken and rounded; it alone counts from here on. */
static int ff_width(seq_model *m, seq_error *err)
{
	static const char *const means[] = {"mlp.adjust", "mlp.by", "mlp.multiple"};
	int64_t ff = (int64_t)seqp_model_number(m, -1, "mlp.ff", 0), k = (int64_t)seqp_model_number(m, -1, "mlp.multiple", 256);
	int e = SEQ_OK;
	if (m->src.format == SEQP_FROM_HF && seqp_model_number(m, -1, "mlp.adjust", 0) != 0) {
		ff = (int64_t)(seqp_model_number(m, -1, "mlp.by", 1) * (double)(2 * ff / 3));
		e = seqp_number_set(m, -1, "mlp.ff", (double)((ff + k - 1) / k * k), err);
	}
	for (size_t i = 0; i < sizeof means / sizeof means[0] && e >= 0; i++)
		e = seqp_number_set(m, -1, means[i], NAN, err);
	return e;
}

/* Without layer_types full_attn_idxs names the attention layers; without either all are. */
static int hf_types(seq_model *m, seq_error *err)
{
	int64_t first = (int64_t)seqp_model_number(m, -1, "moe.first", (double)m->layers);
	int e = SEQ_OK;
	if (seqp_store_get(&m->src, "layer_types").kind != SEQP_LIST && seqp_store_get(&m->src, "full_attn_idxs").kind == SEQP_LIST) {
		e = seqp_number_set(m, -1, "type", 0, err);
		if (e >= 0)
			e = seqp_type_listed(m, "full_attn_idxs", IS_ATTN, err);
	}
	for (int64_t i = first; i < m->layers && e >= 0; i++)
		e = seqp_number_set(m, i, "type", seqp_model_number(m, i, "type", 0) + HAS_EXPERTS, err);
	if (e < 0)
		return e;
	return seqp_only_in(m, "attn.kv_heads", ATTN, err);
}

static int finish(seq_model *m, seq_error *err)
{
	int e = ff_width(m, err);
	if (e < 0)
		return e;
	return m->src.format == SEQP_FROM_HF ? hf_types(m, err) : seqp_types_by_tensors(m, IS_ATTN, HAS_EXPERTS, err);
}

#define LAYER(name, mixer, role, mlp, mrole) static const seqp_op name[] = { \
	NORM(A, X, "rms", "mix_norm"), MIX(B, A, mixer, role), ADD(X, X, B), \
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, mlp, mrole), ADD(X, X, B)}
LAYER(conv, "shortconv", "conv", "gated", "mlp");
LAYER(attn, "softmax", "attn", "gated", "mlp");
LAYER(conv_experts, "shortconv", "conv", "moe", "moe");
LAYER(attn_experts, "softmax", "attn", "moe", "moe");
static const seqp_block blocks[] = {{conv, 6}, {attn, 6}, {conv_experts, 6}, {attn_experts, 6}};

#define KIT seqp_kit_head_norms_on, seqp_kit_model, types, seqp_kit_kv_by_layer, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated
static const seqp_number *const lists[] = {numbers, KIT, NULL}, *const moe_lists[] = {moe, numbers, KIT, seqp_kit_moe, NULL};
static const seqp_part *const part_lists[] = {parts, attn_parts, mlp_parts, NULL};
static const seqp_part *const moe_parts[] = {parts, attn_parts, mlp_parts, experts, NULL};

const seqp_arch seqp_arch_lfm2 = {
	.name = "lfm2", .gguf = gguf, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .finish = finish, .block = blocks, .blocks = 2,
};

const seqp_arch seqp_arch_lfm2_moe = {
	.name = "lfm2_moe", .gguf = moe_gguf, .hf = moe_hf, .prefix = seqp_kit_prefix, .numbers = moe_lists, .parts = moe_parts,
	.skip = seqp_kit_skip, .finish = finish, .block = blocks, .blocks = 4,
};

/* --- lfm3 ---------------------------------------------------------------------------------------------- */

static const seqp_word rope_words[] = {{"proportional", 0}, {"default", 0}, {0}};

/* rope.dim is the whole head: which pairs stand still is said by their divisors. */
static const seqp_number numbers3[] = {
	{"mlp.adjust", NULL, "=0", 0, 1, SEQP_INT, 0, NULL, NULL},
	{"attn.gated", NULL, "=3", 0, 3, SEQP_INT, 0, NULL, NULL},
	{"window.size", NULL, "sliding_window", 0, 1e15, SEQP_INT | SEQP_DFLT | SEQP_NULL_ZERO, 0, NULL, NULL},
	{"rope.part", NULL, NULL, 0, 1, SEQP_DFLT, 1, NULL, NULL},
	{"rope.turning", NULL, "rope_parameters.full_attention.partial_rotary_factor", 0, 1, SEQP_DFLT, 1, NULL, NULL},
	{"rope.scaling", NULL, "rope_parameters.full_attention.rope_type", 0, 0, SEQP_INT | SEQP_DFLT, 0, NULL, rope_words},
	{"rope.theta", NULL, "rope_parameters.full_attention.rope_theta|rope_theta", 1e-3, 1e15, SEQP_DFLT, 1e6, NULL, NULL},
	{"rope.theta_local", NULL, "rope_parameters.sliding_attention.rope_theta", 1e-3, 1e15, SEQP_DFLT, 1e4, NULL, NULL},
	{0}
};

static const seqp_part parts3[] = {
	{"mix_post_norm.w", NULL, "layers.%.post_operator_norm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"mlp_post_norm.w", NULL, "layers.%.post_ffn_norm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"attn.gate", NULL, "layers.%.self_attn.gate_proj.weight", "attn.heads", "width", 0, NULL, NULL, ATTN},
	{"attn.gate.b", NULL, "layers.%.self_attn.gate_proj.bias", "attn.heads", NULL, SEQP_OPT, NULL, NULL, ATTN},
	{"attn.q_norm.w", NULL, "layers.%.self_attn.q_norm.weight", "attn.head_dim", NULL, 0, NULL, NULL, ATTN},
	{"attn.k_norm.w", NULL, "layers.%.self_attn.k_norm.weight", "attn.head_dim", NULL, 0, NULL, NULL, ATTN},
	QKVO_PARTS("layers.%.self_attn.", "o_proj", ATTN),
	{0}
};

/* Divisors of the frequencies in layers without a window: 1 for the pairs that turn, infinite for the others. */
static int proportional(seq_model *m, seq_error *err)
{
	int64_t d = (int64_t)seqp_model_number(m, -1, "attn.head_dim", 0), n = d / 2;
	double turning = floor(seqp_model_number(m, -1, "rope.turning", 1) * (double)d / 2);
	float *by = seqp_arena_alloc(&m->arena, (size_t)n + 1, sizeof *by);
	int e = SEQ_OK;
	if (!by)
		return seqp_nomem(err, (size_t)n * sizeof *by);
	for (int64_t i = 0; i < n; i++)
		by[i] = (double)i < turning ? 1 : INFINITY;
	seqp_view v = {by, SEQ_F32, 1, n, (size_t)n * sizeof *by};
	for (int64_t i = 0; i < m->layers && e >= 0; i++)
		if (seqp_model_number(m, i, "attn.window", 0) == 0)
			e = seqp_weight_set(m, i, "attn.rope_freqs", &v, err);
	return e;
}

static int finish3(seq_model *m, seq_error *err)
{
	int e = finish(m, err);
	if (e < 0 || (e = seqp_windows(m, seqp_window_size(m), NULL, err)) < 0)
		return e;
	if ((e = seqp_local_rope(m, err)) < 0)
		return e;
	return proportional(m, err);
}

#define LAYER3(name, mixer, role) static const seqp_op name[] = { \
	NORM(A, X, "rms", "mix_norm"), MIX(B, A, mixer, role), NORM(B, B, "rms", "mix_post_norm"), ADD(X, X, B), \
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), NORM(B, B, "rms", "mlp_post_norm"), ADD(X, X, B)}
LAYER3(conv3, "shortconv", "conv");
LAYER3(attn3, "softmax", "attn");
static const seqp_block blocks3[] = {{conv3, 8}, {attn3, 8}};

static const seqp_number *const lists3[] = {numbers3, numbers, KIT, NULL};
static const seqp_part *const part_lists3[] = {parts3, parts, mlp_parts, NULL};

const seqp_arch seqp_arch_lfm3 = {
	.name = "lfm3", .gguf = none, .hf = hf3, .prefix = seqp_kit_prefix, .numbers = lists3, .parts = part_lists3,
	.skip = seqp_kit_skip, .refuse_hf = "rope_parameters.full_attention.factor", .finish = finish3, .block = blocks3, .blocks = 2,
};
