/* SPDX-License-Identifier: MIT */
/* x = sqrt(d) E[t]; x += rms1(attn(rms1 x)); x += rms1(geglu(rms1 x)).  Hugging Face stores
 * norms less one.  gemma: no norms after, GELU whatever the configuration calls it.  gemma2: soft caps, a window in even layers; gemma3: per-head norms on q
 * and k, every sixth layer full, with a rope of its own for the others.  GGUF files lack the
 * embedding's scale and the softmax factor. */
#include <math.h>
#include <stdio.h>

#include "base/half.h"
#include "model/arch/rows.h"

#define INT SEQP_INT
#define NEED SEQP_NEED
#define DFLT SEQP_DFLT

static const seqp_number common[] = {
	{"layers", "%.block_count", "num_hidden_layers", 1, 10000, INT | NEED, 0, NULL, NULL},
	{"width", "%.embedding_length", "hidden_size", 1, 1 << 20, INT | NEED, 0, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"attn.heads", "%.attention.head_count", "num_attention_heads", 1, 65536, INT | NEED, 0, NULL, NULL},
	{"attn.head_dim", "%.attention.key_length", "head_dim", 1, 65536, INT | NEED, 0, "width/attn.heads|256", NULL},
	{"attn.pre_scalar", NULL, "query_pre_attn_scalar", 1e-6, 1e9, DFLT, 256, NULL, NULL},
	{"mlp.act", "=1", "hidden_activation", 0, 4, INT | DFLT, 1, NULL, seqp_act_words},
	{"window.size", "%.attention.sliding_window", "sliding_window", 0, 1e15, INT | DFLT | SEQP_NULL_ZERO, 4096, NULL, NULL},
	{0}
};

static const seqp_number gemma1[] = {
	{"mlp.act", "=1", "=1", 0, 4, INT, 0, NULL, NULL},
	{"window.size", NULL, NULL, 0, 0, INT | DFLT, 0, NULL, NULL},
	{0}
};

static const seqp_number gemma2[] = {
	{"attn.cap", "%.attn_logit_softcapping", "attn_logit_softcapping", 0, 1e9, DFLT | SEQP_NULL_ZERO, 50, NULL, NULL},
	{"logit_cap", "%.final_logit_softcapping", "final_logit_softcapping", 0, 1e9, DFLT | SEQP_NULL_ZERO, 30, NULL, NULL},
	{0}
};

static const seqp_number gemma3[] = {
	{"attn.cap", NULL, "attn_logit_softcapping", 0, 1e9, DFLT, 0, NULL, NULL},
	{"logit_cap", "%.final_logit_softcapping", "final_logit_softcapping", 0, 1e9, DFLT, 0, NULL, NULL},
	{"rope.theta", "%.rope.freq_base", "rope_parameters.full_attention.rope_theta|rope_parameters.rope_theta|rope_theta", 1e-3, 1e15, DFLT, 1e6, NULL, NULL},
	{"rope.theta_local", "%.rope.freq_base_swa", "rope_parameters.sliding_attention.rope_theta|rope_local_base_freq", 1e-3, 1e15, DFLT, 1e4, NULL, NULL},
	{"window.pattern", "%.attention.sliding_window_pattern", "sliding_window_pattern|_sliding_window_pattern", 0, 10000, INT | DFLT, 6, NULL, NULL},
	{0}
};

static const seqp_part ends[] = {
	{"embed", "token_embd.weight", "embed_tokens.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"out_norm.w", "output_norm.weight", "norm.weight", "width", NULL, SEQP_HF_PLUS1, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{"attn_norm.w", "blk.%.attn_norm.weight", "layers.%.input_layernorm.weight", "width", NULL, SEQP_HF_PLUS1, NULL, NULL, 0},
	{0}
};

static const seqp_part sandwich[] = {
	{"attn_post_norm.w", "blk.%.post_attention_norm.weight", "layers.%.post_attention_layernorm.weight", "width", NULL, SEQP_HF_PLUS1, NULL, NULL, 0},
	{"mlp_norm.w", "blk.%.ffn_norm.weight", "layers.%.pre_feedforward_layernorm.weight", "width", NULL, SEQP_HF_PLUS1, NULL, NULL, 0},
	{"mlp_post_norm.w", "blk.%.post_ffw_norm.weight", "layers.%.post_feedforward_layernorm.weight", "width", NULL, SEQP_HF_PLUS1, NULL, NULL, 0},
	{0}
};

static const seqp_part pre_norms[] = {
	{"mlp_norm.w", "blk.%.ffn_norm.weight", "layers.%.post_attention_layernorm.weight", "width", NULL, SEQP_HF_PLUS1, NULL, NULL, 0},
	{0}
};

static const seqp_part head_norms[] = {
	{"attn.q_norm.w", "blk.%.attn_q_norm.weight", "layers.%.self_attn.q_norm.weight", "attn.head_dim", NULL, SEQP_HF_PLUS1, NULL, NULL, 0},
	{"attn.k_norm.w", "blk.%.attn_k_norm.weight", "layers.%.self_attn.k_norm.weight", "attn.head_dim", NULL, SEQP_HF_PLUS1, NULL, NULL, 0},
	{0}
};

/* sqrt(d), in Hugging Face rounded to the type of the weights. */
int seqp_gemma_embed_scale(seq_model *m, seq_error *err)
{
	float s = (float)sqrt((double)m->width);
	size_t at;
	const seq_tensor *t = NULL;
	for (const char *const *p = seqp_kit_prefix; *p && !t && m->src.format == SEQP_FROM_HF; p++) {
		char name[96];
		snprintf(name, sizeof name, "%sembed_tokens.weight", *p);
		t = seqp_store_tensor(&m->src, name, &at);
	}
	if (t && t->dtype == SEQ_BF16)
		s = seqp_bf16_f32(seqp_f32_bf16(s));
	if (t && t->dtype == SEQ_F16)
		s = seqp_f16_f32(seqp_f32_f16(s));
	return seqp_number_set(m, -1, "embed_scale", s, err);
}

/* GGUF does not say; the largest model of each generation uses d / heads. */
static int softmax_scale(seq_model *m, int64_t largest, seq_error *err)
{
	double n = seqp_model_number(m, -1, "attn.pre_scalar", 256);
	if (m->src.format == SEQP_FROM_GGUF)
		n = m->layers == largest ? (double)m->width / seqp_model_number(m, -1, "attn.heads", 1)
					 : seqp_model_number(m, -1, "attn.head_dim", 256);
	return seqp_number_set(m, -1, "attn.scale", 1 / sqrt(n), err);
}

static bool even(const seq_model *m, int64_t layer)
{
	(void)m;
	return layer % 2 == 0;
}

static int finish2(seq_model *m, seq_error *err)
{
	int e = seqp_gemma_embed_scale(m, err);
	if (e < 0 || (e = softmax_scale(m, 46, err)) < 0)
		return e;
	return seqp_windows(m, seqp_window_size(m), even, err);
}

static bool by_pattern(const seq_model *m, int64_t layer)
{
	int64_t p = (int64_t)seqp_model_number(m, layer, "window.pattern", 6);
	if (!seqp_number_has(m, -1, "window.pattern")) /* a list: 1 slides */
		return p != 0;
	return p > 0 && (layer + 1) % p != 0;
}

static int finish3(seq_model *m, seq_error *err)
{
	int e = seqp_gemma_embed_scale(m, err);
	if (e < 0 || (e = softmax_scale(m, 62, err)) < 0)
		return e;
	if ((e = seqp_windows(m, seqp_window_size(m), by_pattern, err)) < 0)
		return e;
	return seqp_local_rope(m, err);
}

static const seqp_number *const lists1[] = {gemma1, common, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const parts1[] = {ends, pre_norms, seqp_kit_qkvo, seqp_kit_swiglu, NULL};
static const char *const names1[] = {"gemma", NULL};
static const seqp_number *const lists2[] = {common, gemma2, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_number *const lists3[] = {common, gemma3, seqp_kit_head_norms_on, seqp_kit_model, seqp_kit_attn,
					    seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const parts2[] = {ends, sandwich, seqp_kit_qkvo, seqp_kit_swiglu, NULL};
static const seqp_part *const parts3[] = {ends, sandwich, seqp_kit_qkvo, head_norms, seqp_kit_swiglu, NULL};
static const char *const names2[] = {"gemma2", NULL}, *const gguf3[] = {"gemma3", NULL};
static const char *const hf3[] = {"gemma3_text", "gemma3", NULL};

const seqp_arch seqp_arch_gemma = {
	.name = "gemma", .gguf = names1, .hf = names1, .prefix = seqp_kit_prefix, .numbers = lists1, .parts = parts1,
	.skip = seqp_kit_skip, .refuse_hf = "use_bidirectional_attention", .finish = seqp_gemma_embed_scale,
	.block = &seqp_block_prenorm, .blocks = 1,
};

const seqp_arch seqp_arch_gemma2 = {
	.name = "gemma2", .gguf = names2, .hf = names2, .prefix = seqp_kit_prefix, .numbers = lists2, .parts = parts2,
	.skip = seqp_kit_skip, .refuse_hf = "use_bidirectional_attention", .finish = finish2, .block = &seqp_block_sandwich, .blocks = 1,
};

const seqp_arch seqp_arch_gemma3 = {
	.name = "gemma3", .gguf = gguf3, .hf = hf3, .prefix = seqp_kit_prefix, .numbers = lists3, .parts = parts3,
	.skip = seqp_kit_skip, .refuse_hf = "use_bidirectional_attention", .finish = finish3, .block = &seqp_block_sandwich, .blocks = 1,
};
