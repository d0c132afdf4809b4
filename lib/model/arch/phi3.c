/* SPDX-License-Identifier: MIT */
/* llama with q, k, v in one matrix and gate, up in another; longrope has two lists of
 * divisors, as tensors in GGUF, in the configuration otherwise. */
#include "model/arch/rows.h"

static const char *const names[] = {"phi3", NULL};

/* "yarn" was this model's word for longrope for a while. */
static const seqp_word scaling_words[] = {{"default", 0}, {"none", 0}, {"linear", 1}, {"longrope", 5}, {"su", 5}, {"yarn", 5}, {0}};

static const seqp_number numbers[] = {
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"window.size", "%.attention.sliding_window", "sliding_window", 0, 1e15, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"rope.scaling", "%.rope.scaling.type", "rope_parameters.rope_type|rope_parameters.type|rope_scaling.rope_type|rope_scaling.type", 0, 5,
	 SEQP_INT | SEQP_DFLT, 0, NULL, scaling_words},
	{0}
};

#define Q "attn.heads*attn.head_dim"
#define K "attn.kv_heads*attn.head_dim"
#define V "attn.kv_heads*attn.v_head_dim"
#define QKV Q "+" K "+" V

static const seqp_part fused[] = {
	{"attn.q", "blk.%.attn_qkv.weight", "layers.%.self_attn.qkv_proj.weight", Q, "width", 0, "0", QKV, 0},
	{"attn.k", "blk.%.attn_qkv.weight", "layers.%.self_attn.qkv_proj.weight", K, "width", 0, Q, QKV, 0},
	{"attn.v", "blk.%.attn_qkv.weight", "layers.%.self_attn.qkv_proj.weight", V, "width", 0, Q "+" K, QKV, 0},
	{"attn.o", "blk.%.attn_output.weight", "layers.%.self_attn.o_proj.weight", "width", "attn.heads*attn.v_head_dim", 0, NULL, NULL, 0},
	{"mlp.gate", "blk.%.ffn_up.weight", "layers.%.mlp.gate_up_proj.weight", "mlp.ff", "width", 0, "0", "2*mlp.ff", 0},
	{"mlp.up", "blk.%.ffn_up.weight", "layers.%.mlp.gate_up_proj.weight", "mlp.ff", "width", 0, "mlp.ff", "2*mlp.ff", 0},
	{"mlp.down", "blk.%.ffn_down.weight", "layers.%.mlp.down_proj.weight", "width", "mlp.ff", 0, NULL, NULL, 0},
	{"attn.rope_long", "rope_factors_long.weight", NULL, "rope.dim/2", NULL, SEQP_OPT, NULL, NULL, 0},
	{"attn.rope_short", "rope_factors_short.weight", NULL, "rope.dim/2", NULL, SEQP_OPT, NULL, NULL, 0},
	{0}
};

static int factors(seq_model *m, const char *role, const char *keys, seq_error *err)
{
	int64_t n = (int64_t)seqp_model_number(m, -1, "rope.dim", 0) / 2;
	double *x = seqp_arena_alloc(&m->arena, (size_t)n, sizeof *x);
	float *f = seqp_arena_alloc(&m->arena, (size_t)n, sizeof *f);
	if (!x || !f)
		return seqp_nomem(err, (size_t)n * sizeof *f);
	seqp_raw r = seqp_store_get(&m->src, keys);
	if (r.count != (size_t)n || seqp_raw_numbers(&r, x, (size_t)n) != (size_t)n)
		return seqp_fail(err, SEQ_E_FORMAT, "%s: expected a list of %lld numbers", keys, (long long)n);
	for (int64_t i = 0; i < n; i++) {
		f[i] = (float)x[i];
		if (!(f[i] > 0 && f[i] < 1e9f))
			return seqp_fail(err, SEQ_E_FORMAT, "%s: a factor of %g", keys, x[i]);
	}
	seqp_view v = {f, SEQ_F32, 1, n, (size_t)n * sizeof *f};
	return seqp_weight_set(m, -1, role, &v, err);
}

/* A GGUF file with lists means longrope whatever its type says; its factor is as is. */
static int gguf_longrope(seq_model *m, seq_error *err)
{
	if (!seqp_store_tensor(&m->src, "rope_factors_long.weight", NULL))
		return SEQ_OK;
	if (!seqp_store_tensor(&m->src, "rope_factors_short.weight", NULL))
		return seqp_fail(err, SEQ_E_FORMAT, "tensor rope_factors_short.weight is missing");
	int e = seqp_number_set(m, -1, "rope.scaling", 5, err);
	if (e >= 0 && seqp_model_number(m, -1, "rope.attn_factor", 0) == 0)
		e = seqp_number_set(m, -1, "rope.attn_factor", 1, err);
	return e;
}

static int finish(seq_model *m, seq_error *err)
{
	int e = seqp_windows(m, seqp_window_size(m), NULL, err);
	if (e < 0)
		return e;
	if (m->src.format == SEQP_FROM_GGUF)
		return gguf_longrope(m, err);
	if (seqp_model_number(m, -1, "rope.scaling", 0) != 5)
		return SEQ_OK;
	e = factors(m, "attn.rope_long", "rope_parameters.long_factor|rope_scaling.long_factor", err);
	return e < 0 ? e : factors(m, "attn.rope_short", "rope_parameters.short_factor|rope_scaling.short_factor", err);
}

static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const parts[] = {seqp_kit_ends, seqp_kit_prenorm, fused, NULL};

const seqp_arch seqp_arch_phi3 = {
	.name = "phi3", .gguf = names, .hf = names, .prefix = seqp_kit_prefix, .numbers = lists, .parts = parts,
	.skip = seqp_kit_skip, .refuse_gguf = "%.expert_count", .finish = finish, .block = &seqp_block_prenorm, .blocks = 1,
};
