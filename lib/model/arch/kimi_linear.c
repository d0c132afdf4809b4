/* SPDX-License-Identifier: MIT */
/* kimi_linear, bailing_hybrid: x += kda(rms x) or latent attention; x += mlp(rms x), experts in most layers.  kimi_linear
 * has no rope at all; bailing_hybrid's decay is bounded, and its latent attention has a gate for each head. */
#include <math.h>

#include "model/arch/hybrid.h"
#include "model/arch/mla_kit.h"

#define INT SEQP_INT
#define NEED SEQP_NEED
#define DFLT SEQP_DFLT

enum { FULL = 1, SPARSE = 2 };
#define LIN (1 << 0 | 1 << SPARSE)
#define MLA (1 << FULL | 1 << (FULL + SPARSE))
#define DENSE_ONLY (1 << 0 | 1 << FULL)
#define MOE (1 << SPARSE | 1 << (FULL + SPARSE))

static const seqp_word sparse_words[] = {{"dense", 0}, {"sparse", 1}, {0}};
static const seqp_word score_words[] = {{"sigmoid", 2}, {"softmax", 0}, {0}};

#define OLD "linear_attn_config."
static const seqp_number common[] = {
	{"layers", "%.block_count", "num_hidden_layers", 1, 10000, INT | NEED, 0, NULL, NULL},
	{"attn.heads", "%.attention.head_count", "num_attention_heads", 1, 65536, INT | NEED, 0, NULL, NULL},
	{"lin.full", NULL, "layer_types", 0, 1, INT, 0, NULL, seqp_layer_words},
	{"lin.sparse", NULL, "mlp_layer_types", 0, 1, INT, 0, NULL, sparse_words},
	{"lin.heads", "=attn.heads", "linear_num_heads|" OLD "num_heads", 1, 65536, INT | NEED, 0, "attn.heads", NULL},
	{"lin.head_dim", "%.kda.head_dim", "linear_head_dim|" OLD "head_dim", 1, 4096, INT | NEED, 0, NULL, NULL},
	{"lin.conv", "%.ssm.conv_kernel", "linear_conv_kernel_dim|short_conv_kernel_size|" OLD "short_conv_kernel_size", 2, 8, INT | DFLT, 4,
	 NULL, NULL},
	{"lin.qk_norm", "=1", "=1", 0, 1, INT, 0, NULL, NULL},
	{"lin.gate", "=1", "=1", 0, 1, INT, 0, NULL, NULL},
	{"lin.gate.map", "=4", "=4", 0, 4, INT, 0, NULL, NULL},
	{"moe.used", "%.expert_used_count", "num_experts_per_token|num_experts_per_tok", 1, 65536, INT | NEED, 0, NULL, NULL},
	{"moe.shared.count", "%.expert_shared_count", "num_shared_experts", 0, 65536, INT | DFLT, 0, NULL, NULL},
	{"moe.score", "=2", "moe_router_activation_func|score_function", 0, 2, INT | DFLT, 2, NULL, score_words},
	{"moe.groups", "%.expert_group_count", "num_expert_group|n_group", 1, 65536, INT | DFLT, 1, NULL, NULL},
	{"moe.groups_used", "%.expert_group_used_count", "topk_group", 1, 65536, INT | DFLT, 1, NULL, NULL},
	{"moe.norm", "%.expert_weights_norm", "moe_renormalize|norm_topk_prob", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"moe.first", "%.leading_dense_block_count", "first_k_dense_replace", 0, 10000, INT | DFLT, 1, NULL, NULL},
	{0}
};

static const seqp_number kimi[] = {
	{"attn.rope", "=0", "=0", 0, 0, INT, 0, NULL, NULL},
	{"context", "%.context_length", "model_max_length|max_position_embeddings", 0, 1e15, INT, 0, NULL, NULL},
	{"kv", "%.attention.head_count_kv", NULL, 0, 65536, INT, 0, NULL, NULL},
	{0}
};

static const seqp_number bailing[] = {
	{"attn.interleave", NULL, "rope_interleave", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"attn.rope", NULL, "=attn.interleave+1", 0, 2, INT, 0, NULL, NULL},
	{"attn.head_gate", NULL, "=1", 0, 1, INT, 0, NULL, NULL},
	{"lin.safe", NULL, "kda_safe_gate", 0, 1, INT | DFLT, 0, NULL, NULL},
	{"lin.g.map", NULL, "=6+lin.safe", 0, 7, INT, 0, NULL, NULL},
	{"lin.g.factor", NULL, "kda_lower_bound", -1e6, 0, DFLT, -5, NULL, NULL},
	{"lin.period", NULL, "layer_group_size", 1, 10000, INT | DFLT, 1, NULL, NULL},
	{0}
};

#define KEYS "lin.heads*lin.head_dim"
#define KIMI "layers.%.self_attn."
#define BAILING "layers.%.attention."
#define TWO(role, gguf, hf, rows, cols, how) {role, gguf, hf, rows, cols, how, NULL, NULL, LIN}
/* What both have, below a name; out: that of the output. */
#define KDA(at, out) \
	TWO("lin.q", "blk.%.attn_q.weight", at "q_proj.weight", KEYS, "width", 0), \
	TWO("lin.k", "blk.%.attn_k.weight", at "k_proj.weight", KEYS, "width", 0), \
	TWO("lin.v", "blk.%.attn_v.weight", at "v_proj.weight", KEYS, "width", 0), \
	TWO("lin.q.conv.w", "blk.%.ssm_conv1d_q.weight", at "q_conv1d.weight", KEYS, "lin.conv", SEQP_SMALL), \
	TWO("lin.k.conv.w", "blk.%.ssm_conv1d_k.weight", at "k_conv1d.weight", KEYS, "lin.conv", SEQP_SMALL), \
	TWO("lin.v.conv.w", "blk.%.ssm_conv1d_v.weight", at "v_conv1d.weight", KEYS, "lin.conv", SEQP_SMALL), \
	TWO("lin.beta", "blk.%.ssm_beta.weight", at "b_proj.weight", "lin.heads", "width", 0), \
	TWO("lin.g.b", "blk.%.ssm_dt.bias", at "dt_bias", KEYS, NULL, 0), \
	TWO("lin.A", "blk.%.ssm_a", at "A_log", "lin.heads", NULL, SEQP_HF_NEGEXP), \
	TWO("lin.norm.w", "blk.%.ssm_norm.weight", at "o_norm.weight", "lin.head_dim", NULL, 0), \
	TWO("lin.o", "blk.%.attn_output.weight", at out ".weight", "width", KEYS, 0)

static const seqp_part kimi_parts[] = {
	MLA_PARTS(MLA, KIMI), KDA(KIMI, "o_proj"),
	TWO("lin.g.0", "blk.%.ssm_f_a.weight", KIMI "f_a_proj.weight", "lin.head_dim", "width", 0),
	TWO("lin.g", "blk.%.ssm_f_b.weight", KIMI "f_b_proj.weight", KEYS, "lin.head_dim", 0),
	TWO("lin.gate.0", "blk.%.ssm_g_a.weight", KIMI "g_a_proj.weight", "lin.head_dim", "width", 0),
	TWO("lin.gate", "blk.%.ssm_g_b.weight", KIMI "g_b_proj.weight", KEYS, "lin.head_dim", 0),
	{"mlp.gate", NULL, "layers.%.block_sparse_moe.gate_proj.weight", "mlp.ff", "width", SEQP_OPT, NULL, NULL, DENSE_ONLY},
	{"mlp.up", NULL, "layers.%.block_sparse_moe.up_proj.weight", "mlp.ff", "width", SEQP_OPT, NULL, NULL, DENSE_ONLY},
	{"mlp.down", NULL, "layers.%.block_sparse_moe.down_proj.weight", "width", "mlp.ff", SEQP_OPT, NULL, NULL, DENSE_ONLY},
	DENSE(DENSE_ONLY), EXPERTS_GGUF(MOE),
	ROUTER(MOE, "layers.%.block_sparse_moe.gate"), ROUTER_BIAS(MOE, "layers.%.block_sparse_moe.gate.e_score_correction_bias"),
	EXPERTS_EACH(MOE, "layers.%.block_sparse_moe.experts", "w1", "w3", "w2"),
	SHARED_EXPERT(MOE, "layers.%.block_sparse_moe.shared_experts"),
	{0}
};

static const seqp_part bailing_parts[] = {
	{"embed", NULL, "word_embeddings.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"attn.o", NULL, BAILING "dense.weight", "width", "attn.heads*attn.v_head_dim", 0, NULL, NULL, MLA},
	{"attn.head_gate", NULL, BAILING "g_proj.weight", "attn.heads", "width", 0, NULL, NULL, MLA},
	MLA_PARTS(MLA, BAILING), KDA(BAILING, "dense"),
	TWO("lin.g", NULL, BAILING "f_proj.weight", KEYS, "width", 0), TWO("lin.gate", NULL, BAILING "g_proj.weight", KEYS, "width", 0),
	DENSE(DENSE_ONLY),
	ROUTER(MOE, "layers.%.mlp.gate"), ROUTER_BIAS(MOE, "layers.%.mlp.gate.expert_bias"),
	EXPERTS_EACH(MOE, "layers.%.mlp.experts", "gate_proj", "up_proj", "down_proj"),
	SHARED_EXPERT(MOE, "layers.%.mlp.shared_experts"),
	{0}
};

/* Older files list the layers of full attention, counting from 1. */
static int listed(seq_model *m, seq_error *err)
{
	seqp_raw r = seqp_store_get(&m->src, m->src.format == SEQP_FROM_HF ? OLD "full_attn_layers" : NULL);
	double *x = seqp_arena_alloc(&m->arena, r.count + 1, sizeof *x);
	if (!x)
		return seqp_nomem(err, r.count * sizeof *x);
	size_t n = r.kind == SEQP_LIST ? seqp_raw_numbers(&r, x, r.count) : 0;
	int e = SEQ_OK;
	for (size_t i = 0; i < n && e >= 0; i++)
		e = x[i] >= 1 && x[i] <= (double)m->layers && x[i] == floor(x[i])
			    ? seqp_number_set(m, (int64_t)x[i] - 1, "lin.full", 1, err)
			    : seqp_fail(err, SEQ_E_FORMAT, "full_attn_layers names layer %g of %lld", x[i], (long long)m->layers);
	return e;
}

static int types(seq_model *m, seq_error *err)
{
	int64_t period = (int64_t)seqp_model_number(m, -1, "lin.period", 0), first = (int64_t)seqp_model_number(m, -1, "moe.first", 0);
	int e = listed(m, err);
	if (e < 0 || (e = seqp_mla_numbers(m, err)) < 0)
		return e;
	for (int64_t i = 0; i < m->layers && e >= 0; i++) {
		bool gguf = m->src.format == SEQP_FROM_GGUF, by_period = period && (i + 1) % period == 0;
		double full = seqp_model_number(m, i, "lin.full", gguf ? seqp_model_number(m, i, "kv", 0) != 0 : by_period);
		e = seqp_number_set(m, i, "type", full * FULL + seqp_model_number(m, i, "lin.sparse", i >= first) * SPARSE, err);
	}
	return e;
}

#define BLOCK(mixer, mixer_role, mlp, mlp_role) { \
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, mixer, mixer_role), ADD(X, X, B), \
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, mlp, mlp_role), ADD(X, X, B)}
static const seqp_op lin_dense[] = BLOCK("kda", "lin", "gated", "mlp"), full_dense[] = BLOCK("mla", "attn", "gated", "mlp");
static const seqp_op lin_moe[] = BLOCK("kda", "lin", "moe", "moe"), full_moe[] = BLOCK("mla", "attn", "moe", "moe");
static const seqp_block blocks[] = {{lin_dense, 6}, {full_dense, 6}, {lin_moe, 6}, {full_moe, 6}};

#define KIT seqp_kit_mla, seqp_kit_sigmoid, seqp_kit_moe, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL
static const seqp_number *const kimi_lists[] = {common, kimi, KIT}, *const bailing_lists[] = {common, bailing, KIT};
static const seqp_part *const kimi_part_lists[] = {seqp_kit_ends, seqp_kit_prenorm, kimi_parts, NULL};
static const seqp_part *const bailing_part_lists[] = {bailing_parts, seqp_kit_ends, seqp_kit_prenorm, NULL};
static const char *const none[] = {NULL}, *const kimi_gguf[] = {"kimi-linear", NULL}, *const kimi_hf[] = {"kimi_linear", NULL};
static const char *const bailing_hf[] = {"bailing_hybrid", NULL};

const seqp_arch seqp_arch_kimi_linear = {
	.name = "kimi_linear", .gguf = kimi_gguf, .hf = kimi_hf, .prefix = seqp_kit_prefix, .numbers = kimi_lists,
	.parts = kimi_part_lists, .skip = seqp_kit_skip, .finish = types, .block = blocks, .blocks = 4,
};

const seqp_arch seqp_arch_bailing_hybrid = {
	.name = "bailing_hybrid", .gguf = none, .hf = bailing_hf, .prefix = seqp_kit_prefix, .numbers = bailing_lists,
	.parts = bailing_part_lists, .skip = seqp_kit_skip, .finish = types, .block = blocks, .blocks = 4,
};
