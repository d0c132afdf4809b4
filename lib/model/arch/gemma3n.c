/* SPDX-License-Identifier: MIT */
/* Several streams a token (layer/altup.c); x of the first: a = rms x; l = a + rms(low rank of a); m = (x + rms(attn a) + l) / sqrt 2;
 * m += rms(mlp(rms m)).  The first layers cut small gates; the last ones read keys and values of the last before them
 * that is of their kind, window or not. */
#include <math.h>

#include "model/arch/rows.h"

#define INT SEQP_INT
#define NEED SEQP_NEED
#define DFLT SEQP_DFLT

static const seqp_number numbers[] = {
	{"layers", NULL, "num_hidden_layers", 1, 10000, INT | NEED, 0, NULL, NULL},
	{"width", NULL, "hidden_size", 1, 1 << 20, INT | NEED, 0, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"attn.head_dim", NULL, "head_dim", 1, 65536, INT | DFLT, 256, NULL, NULL},
	{"attn.scale", NULL, "=1", 1, 1, DFLT, 1, NULL, NULL},
	{"attn.qk_norm", NULL, "=1", 0, 1, INT, 0, NULL, NULL},
	{"attn.v_norm", NULL, "=1", 0, 1, INT, 0, NULL, NULL},
	{"attn.shared", NULL, "num_kv_shared_layers", 0, 10000, INT | DFLT, 15, NULL, NULL},
	{"logit_cap", NULL, "final_logit_softcapping", 0, 1e9, DFLT | SEQP_NULL_ZERO, 30, NULL, NULL},
	{"window.size", NULL, "sliding_window", 0, 1e15, INT | DFLT | SEQP_NULL_ZERO, 512, NULL, NULL},
	{"rope.theta", NULL, "rope_parameters.full_attention.rope_theta|rope_parameters.rope_theta|rope_theta", 1e-3, 1e15, DFLT, 1e6, NULL, NULL},
	{"rope.theta_local", NULL, "rope_parameters.sliding_attention.rope_theta|rope_local_base_freq", 1e-3, 1e15, DFLT, 1e4, NULL, NULL},
	{"mlp.act", NULL, "hidden_activation", 0, 4, INT | DFLT, 1, NULL, seqp_act_words},
	{"mlp.sparse", NULL, "activation_sparsity_pattern", 0, 0.999999, DFLT | SEQP_NULL_ZERO, 0, NULL, NULL},
	{"altup.streams", NULL, "altup_num_inputs", 2, 8, INT | DFLT, 4, NULL, NULL},
	{"altup.active", NULL, "altup_active_idx", 0, 0, INT | DFLT, 0, NULL, NULL},
	{"altup.scaled", NULL, "altup_correct_scale", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"altup.per_layer", NULL, "hidden_size_per_layer_input", 1, 1 << 16, INT | DFLT, 256, NULL, NULL},
	{"altup.ids", NULL, "vocab_size_per_layer_input", 1, INT32_MAX, INT | DFLT, 262144, NULL, NULL},
	{"laurel.rank", NULL, "laurel_rank", 1, 65536, INT | DFLT, 64, NULL, NULL},
	{"laurel.act", NULL, "=7", 7, 7, INT, 0, NULL, NULL},
	{0}
};

#define SMALL SEQP_SMALL
#define N "altup.streams"
#define TURN(i) \
	{"altup.in" #i, NULL, "altup_projections." #i ".weight", "width", "width", SEQP_OPT, NULL, NULL, 0}, \
	{"altup.out" #i, NULL, "altup_unembed_projections." #i ".weight", "width", "width", SEQP_OPT, NULL, NULL, 0}
#define NORM_ROW(role, hf) {role ".w", NULL, "layers.%." hf ".weight", "width", NULL, 0, NULL, NULL, 0}

static const seqp_part parts[] = {
	{"embed", NULL, "embed_tokens.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"out_norm.w", NULL, "norm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"head", NULL, "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	TURN(0), TURN(1), TURN(2), TURN(3), TURN(4), TURN(5), TURN(6),
	{"altup.table", NULL, "embed_tokens_per_layer.weight", "altup.ids", "layers*altup.per_layer", 0, NULL, NULL, 0},
	{"altup.project", NULL, "per_layer_model_projection.weight", "layers*altup.per_layer", "width", 0, NULL, NULL, 0},
	{"altup.project_norm.w", NULL, "per_layer_projection_norm.weight", "altup.per_layer", NULL, 0, NULL, NULL, 0},
	{"altup.router", NULL, "layers.%.altup.modality_router.weight", N, "width", SMALL, NULL, NULL, 0},
	NORM_ROW("altup.router_norm", "altup.router_norm"),
	{"altup.predict", NULL, "layers.%.altup.prediction_coefs.weight", N "*" N, N, SMALL, NULL, NULL, 0},
	{"altup.correct", NULL, "layers.%.altup.correction_coefs.weight", N, N, SMALL, NULL, NULL, 0},
	{"altup.gate", NULL, "layers.%.per_layer_input_gate.weight", "altup.per_layer", "width", 0, NULL, NULL, 0},
	{"altup.back", NULL, "layers.%.per_layer_projection.weight", "width", "altup.per_layer", 0, NULL, NULL, 0},
	NORM_ROW("altup.back_norm", "post_per_layer_input_norm"),
	{"laurel.up", NULL, "layers.%.laurel.linear_left.weight", "laurel.rank", "width", 0, NULL, NULL, 0},
	{"laurel.down", NULL, "layers.%.laurel.linear_right.weight", "width", "laurel.rank", 0, NULL, NULL, 0},
	NORM_ROW("laurel_norm", "laurel.post_laurel_norm"),
	NORM_ROW("attn_norm", "input_layernorm"), NORM_ROW("attn_post_norm", "post_attention_layernorm"),
	NORM_ROW("mlp_norm", "pre_feedforward_layernorm"), NORM_ROW("mlp_post_norm", "post_feedforward_layernorm"),
	{0}
};

/* Layers that share have no k and v. */
#define AT "layers.%.self_attn."
static const seqp_part attn[] = {
	{"attn.q", NULL, AT "q_proj.weight", "attn.heads*attn.head_dim", "width", 0, NULL, NULL, 0},
	{"attn.k", NULL, AT "k_proj.weight", "attn.kv_heads*attn.head_dim", "width", SEQP_OPT, NULL, NULL, 0},
	{"attn.v", NULL, AT "v_proj.weight", "attn.kv_heads*attn.head_dim", "width", SEQP_OPT, NULL, NULL, 0},
	{"attn.o", NULL, AT "o_proj.weight", "width", "attn.heads*attn.head_dim", 0, NULL, NULL, 0},
	{"attn.q_norm.w", NULL, AT "q_norm.weight", "attn.head_dim", NULL, 0, NULL, NULL, 0},
	{"attn.k_norm.w", NULL, AT "k_norm.weight", "attn.head_dim", NULL, SEQP_OPT, NULL, NULL, 0},
	{0}
};

static const seqp_part scaled[] = {
	{"altup.scale", NULL, "layers.%.altup.correct_output_scale", "width", NULL, SEQP_OPT, NULL, NULL, 0},
	{0}
};

static bool not_fifth(const seq_model *m, int64_t layer)
{
	(void)m;
	return (layer + 1) % 5 != 0;
}

/* The last layer before those that share, with a window as this one has or without. */
static int share(seq_model *m, seq_error *err)
{
	int64_t own = m->layers - (int64_t)seqp_model_number(m, -1, "attn.shared", 0);
	int e = SEQ_OK;
	for (int64_t l = own < 0 ? 0 : own; l < m->layers && e >= 0; l++) {
		int64_t from = own - 1;
		while (from >= 0 && seqp_model_number(m, from, "attn.window", 0) != seqp_model_number(m, l, "attn.window", 0))
			from--;
		if (from < 0)
			return seqp_fail(err, SEQ_E_FORMAT, "num_kv_shared_layers: layer %lld has none to share with", (long long)l);
		e = seqp_number_set(m, l, "attn.kv_from", (double)from, err);
	}
	return e;
}

static int finish(seq_model *m, seq_error *err)
{
	int e = seqp_gemma_embed_scale(m, err);
	if (e < 0 || (e = seqp_windows(m, seqp_window_size(m), not_fifth, err)) < 0 || (e = seqp_local_rope(m, err)) < 0 ||
	    (e = share(m, err)) < 0 || (e = seqp_number_set(m, -1, "half", sqrt(0.5), err)) < 0)
		return e;
	return seqp_number_set(m, m->layers - 1, "type", 1, err);
}

static const seqp_op in[] = {MLP(X, X, "altup-in", "altup")};

#define LAYER \
	MLP(B, X, "altup-predict", "altup"), NORM(A, B, "rms", "attn_norm"), \
	MLP(C, A, "plain", "laurel"), NORM(C, C, "rms", "laurel_norm"), ADD(C, A, C), \
	MIX(D, A, "softmax", "attn"), NORM(D, D, "rms", "attn_post_norm"), ADD(D, B, D), ADD_SCALED(D, D, C, "half", "half"), \
	NORM(A, D, "rms", "mlp_norm"), MLP(A, A, "gated", "mlp"), NORM(A, A, "rms", "mlp_post_norm"), ADD(D, D, A), \
	CAT(C, D, B), MLP(X, C, "altup-correct", "altup")
static const seqp_op layer[] = {LAYER}, last[] = {LAYER, MLP(X, X, "altup-out", "altup")};
static const seqp_block blocks[] = {{layer, sizeof layer / sizeof *layer}, {last, sizeof last / sizeof *last}};

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const part_lists[] = {parts, scaled, attn, seqp_kit_swiglu, NULL};
static const char *const none[] = {NULL}, *const hf[] = {"gemma3n_text", "gemma3n", NULL};

const seqp_arch seqp_arch_gemma3n = {
	.name = "gemma3n_text", .gguf = none, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .finish = finish, .block = blocks, .blocks = 2, .in = {in, 1},
};
