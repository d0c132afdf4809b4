/* SPDX-License-Identifier: MIT */
/* granite's frame with its four factors: x += r * (mamba2 or attention)(rms x), by layer;  x += r * mlp(rms x), a gated MLP alone or
 * beside experts.  Rope only where the configuration asks for it. */
#include "model/arch/hybrid.h"
#include "model/arch/moe_kit.h"

enum { IS_ATTN = 1, HAS_EXPERTS = 2 }; /* a type is their sum */
enum { MAMBA = 1 << 0 | 1 << 2, ATTN = 1 << 1 | 1 << 3, DENSE_LAYERS = 1 << 0 | 1 << 1, EXPERTS = 1 << 2 | 1 << 3 };

static const char *const gguf[] = {"granitehybrid", NULL}, *const hf[] = {"granitemoehybrid", NULL};

static const seqp_word rope_words[] = {{"rope", 1}, {"nope", 0}, {0}};

static const seqp_number numbers[] = {
	{"attn.rope", "=2", "=1", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"rope.on", "%.rope.scaling.finetuned", "position_embedding_type", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, rope_words},
	{"embed_scale", "%.embedding_scale", "embedding_multiplier", 1e-9, 1e9, SEQP_DFLT, 1, NULL, NULL},
	{"branch", "%.residual_scale", "residual_multiplier", 1e-9, 1e9, SEQP_DFLT, 1, NULL, NULL},
	{"attn.scale", "%.attention.scale", "attention_multiplier", 0, 1e9, 0, 0, "0|1", NULL},
	{"logit_divisor", "%.logit_scale", "logits_scaling", 1e-9, 1e9, SEQP_DFLT, 1, NULL, NULL},
	{"moe.experts", "%.expert_count", "num_local_experts", 0, 65536, SEQP_INT, 0, "0|8", NULL},
	{"moe.used", "%.expert_used_count", "num_experts_per_tok", 0, 65536, SEQP_INT, 0, "0|2", NULL},
	{"moe.score", "=1", "=1", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"moe.shared.ff", "%.expert_shared_feed_forward_length", "shared_intermediate_size", 0, 1 << 24, SEQP_INT, 0, "0|1024", NULL},
	{"mlp.ff", "%.feed_forward_length", "shared_intermediate_size", 1, 1 << 24, SEQP_INT, 0, "0|1024", NULL},
	{0}
};

static const seqp_number types[] = {
	{"type", NULL, "layer_types|layers_block_type", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, seqp_layer_words},
	{0}
};

#define S "layers.%.shared_mlp."
#define HALVES(role, n, at, types) \
	{role ".gate", NULL, at "input_linear.weight", n, "width", 0, "0", "2*" n, types}, \
	{role ".up", NULL, at "input_linear.weight", n, "width", 0, n, "2*" n, types}, \
	{role ".down", NULL, at "output_linear.weight", "width", n, 0, NULL, NULL, types}

static const seqp_part parts[] = {
	SSD_PARTS("layers.%.mamba.", MAMBA),
	SSD_NORM("layers.%.mamba.", MAMBA),
	QKVO_PARTS("layers.%.self_attn.", "o_proj", ATTN),
	{"mlp.gate", "blk.%.ffn_gate.weight", NULL, "mlp.ff", "width", 0, NULL, NULL, DENSE_LAYERS},
	{"mlp.up", "blk.%.ffn_up.weight", NULL, "mlp.ff", "width", 0, NULL, NULL, DENSE_LAYERS},
	{"mlp.down", "blk.%.ffn_down.weight", NULL, "width", "mlp.ff", 0, NULL, NULL, DENSE_LAYERS},
	HALVES("mlp", "mlp.ff", S, DENSE_LAYERS),
	EXPERTS_GGUF(EXPERTS),
	ROUTER(EXPERTS, "layers.%.block_sparse_moe.router.layer"),
	EXPERTS_FUSED(EXPERTS, "layers.%.block_sparse_moe.input_linear.weight", "layers.%.block_sparse_moe.output_linear.weight"),
	HALVES("moe.shared", "moe.shared.ff", S, EXPERTS),
	{0}
};

/* Experts are in all layers or in none. */
static int hf_types(seq_model *m, seq_error *err)
{
	double experts = seqp_model_number(m, -1, "moe.experts", 0) > 0 ? HAS_EXPERTS : 0;
	int e = SEQ_OK;
	for (int64_t i = 0; i < m->layers && e >= 0; i++)
		e = seqp_number_set(m, i, "type", seqp_model_number(m, i, "type", 0) + experts, err);
	return e < 0 ? e : seqp_only_in(m, "attn.kv_heads", ATTN, err);
}

static int finish(seq_model *m, seq_error *err)
{
	int e = m->src.format == SEQP_FROM_HF ? hf_types(m, err) : seqp_types_by_tensors(m, IS_ATTN, HAS_EXPERTS, err);
	if (e < 0 || (e = seqp_number_set(m, -1, "logit_scale", 1 / seqp_model_number(m, -1, "logit_divisor", 1), err)) < 0)
		return e;
	if (seqp_model_number(m, -1, "rope.on", 0) == 0)
		e = seqp_number_set(m, -1, "attn.rope", 0, err);
	else if (m->src.format == SEQP_FROM_GGUF &&
		 seqp_model_number(m, -1, "rope.dim", 0) != seqp_model_number(m, -1, "attn.head_dim", 0))
		/* bamba's files: which rows a partial rope was permuted with differs between writers and readers */
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "granitehybrid with rope over a part of each head");
	return e < 0 ? e : seqp_ssd_fit(m, err);
}

#define LAYER(name, mixer, role, mlp, mrole) static const seqp_op name[] = { \
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, mixer, role), ADD_SCALED(X, X, B, NULL, "branch"), \
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, mlp, mrole), ADD_SCALED(X, X, B, NULL, "branch")}
LAYER(mamba, "mamba2", "ssm", "gated", "mlp");
LAYER(attn, "softmax", "attn", "gated", "mlp");
LAYER(mamba_experts, "mamba2", "ssm", "moe", "moe");
LAYER(attn_experts, "softmax", "attn", "moe", "moe");
static const seqp_block blocks[] = {{mamba, 6}, {attn, 6}, {mamba_experts, 6}, {attn_experts, 6}};

static const seqp_number *const lists[] = {numbers, seqp_kit_model, types, seqp_kit_ssd, seqp_kit_kv_by_layer, seqp_kit_attn,
					   seqp_kit_rope, seqp_kit_gated, seqp_kit_moe, NULL};
static const seqp_part *const part_lists[] = {parts, seqp_kit_ends, seqp_kit_prenorm, NULL};

const seqp_arch seqp_arch_granitemoehybrid = {
	.name = "granitemoehybrid", .gguf = gguf, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .finish = finish, .block = blocks, .blocks = 4,
};
