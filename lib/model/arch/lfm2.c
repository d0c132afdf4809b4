/* SPDX-License-Identifier: MIT */
/* x += gated short convolution or attention(rms x), by layer;  x += gated mlp(rms x).  The norm called
 * embedding_norm is the last one. */
#include "model/arch/hybrid.h"

enum { CONV, ATTN };

static const char *const gguf[] = {"lfm2", NULL}, *const hf[] = {"lfm2", NULL};

static const seqp_number numbers[] = {
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", "norm_eps|block_norm_eps|rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings|tie_embedding", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"conv.conv", "%.shortconv.l_cache", "conv_L_cache", 2, 64, SEQP_INT | SEQP_DFLT, 3, NULL, NULL},
	{"rope.theta", "%.rope.freq_base", "rope_parameters.rope_theta|rope_theta", 1e-3, 1e15, SEQP_DFLT, 1e6, NULL, NULL},
	{"mlp.ff", "%.feed_forward_length", "intermediate_size|block_ff_dim", 1, 1 << 24, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"mlp.adjust", NULL, "block_auto_adjust_ff_dim", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"mlp.by", NULL, "block_ffn_dim_multiplier", 1e-6, 1e6, SEQP_DFLT, 1, NULL, NULL},
	{"mlp.multiple", NULL, "block_multiple_of", 1, 1 << 20, SEQP_INT | SEQP_DFLT, 256, NULL, NULL},
	{0}
};

static const seqp_number types[] = {
	{"type", NULL, "layer_types", 0, 1, SEQP_INT | SEQP_DFLT, ATTN, NULL, seqp_layer_words},
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
	{"conv.in", "blk.%.shortconv.in_proj.weight", "layers.%.conv.in_proj.weight", "3*width", "width", 0, NULL, NULL, 1 << CONV},
	{"conv.in.b", "blk.%.shortconv.in_proj.bias", "layers.%.conv.in_proj.bias", "3*width", NULL, SEQP_OPT, NULL, NULL, 1 << CONV},
	{"conv.conv.w", "blk.%.shortconv.conv.weight", "layers.%.conv.conv.weight", "width", "conv.conv", SEQP_SMALL, NULL, NULL, 1 << CONV},
	{"conv.conv.b", "blk.%.shortconv.conv.bias", "layers.%.conv.conv.bias", "width", NULL, SEQP_OPT, NULL, NULL, 1 << CONV},
	{"conv.out", "blk.%.shortconv.out_proj.weight", "layers.%.conv.out_proj.weight", "width", "width", 0, NULL, NULL, 1 << CONV},
	{"conv.out.b", "blk.%.shortconv.out_proj.bias", "layers.%.conv.out_proj.bias", "width", NULL, SEQP_OPT, NULL, NULL, 1 << CONV},
	QKVO_PARTS("layers.%.self_attn.", "out_proj", 1 << ATTN),
	{"attn.q_norm.w", "blk.%.attn_q_norm.weight", "layers.%.self_attn.q_layernorm.weight", "attn.head_dim", NULL, 0, NULL, NULL, 1 << ATTN},
	{"attn.k_norm.w", "blk.%.attn_k_norm.weight", "layers.%.self_attn.k_layernorm.weight", "attn.head_dim", NULL, 0, NULL, NULL, 1 << ATTN},
	GATED_PARTS(F, "w1", "w3", "w2", 0),
	{0}
};

/* The width of the MLP may be said before two thirds of it are taken and rounded. */
static int ff_width(seq_model *m, seq_error *err)
{
	int64_t ff = (int64_t)seqp_model_number(m, -1, "mlp.ff", 0), k = (int64_t)seqp_model_number(m, -1, "mlp.multiple", 256);
	if (seqp_model_number(m, -1, "mlp.adjust", 0) == 0)
		return SEQ_OK;
	ff = (int64_t)(seqp_model_number(m, -1, "mlp.by", 1) * (double)(2 * ff / 3));
	return seqp_number_set(m, -1, "mlp.ff", (double)((ff + k - 1) / k * k), err);
}

/* Without layer_types full_attn_idxs names the attention layers; without either all are. */
static int hf_types(seq_model *m, seq_error *err)
{
	int e = SEQ_OK;
	if (seqp_store_get(&m->src, "layer_types").kind != SEQP_LIST && seqp_store_get(&m->src, "full_attn_idxs").kind == SEQP_LIST) {
		e = seqp_number_set(m, -1, "type", CONV, err);
		if (e >= 0)
			e = seqp_type_listed(m, "full_attn_idxs", ATTN, err);
	}
	if (e < 0 || (e = ff_width(m, err)) < 0)
		return e;
	return seqp_only_in(m, "attn.kv_heads", 1 << ATTN, err);
}

static int gguf_types(seq_model *m, seq_error *err)
{
	int e = seqp_number_set(m, -1, "type", CONV, err);
	return e < 0 ? e : seqp_type_by_kv(m, ATTN, err);
}

static int finish(seq_model *m, seq_error *err)
{
	return m->src.format == SEQP_FROM_HF ? hf_types(m, err) : gguf_types(m, err);
}

static const seqp_op conv[] = {
	NORM(A, X, "rms", "mix_norm"), MIX(B, A, "shortconv", "conv"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_op attn[] = {
	NORM(A, X, "rms", "mix_norm"), MIX(B, A, "softmax", "attn"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_block blocks[] = {{conv, 6}, {attn, 6}};

static const seqp_number *const lists[] = {numbers, seqp_kit_head_norms_on, seqp_kit_model, types, seqp_kit_kv_by_layer, seqp_kit_attn,
					   seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_lfm2 = {
	.name = "lfm2", .gguf = gguf, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .finish = finish, .block = blocks, .blocks = 2,
};
