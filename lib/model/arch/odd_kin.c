/* SPDX-License-Identifier: MIT */
/* More kin of llama.  bitnet: a norm before each last projection, squared relu; hunyuan: norms of q and k after the rope,
 * whose theta alpha may stretch; nanochat: no norm has a weight, embeddings are normed, the rope turns the other way; olmo:
 * LayerNorms without weights; apertus: xIELU; granite_swa: granite with windows, sinks and a theta a layer. */
#include <math.h>
#include <stdio.h>

#include "model/arch/rows.h"

#define INT SEQP_INT
#define DFLT SEQP_DFLT

static const seqp_number bitnet[] = {
	{"norm_eps", NULL, "rms_norm_eps", 0, 1, DFLT, 1e-5, NULL, NULL},
	{"mlp.act", NULL, "hidden_act", 0, 4, INT | DFLT, 4, NULL, seqp_act_words},
	{0}
};

static const seqp_number hunyuan[] = {
	{"attn.qk_norm", "=1", "=1", 0, 2, INT, 0, NULL, NULL},
	{"attn.norm_after", "=1", "=1", 0, 1, INT, 0, NULL, NULL},
	{"rope.alpha", NULL, "rope_parameters.alpha|rope_scaling.alpha", 1e-9, 1e9, DFLT, 0, NULL, NULL},
	{"rope.factor", "%.rope.scaling.factor", "rope_parameters.factor|rope_scaling.factor", 1e-6, 1e9, DFLT, 1, NULL, NULL},
	{0}
};

static const seqp_number nanochat[] = {
	{"attn.qk_norm", NULL, "=1", 0, 2, INT, 0, NULL, NULL},
	{"attn.norm_after", NULL, "=1", 0, 1, INT, 0, NULL, NULL},
	{"rope.reverse", NULL, "=1", 0, 1, INT, 0, NULL, NULL},
	{"logit_cap", NULL, "final_logit_softcapping", 0, 1e9, DFLT | SEQP_NULL_ZERO, 15, NULL, NULL},
	{"mlp.act", NULL, "hidden_act", 0, 4, INT | DFLT, 4, NULL, seqp_act_words},
	{0}
};

static const seqp_number olmo[] = {
	{"norm_eps", "%.attention.layer_norm_epsilon", NULL, 0, 1, DFLT, 1e-5, NULL, NULL},
	{"attn.rope", "=2", "=1", 0, 2, INT, 0, NULL, NULL},
	{"attn.clip", "%.attention.clamp_kqv", "clip_qkv", 0, 1e9, DFLT, 0, NULL, NULL},
	{0}
};

static const seqp_number apertus[] = {
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", "rms_norm_eps", 0, 1, DFLT, 1e-5, NULL, NULL},
	{"rope.theta", "%.rope.freq_base", "rope_parameters.rope_theta|rope_theta", 1e-3, 1e15, DFLT, 12e6, NULL, NULL},
	{"mlp.act", "=6", "=6", 0, 6, INT, 0, NULL, NULL},
	{"mlp.alpha_p", "xielu.alpha_p", NULL, -1e6, 1e6, 0, 0, NULL, NULL},
	{"mlp.alpha_n", "xielu.alpha_n", NULL, -1e6, 1e6, 0, 0, NULL, NULL},
	{"mlp.beta", "xielu.beta", NULL, -1e6, 1e6, 0, 0, NULL, NULL},
	{"mlp.xielu_eps", "xielu.eps", NULL, -1, 1, 0, 0, NULL, NULL},
	{0}
};

static const seqp_number granite_swa[] = {
	{"layers", NULL, "num_hidden_layers", 1, 10000, INT | SEQP_NEED, 0, NULL, NULL},
	{"embed_scale", NULL, "embedding_multiplier", 1e-9, 1e9, DFLT, 1, NULL, NULL},
	{"branch", NULL, "residual_multiplier", 1e-9, 1e9, DFLT, 1, NULL, NULL},
	{"attn.scale", NULL, "attention_multiplier", 0, 1e9, DFLT, 1, NULL, NULL},
	{"logit_divisor", NULL, "logits_scaling", 1e-9, 1e9, DFLT, 1, NULL, NULL},
	{"window.size", NULL, "sliding_window", 0, 1e15, INT | DFLT | SEQP_NULL_ZERO, 0, NULL, NULL},
	{"rope.theta", NULL, "layer_rope_theta|rope_parameters.rope_theta|rope_theta", 1e-3, 1e15, DFLT, 1e4, NULL, NULL},
	{0}
};

static const seqp_part bitnet_norms[] = {
	{"attn.o_norm.w", NULL, "layers.%.self_attn.attn_sub_norm.weight", "attn.heads*attn.head_dim", NULL, 0, NULL, NULL, 0},
	{"mlp.norm.w", NULL, "layers.%.mlp.ffn_sub_norm.weight", "mlp.ff", NULL, 0, NULL, NULL, 0},
	{0}
};

static const seqp_part hunyuan_norms[] = {
	{"attn.q_norm.w", "blk.%.attn_q_norm.weight", "layers.%.self_attn.query_layernorm.weight", "attn.head_dim", NULL, 0, NULL, NULL, 0},
	{"attn.k_norm.w", "blk.%.attn_k_norm.weight", "layers.%.self_attn.key_layernorm.weight", "attn.head_dim", NULL, 0, NULL, NULL, 0},
	{0}
};

static const seqp_part bare_ends[] = {
	{"embed", "token_embd.weight", "embed_tokens.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{0}
};

static const seqp_part fc12[] = {
	{"mlp.up", NULL, "layers.%.mlp.fc1.weight", "mlp.ff", "width", 0, NULL, NULL, 0},
	{"mlp.down", NULL, "layers.%.mlp.fc2.weight", "width", "mlp.ff", 0, NULL, NULL, 0},
	{0}
};

static const seqp_part apertus_parts[] = {
	{"attn_norm.w", "blk.%.attn_norm.weight", "layers.%.attention_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"mlp_norm.w", "blk.%.ffn_norm.weight", "layers.%.feedforward_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"mlp.up", "blk.%.ffn_up.weight", "layers.%.mlp.up_proj.weight", "mlp.ff", "width", 0, NULL, NULL, 0},
	{"mlp.down", "blk.%.ffn_down.weight", "layers.%.mlp.down_proj.weight", "width", "mlp.ff", 0, NULL, NULL, 0},
	{0}
};
static const char *const apertus_skip[] = {"rotary_emb.inv_freq", "act_fn.alpha_p", "act_fn.alpha_n", "act_fn.beta", "act_fn.eps", NULL};

static const seqp_part sinks[] = {
	{"attn.sinks", NULL, "layers.%.self_attn.sinks", "attn.heads", NULL, 0, NULL, NULL, 0},
	{0}
};

static int finish_hunyuan(seq_model *m, seq_error *err)
{
	double alpha = seqp_model_number(m, -1, "rope.alpha", 0), d = seqp_model_number(m, -1, "attn.head_dim", 0);
	if (alpha <= 0 || seqp_model_number(m, -1, "rope.scaling", 0) != 2 || d <= 2)
		return SEQ_OK;
	int e = seqp_number_set(m, -1, "rope.theta", seqp_model_number(m, -1, "rope.theta", 1e4) * pow(alpha, d / (d - 2)), err);
	return e < 0 ? e : seqp_number_set(m, -1, "rope.scaling", 0, err);
}

/* A parameter of the activation is a tensor of one element. */
static int read_xielu(seq_model *m, int64_t layer, const char *tensor, const char *key, seq_error *err)
{
	char name[160];
	seqp_view v;
	snprintf(name, sizeof name, "%slayers.%lld.mlp.act_fn.%s", m->prefix, (long long)layer, tensor);
	const seq_tensor *t = seqp_store_tensor(&m->src, name, NULL);
	if (!t)
		return SEQ_OK;
	int64_t n = 1;
	for (int i = 0; i < t->rank; i++)
		n *= t->dim[i];
	if (n != 1)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: %lld elements, expected 1", t->name, (long long)n);
	int e = seqp_make_f32(m, t, 0, &v, err);
	return e < 0 ? e : seqp_number_set(m, layer, key, *(const float *)v.data, err);
}

static int finish_apertus(seq_model *m, seq_error *err)
{
	static const char *const names[][2] = {{"alpha_p", "mlp.alpha_p"}, {"alpha_n", "mlp.alpha_n"}, {"beta", "mlp.beta"}, {"eps", "mlp.xielu_eps"}};
	int e = SEQ_OK;
	for (int64_t l = 0; m->src.format == SEQP_FROM_HF && l < m->layers; l++)
		for (size_t i = 0; i < 4 && e >= 0; i++)
			e = read_xielu(m, l, names[i][0], names[i][1], err);
	for (int64_t l = 0; l < m->layers && e >= 0; l++)
		if (!seqp_number_has(m, l, "mlp.alpha_p") || !seqp_number_has(m, l, "mlp.alpha_n"))
			e = seqp_fail(err, SEQ_E_FORMAT, "layer %lld: alpha_p or alpha_n of the activation is missing", (long long)l);
	return e;
}

static int finish_granite(seq_model *m, seq_error *err)
{
	int e = seqp_number_set(m, -1, "logit_scale", 1 / seqp_model_number(m, -1, "logit_divisor", 1), err);
	return e < 0 ? e : seqp_windows(m, seqp_window_size(m), NULL, err);
}

static const seqp_op nanochat_in[] = {NORM(X, X, "rms", "embed_norm")};
static const seqp_op rms_plain[] = {
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, "softmax", "attn"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "plain", "mlp"), ADD(X, X, B),
};
static const seqp_op ln_gated[] = {
	NORM(A, X, "layer", "attn_norm"), MIX(B, A, "softmax", "attn"), ADD(X, X, B),
	NORM(A, X, "layer", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_op scaled[] = {
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, "softmax", "attn"), ADD_SCALED(X, X, B, NULL, "branch"),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD_SCALED(X, X, B, NULL, "branch"),
};
static const seqp_block rms_plain_block = {rms_plain, 6}, ln_gated_block = {ln_gated, 6}, scaled_block = {scaled, 6};

#define KIT seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL
static const seqp_number *const bitnet_lists[] = {bitnet, KIT}, *const hunyuan_lists[] = {hunyuan, KIT};
static const seqp_number *const nanochat_lists[] = {nanochat, KIT}, *const olmo_lists[] = {olmo, KIT};
static const seqp_number *const apertus_lists[] = {apertus, seqp_kit_head_norms_on, KIT}, *const granite_lists[] = {granite_swa, KIT};
#define GATED seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, seqp_kit_swiglu, NULL
static const seqp_part *const bitnet_parts[] = {bitnet_norms, GATED}, *const hunyuan_parts[] = {hunyuan_norms, GATED};
static const seqp_part *const granite_parts[] = {sinks, GATED};
static const seqp_part *const nanochat_parts[] = {bare_ends, seqp_kit_qkvo, fc12, NULL};
static const seqp_part *const olmo_parts[] = {bare_ends, seqp_kit_qkvo, seqp_kit_swiglu, NULL};
static const seqp_part *const apertus_lists_of_parts[] = {seqp_kit_ends, apertus_parts, seqp_kit_qkvo, seqp_kit_head_norms, NULL};
static const char *const none[] = {NULL}, *const bitnet_hf[] = {"bitnet", NULL}, *const nanochat_hf[] = {"nanochat", NULL};
static const char *const hunyuan_gguf[] = {"hunyuan-dense", NULL}, *const hunyuan_hf[] = {"hunyuan_v1_dense", NULL};
static const char *const olmo_names[] = {"olmo", NULL}, *const apertus_names[] = {"apertus", NULL}, *const granite_hf[] = {"granite_swa", NULL};

const seqp_arch seqp_arch_bitnet = {
	.name = "bitnet", .gguf = none, .hf = bitnet_hf, .prefix = seqp_kit_prefix, .numbers = bitnet_lists, .parts = bitnet_parts,
	.skip = seqp_kit_skip, .block = &seqp_block_prenorm, .blocks = 1,
};

const seqp_arch seqp_arch_hunyuan = {
	.name = "hunyuan_v1_dense", .gguf = hunyuan_gguf, .hf = hunyuan_hf, .prefix = seqp_kit_prefix, .numbers = hunyuan_lists,
	.parts = hunyuan_parts, .skip = seqp_kit_skip, .finish = finish_hunyuan, .block = &seqp_block_prenorm, .blocks = 1,
};

const seqp_arch seqp_arch_nanochat = {
	.name = "nanochat", .gguf = none, .hf = nanochat_hf, .prefix = seqp_kit_prefix, .numbers = nanochat_lists, .parts = nanochat_parts,
	.skip = seqp_kit_skip, .block = &rms_plain_block, .blocks = 1, .in = {nanochat_in, 1},
};

const seqp_arch seqp_arch_olmo = {
	.name = "olmo", .gguf = olmo_names, .hf = olmo_names, .prefix = seqp_kit_prefix, .numbers = olmo_lists, .parts = olmo_parts,
	.skip = seqp_kit_skip, .block = &ln_gated_block, .blocks = 1, .out = {seqp_ops_ln_out, 1},
};

const seqp_arch seqp_arch_apertus = {
	.name = "apertus", .gguf = apertus_names, .hf = apertus_names, .prefix = seqp_kit_prefix, .numbers = apertus_lists,
	.parts = apertus_lists_of_parts, .skip = apertus_skip, .finish = finish_apertus, .block = &rms_plain_block, .blocks = 1,
};

const seqp_arch seqp_arch_granite_swa = {
	.name = "granite_swa", .gguf = none, .hf = granite_hf, .prefix = seqp_kit_prefix, .numbers = granite_lists, .parts = granite_parts,
	.skip = seqp_kit_skip, .finish = finish_granite, .block = &scaled_block, .blocks = 1,
};
