/* SPDX-License-Identifier: MIT */
/* x += recurrent block or attention with a window(rms x);  x += gated mlp(rms x).  The list of kinds of layers is repeated
 * as often as needed; the embedding's factor is a bfloat16 whatever the weights are. */
#include <math.h>

#include "base/half.h"
#include "model/arch/hybrid.h"

enum { RECURRENT, ATTN };

static const char *const none[] = {NULL}, *const hf[] = {"recurrent_gemma", NULL};

static const seqp_number numbers[] = {
	{"norm_eps", NULL, "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-6, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"logit_cap", NULL, "logits_soft_cap", 0, 1e9, SEQP_DFLT, 30, NULL, NULL},
	{"rope.part", NULL, "rope_parameters.partial_rotary_factor|partial_rotary_factor", 0, 1, SEQP_DFLT, 0.5, NULL, NULL},
	{"attn.window", NULL, "attention_window_size", 1, 1e15, SEQP_INT | SEQP_DFLT, 2048, NULL, NULL},
	{"lru.conv", NULL, "conv1d_width", 1, 64, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{"mlp.both", NULL, "intermediate_size", 2, 1 << 24, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"mlp.ff", NULL, NULL, 1, 1 << 24, SEQP_INT | SEQP_NEED, 0, "mlp.both/2", NULL},
	{"mlp.act", NULL, "hidden_activation", 0, 4, SEQP_INT | SEQP_DFLT, 1, NULL, seqp_act_words},
	{0}
};

static const seqp_number widths[] = {
	{"lru.inner", NULL, "lru_width", 1, 1 << 20, SEQP_INT | SEQP_NEED, 0, "width", NULL},
	{"lru.heads", NULL, NULL, 1, 65536, SEQP_INT | SEQP_NEED, 0, "attn.heads", NULL},
	{"lru.block", NULL, NULL, 1, 1 << 20, SEQP_INT | SEQP_NEED, 0, "lru.inner/lru.heads", NULL},
	{0}
};

#define T(x) "layers.%.temporal_block." x
#define MATRIX(role, hf, rows, cols, types) \
	{role, NULL, hf ".weight", rows, cols, 0, NULL, NULL, types}, {role ".b", NULL, hf ".bias", rows, NULL, SEQP_OPT, NULL, NULL, types}
#define RGATE(role, hf) \
	{role, NULL, T("rg_lru.") hf "_gate_weight", "lru.inner", "lru.block", SEQP_HF_TRANSPOSE, NULL, NULL, 1 << RECURRENT}, \
	{role ".b", NULL, T("rg_lru.") hf "_gate_bias", "lru.inner", NULL, 0, NULL, NULL, 1 << RECURRENT}

static const seqp_part parts[] = {
	{"embed", NULL, "embed_tokens.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"out_norm.w", NULL, "final_norm.weight", "width", NULL, SEQP_HF_PLUS1, NULL, NULL, 0},
	{"head", NULL, "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{"mix_norm.w", NULL, "layers.%.temporal_pre_norm.weight", "width", NULL, SEQP_HF_PLUS1, NULL, NULL, 0},
	{"mlp_norm.w", NULL, "layers.%.channel_pre_norm.weight", "width", NULL, SEQP_HF_PLUS1, NULL, NULL, 0},
	MATRIX("lru.x", T("linear_x"), "lru.inner", "width", 1 << RECURRENT),
	MATRIX("lru.y", T("linear_y"), "lru.inner", "width", 1 << RECURRENT),
	MATRIX("lru.out", T("linear_out"), "width", "lru.inner", 1 << RECURRENT),
	{"lru.conv.w", NULL, T("conv_1d.weight"), "lru.inner", "lru.conv", SEQP_SMALL, NULL, NULL, 1 << RECURRENT},
	{"lru.conv.b", NULL, T("conv_1d.bias"), "lru.inner", NULL, SEQP_OPT, NULL, NULL, 1 << RECURRENT},
	{"lru.lambda", NULL, T("rg_lru.recurrent_param"), "lru.inner", NULL, 0, NULL, NULL, 1 << RECURRENT},
	RGATE("lru.gate_x", "input"),
	RGATE("lru.gate_a", "recurrent"),
	QKVO_PARTS("layers.%.temporal_block.", "o_proj", 1 << ATTN),
	GATED_PARTS("layers.%.mlp_block.", "gate_proj", "up_proj", "down_proj", 0),
	{0}
};

static int types(seq_model *m, seq_error *err)
{
	seqp_raw r = seqp_store_get(&m->src, "layers_block_type|block_types|_block_types");
	int e = SEQ_OK;
	for (int64_t i = 0; i < m->layers && e >= 0; i++) {
		seqp_slice word = r.count ? seqp_raw_word(&r, (size_t)i % r.count) : (seqp_slice){NULL, 0};
		bool attn = r.count ? seqp_slice_is(word, "attention") || seqp_slice_is(word, "full_attention") : i % 3 == 2;
		if (r.count && !attn && !seqp_slice_is(word, "recurrent"))
			return seqp_fail(err, SEQ_E_UNSUPPORTED, "block_types: \"%.*s\" is not known here", (int)(word.n < 80 ? word.n : 80),
					 word.p ? word.p : "");
		e = seqp_number_set(m, i, "type", attn ? ATTN : RECURRENT, err);
	}
	return e;
}

static int finish(seq_model *m, seq_error *err)
{
	float scale = seqp_bf16_f32(seqp_f32_bf16((float)sqrt((double)m->width)));
	int64_t inner = (int64_t)seqp_model_number(m, -1, "lru.inner", 0), heads = (int64_t)seqp_model_number(m, -1, "lru.heads", 1);
	if (inner % heads)
		return seqp_fail(err, SEQ_E_FORMAT, "recurrent_gemma: lru_width %lld does not divide into %lld heads", (long long)inner,
				 (long long)heads);
	int e = seqp_number_set(m, -1, "embed_scale", (double)scale, err);
	return e < 0 ? e : types(m, err);
}

static const seqp_op recurrent[] = {
	NORM(A, X, "rms", "mix_norm"), MIX(B, A, "rglru", "lru"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_op attn[] = {
	NORM(A, X, "rms", "mix_norm"), MIX(B, A, "softmax", "attn"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_block blocks[] = {{recurrent, 6}, {attn, 6}};

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, widths, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_recurrent_gemma = {
	.name = "recurrent_gemma", .gguf = none, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .finish = finish, .block = blocks, .blocks = 2,
};
