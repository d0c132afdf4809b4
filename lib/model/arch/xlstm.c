/* SPDX-License-Identifier: MIT */
/* xLSTM: x += mlstm(rms x); x += swiglu(rms x).  Weights are stored one by one, or "fused": q, k, v and the output gate
 * in one matrix, both gates of the recurrence in one, gate and up of the MLP in one. */
#include <math.h>

#include "model/arch/rows.h"

#define INT SEQP_INT
#define DFLT SEQP_DFLT

static const seqp_number numbers[] = {
	{"layers", NULL, "num_hidden_layers|num_blocks", 1, 10000, INT | DFLT, 32, NULL, NULL},
	{"width", NULL, "hidden_size|embedding_dim", 1, 1 << 20, INT | DFLT, 4096, NULL, NULL},
	{"norm_eps", NULL, "norm_eps", 0, 1, DFLT, 1e-6, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, INT | DFLT, 0, NULL, NULL},
	{"logit_cap", NULL, "output_logit_soft_cap", 0, 1e9, DFLT, 30, NULL, NULL},
	{"attn.heads", NULL, "num_heads", 1, 65536, INT | DFLT, 8, NULL, NULL},
	{"attn.qk", NULL, "qk_dim_factor", 1e-6, 64, DFLT, 0.5, NULL, NULL},
	{"attn.vo", NULL, "v_dim_factor", 1e-6, 64, DFLT, 1, NULL, NULL},
	{"attn.eps", NULL, "eps", 0, 1, DFLT, 1e-6, NULL, NULL},
	{"attn.i.factor", NULL, "gate_soft_cap", 1e-6, 1e9, DFLT, 15, NULL, NULL},
	{"attn.f.factor", NULL, "gate_soft_cap", 1e-6, 1e9, DFLT, 15, NULL, NULL},
	{"attn.gate", NULL, "=1", 0, 1, INT, 0, NULL, NULL},
	{"attn.gate.map", NULL, "=4", 0, 4, INT, 0, NULL, NULL},
	{"attn.norm_mean", NULL, "=1", 0, 1, INT, 0, NULL, NULL},
	{"mlp.factor", NULL, "ffn_proj_factor", 1e-6, 1e3, DFLT, 2.667, NULL, NULL},
	{"mlp.multiple", NULL, "ffn_round_up_to_multiple_of", 1, 1 << 20, INT | DFLT, 64, NULL, NULL},
	{0}
};

#define M "blocks.%.mlstm_layer."
#define F "blocks.%.ffn."
#define ONE(role, name, rows, cols, how) {role, NULL, name, rows, cols, how, NULL, NULL, 0}
#define PART(role, name, rows, cols, how, first, whole) {role, NULL, name, rows, cols, how, first, whole, 0}
#define QK "attn.qk_cols"
#define VO "attn.v_cols"
#define ALL "2*attn.qk_cols+2*attn.v_cols"
/* A matrix and its bias: alone under one name, or rows of another. */
#define ROLE(role, own, fused, rows, first, whole, bias) \
	ONE(role, M own ".weight", rows, "width", SEQP_OPT), PART(role, M fused ".weight", rows, "width", 0, first, whole), \
	ONE(role ".b", M own ".bias", rows, NULL, SEQP_OPT), PART(role ".b", M fused ".bias", rows, NULL, bias, first, whole)

static const seqp_part parts[] = {
	ONE("embed", "embeddings.weight", "vocab", "width", 0), ONE("out_norm.w", "out_norm.weight", "width", NULL, 0),
	ONE("head", "/lm_head.weight", "vocab", "width", SEQP_OPT),
	ONE("attn_norm.w", "blocks.%.norm_mlstm.weight", "width", NULL, 0), ONE("mlp_norm.w", "blocks.%.norm_ffn.weight", "width", NULL, 0),
	ROLE("attn.q", "q", "qkv_opreact", QK, "0", ALL, SEQP_OPT), ROLE("attn.k", "k", "qkv_opreact", QK, QK, ALL, SEQP_OPT),
	ROLE("attn.v", "v", "qkv_opreact", VO, "2*" QK, ALL, SEQP_OPT),
	ROLE("attn.gate", "ogate_preact", "qkv_opreact", VO, "2*" QK "+" VO, ALL, SEQP_OPT),
	ROLE("attn.i", "igate_preact", "ifgate_preact", "attn.heads", "0", "2*attn.heads", 0),
	ROLE("attn.f", "fgate_preact", "ifgate_preact", "attn.heads", "attn.heads", "2*attn.heads", 0),
	ONE("attn.norm.w", M "multihead_norm.weight", VO, NULL, 0),
	ONE("attn.o", M "out_proj.weight", "width", VO, 0), ONE("attn.o.b", M "out_proj.bias", "width", NULL, SEQP_OPT),
	ONE("mlp.gate", F "proj_up_gate.weight", "mlp.ff", "width", SEQP_OPT), ONE("mlp.up", F "proj_up.weight", "mlp.ff", "width", SEQP_OPT),
	PART("mlp.gate", F "proj_up_gate_z.weight", "mlp.ff", "width", 0, "0", "2*mlp.ff"),
	PART("mlp.up", F "proj_up_gate_z.weight", "mlp.ff", "width", 0, "mlp.ff", "2*mlp.ff"),
	ONE("mlp.gate.b", F "proj_up_gate.bias", "mlp.ff", NULL, SEQP_OPT), ONE("mlp.up.b", F "proj_up.bias", "mlp.ff", NULL, SEQP_OPT),
	PART("mlp.gate.b", F "proj_up_gate_z.bias", "mlp.ff", NULL, SEQP_OPT, "0", "2*mlp.ff"),
	PART("mlp.up.b", F "proj_up_gate_z.bias", "mlp.ff", NULL, SEQP_OPT, "mlp.ff", "2*mlp.ff"),
	ONE("mlp.down", F "proj_down.weight", "width", "mlp.ff", 0), ONE("mlp.down.b", F "proj_down.bias", "width", NULL, SEQP_OPT),
	{0}
};

static double get(const seq_model *m, const char *key)
{
	return seqp_model_number(m, -1, key, 1);
}

static int finish(seq_model *m, seq_error *err)
{
	double H = get(m, "attn.heads"), width = (double)m->width, step = get(m, "mlp.multiple");
	double qk = floor(width * get(m, "attn.qk")), v = floor(width * get(m, "attn.vo"));
	double ff = floor((width * get(m, "mlp.factor") + step - 1) / step) * step;
	int e;
	if (qk < H || v < H || fmod(qk, H) != 0 || fmod(v, H) != 0)
		return seqp_fail(err, SEQ_E_FORMAT, "xlstm: %g heads do not divide %g and %g columns", H, qk, v);
	if ((e = seqp_number_set(m, -1, QK, qk, err)) < 0 || (e = seqp_number_set(m, -1, VO, v, err)) < 0 ||
	    (e = seqp_number_set(m, -1, "attn.head_dim", qk / H, err)) < 0 ||
	    (e = seqp_number_set(m, -1, "attn.v_head_dim", v / H, err)) < 0)
		return e;
	return seqp_number_set(m, -1, "mlp.ff", ff, err);
}

static const seqp_op block[] = {
	NORM(A, X, "rms", "attn_norm"),
	MIX(B, A, "mlstm", "attn"),
	ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"),
	MLP(B, A, "gated", "mlp"),
	ADD(X, X, B),
};
static const seqp_block blocks[] = {{block, sizeof block / sizeof *block}};

static const char *const none[] = {NULL}, *const names[] = {"xlstm", NULL}, *const prefix[] = {"backbone.", "", NULL};
static const seqp_number *const lists[] = {numbers, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_xlstm = {
	.name = "xlstm", .gguf = none, .hf = names, .prefix = prefix, .numbers = lists, .parts = part_lists, .finish = finish,
	.block = blocks, .blocks = 1,
};
