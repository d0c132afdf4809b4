/* SPDX-License-Identifier: MIT */
/* minimax: the residual is taken behind the norm.  h = rms x, x = alpha h + beta f(h), f being Lightning attention or
 * softmax attention, then experts.  The decay of head h in layer i of L is e^-s, s = 2^(-8 (h + 1) / heads) (1 - i / (L - 1) + 1e-5). */
#include "model/arch/moe_kit.h"

#include "model/arch/hybrid.h"

#define INT SEQP_INT
#define DFLT SEQP_DFLT

static const seqp_number numbers[] = {
	{"layers", NULL, "num_hidden_layers", 1, 10000, INT | SEQP_NEED, 0, NULL, NULL},
	{"norm_eps", NULL, "rms_norm_eps", 0, 1, DFLT, 1e-5, NULL, NULL},
	{"rope.theta", NULL, "rope_parameters.rope_theta|rope_theta", 1e-3, 1e15, DFLT, 1e6, NULL, NULL},
	{"window.size", NULL, "sliding_window", 0, 1e15, INT | DFLT | SEQP_NULL_ZERO, 0, NULL, NULL},
	{"lin.full", NULL, "layer_types|attn_type_list", 0, 1, INT, 0, NULL, seqp_layer_words},
	{"lin.alpha", NULL, "linear_attn_alpha_factor|layernorm_linear_attention_alpha", 0, 1e6, DFLT, 1, NULL, NULL},
	{"lin.beta", NULL, "linear_attn_beta_factor|layernorm_linear_attention_beta", 0, 1e6, DFLT, 1, NULL, NULL},
	{"full.alpha", NULL, "full_attn_alpha_factor|layernorm_full_attention_alpha", 0, 1e6, DFLT, 1, NULL, NULL},
	{"full.beta", NULL, "full_attn_beta_factor|layernorm_full_attention_beta", 0, 1e6, DFLT, 1, NULL, NULL},
	{"mlp.alpha", NULL, "mlp_alpha_factor|layernorm_mlp_alpha", 0, 1e6, DFLT, 1, NULL, NULL},
	{"mlp.beta", NULL, "mlp_beta_factor|layernorm_mlp_beta", 0, 1e6, DFLT, 1, NULL, NULL},
	{"moe.norm", NULL, "=1", 0, 1, INT, 0, NULL, NULL},
	{0}
};

static const seqp_number lin[] = {
	{"lin.heads", NULL, "=attn.heads", 1, 65536, INT, 0, NULL, NULL}, {"lin.groups", NULL, "=attn.heads", 1, 65536, INT, 0, NULL, NULL},
	{"lin.head_dim", NULL, "=attn.head_dim", 1, 4096, INT, 0, NULL, NULL},
	{"lin.slopes", NULL, "=1", 0, 1, INT, 0, NULL, NULL}, {"lin.scale", NULL, "=1", 0, 1, 0, 0, NULL, NULL},
	{"lin.gate", NULL, "=1", 0, 1, INT, 0, NULL, NULL}, {"lin.gate.map", NULL, "=4", 0, 4, INT, 0, NULL, NULL},
	{"lin.norm", NULL, "=1", 0, 1, INT, 0, NULL, NULL}, {"lin.norm_eps", NULL, NULL, 0, 1, DFLT, 1e-6, NULL, NULL},
	{0}
};

#define L "layers.%."
#define LIN 1
#define FULL 2
#define WIDE "attn.heads*attn.head_dim"
#define QKV(role, first) {role, NULL, L "self_attn.qkv_proj.weight", WIDE, "width", SEQP_GROUPS, first, "3*" WIDE, LIN}
#define ONE(role, hf, rows, cols, types) {role, NULL, L hf, rows, cols, 0, NULL, NULL, types}
static const seqp_part parts[] = {
	QKV("lin.q", "0"), QKV("lin.k", "attn.head_dim"), QKV("lin.v", "2*attn.head_dim"),
	ONE("lin.gate", "self_attn.output_gate.weight", WIDE, "width", LIN), ONE("lin.norm.w", "self_attn.norm.weight", WIDE, NULL, LIN),
	ONE("lin.o", "self_attn.out_proj.weight", "width", WIDE, LIN),
	ONE("attn.q", "self_attn.q_proj.weight", WIDE, "width", FULL),
	ONE("attn.k", "self_attn.k_proj.weight", "attn.kv_heads*attn.head_dim", "width", FULL),
	ONE("attn.v", "self_attn.v_proj.weight", "attn.kv_heads*attn.v_head_dim", "width", FULL),
	ONE("attn.o", "self_attn.o_proj.weight", "width", "attn.heads*attn.v_head_dim", FULL),
	ROUTER(0, L "block_sparse_moe.gate"), EXPERTS_EACH(0, L "block_sparse_moe.experts", "w1", "w3", "w2"),
	EXPERTS_FUSED(0, L "mlp.experts.gate_up_proj", L "mlp.experts.down_proj"),
	{0}
};

static int of_layer(seq_model *m, int64_t i, seq_error *err)
{
	bool full = seqp_model_number(m, i, "lin.full", i % 2 == 0) != 0;
	double scale = 1 - (double)i / ((double)(m->layers - 1) + 1e-5) + 1e-5;
	int e;
	if ((e = seqp_number_set(m, i, "type", full, err)) < 0 || (e = seqp_number_set(m, i, "lin.slope_scale", scale, err)) < 0 ||
	    (e = seqp_number_set(m, i, "mix.alpha", seqp_model_number(m, -1, full ? "full.alpha" : "lin.alpha", 1), err)) < 0)
		return e;
	return seqp_number_set(m, i, "mix.beta", seqp_model_number(m, -1, full ? "full.beta" : "lin.beta", 1), err);
}

static int finish(seq_model *m, seq_error *err)
{
	static const char *const maps[] = {"lin.q.map", "lin.k.map", "lin.v.map"};
	int e = seqp_windows(m, seqp_window_size(m), NULL, err);
	for (int64_t i = 0; i < m->layers && e >= 0; i++)
		e = of_layer(m, i, err);
	for (size_t i = 0; i < sizeof maps / sizeof *maps && e >= 0; i++)
		e = seqp_number_set(m, -1, maps[i], 1, err); /* silu */
	return e;
}

#define BLOCK(mixer, role) { \
	NORM(X, X, "rms", "attn_norm"), MIX(B, X, mixer, role), ADD_SCALED(X, X, B, "mix.alpha", "mix.beta"), \
	NORM(X, X, "rms", "mlp_norm"), MLP(B, X, "moe", "moe"), ADD_SCALED(X, X, B, "mlp.alpha", "mlp.beta")}
static const seqp_op lightning[] = BLOCK("retention", "lin"), full[] = BLOCK("softmax", "attn");
static const seqp_block blocks[] = {{lightning, 6}, {full, 6}};

static const char *const none[] = {NULL}, *const names[] = {"minimax", NULL};
/* They follow from the number of heads. */
static const char *const skip[] = {"slope_rate", "query_decay", "key_decay", "diagonal_decay", "rotary_emb.inv_freq", NULL};
static const seqp_number *const lists[] = {numbers, seqp_kit_moe, seqp_kit_model, seqp_kit_attn, lin, seqp_kit_rope, NULL};
static const seqp_part *const part_lists[] = {seqp_kit_ends, seqp_kit_prenorm, parts, NULL};

const seqp_arch seqp_arch_minimax = {
	.name = "minimax", .gguf = none, .hf = names, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = skip, .finish = finish, .block = blocks, .blocks = 2,
};
