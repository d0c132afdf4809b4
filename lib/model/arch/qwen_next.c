/* SPDX-License-Identifier: MIT */
/* qwen3_next, qwen3_5: x += gdn(rms1 x) or gated attention; x += mlp(rms1 x), an MLP or experts and a shared one.  Hugging
 * Face stores all norms less one but that of the gated delta net.  qwen3_next has its projections by key head, in GGUF
 * only the two gates; qwen3_5 has them apart, and in GGUF value heads tiled: j belongs to key head j mod their number. */
#include "model/arch/gdn_kit.h"

#define INT SEQP_INT
#define DFLT SEQP_DFLT

static const seqp_number common[] = {
	{"attn.gated", "=1", "=1", 0, 2, INT, 0, NULL, NULL},
	{"attn.qk_norm", "=1", "=1", 0, 2, INT, 0, NULL, NULL},
	{"rope.part", NULL, "rope_parameters.partial_rotary_factor|rope_scaling.partial_rotary_factor|partial_rotary_factor", 0, 1, DFLT, 0.25,
	 NULL, NULL},
	{"mlp.ff", "%.feed_forward_length", "intermediate_size", 1, 1 << 24, INT, 0, NULL, NULL},
	{0}
};
static const seqp_number next[] = {{"moe.norm", "=1", "norm_topk_prob", 0, 1, INT | DFLT, 1, NULL, NULL}, {0}};
static const seqp_number five[] = {
	{"moe.norm", "=1", "=1", 0, 1, INT, 0, NULL, NULL},
	{"lin.tiled", "=1", "=0", 0, 1, INT, 0, NULL, NULL},
	{0}
};

#define L "layers.%."
#define N "layers.%.linear_attn."
#define NORM1(role, gguf, hf, n, types) {role, gguf, hf, n, NULL, SEQP_HF_PLUS1, NULL, NULL, types}
static const seqp_part frame[] = {
	{"embed", "token_embd.weight", "embed_tokens.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	NORM1("out_norm.w", "output_norm.weight", "norm.weight", "width", 0),
	NORM1("attn_norm.w", "blk.%.attn_norm.weight", L "input_layernorm.weight", "width", 0),
	NORM1("mlp_norm.w", "blk.%.post_attention_norm.weight", L "post_attention_layernorm.weight", "width", 0),
	{"attn.q", "blk.%.attn_q.weight", L "self_attn.q_proj.weight", "2*attn.heads*attn.head_dim", "width", 0, NULL, NULL, GDN_FULL},
	{"attn.k", "blk.%.attn_k.weight", L "self_attn.k_proj.weight", "attn.kv_heads*attn.head_dim", "width", 0, NULL, NULL, GDN_FULL},
	{"attn.v", "blk.%.attn_v.weight", L "self_attn.v_proj.weight", "attn.kv_heads*attn.v_head_dim", "width", 0, NULL, NULL, GDN_FULL},
	{"attn.o", "blk.%.attn_output.weight", L "self_attn.o_proj.weight", "width", "attn.heads*attn.v_head_dim", 0, NULL, NULL, GDN_FULL},
	{"attn.q.b", NULL, L "self_attn.q_proj.bias", "2*attn.heads*attn.head_dim", NULL, SEQP_OPT, NULL, NULL, GDN_FULL},
	{"attn.k.b", NULL, L "self_attn.k_proj.bias", "attn.kv_heads*attn.head_dim", NULL, SEQP_OPT, NULL, NULL, GDN_FULL},
	{"attn.v.b", NULL, L "self_attn.v_proj.bias", "attn.kv_heads*attn.v_head_dim", NULL, SEQP_OPT, NULL, NULL, GDN_FULL},
	{"attn.o.b", NULL, L "self_attn.o_proj.bias", "width", NULL, SEQP_OPT, NULL, NULL, GDN_FULL},
	NORM1("attn.q_norm.w", "blk.%.attn_q_norm.weight", L "self_attn.q_norm.weight", "attn.head_dim", GDN_FULL),
	NORM1("attn.k_norm.w", "blk.%.attn_k_norm.weight", L "self_attn.k_norm.weight", "attn.head_dim", GDN_FULL),
	{0}
};

#define ALL "2*" GDN_QK "+" GDN_V
#define QKV(role, rows, first) {role, "blk.%.attn_qkv.weight", N "in_proj_qkv.weight", rows, "width", 0, first, ALL, GDN_LIN}
#define CONV(role, rows, first) \
	{role, "blk.%.ssm_conv1d.weight", N "conv1d.weight", rows, "lin.conv", SEQP_SMALL, first, ALL, GDN_LIN}
static const seqp_part lin[] = {
	CONV("lin.q.conv.w", GDN_QK, "0"), CONV("lin.k.conv.w", GDN_QK, GDN_QK), CONV("lin.v.conv.w", GDN_V, "2*" GDN_QK),
	{"lin.g.b", "blk.%.ssm_dt.bias", N "dt_bias", "lin.heads", NULL, 0, NULL, NULL, GDN_LIN},
	{"lin.A", "blk.%.ssm_a", N "A_log", "lin.heads", NULL, SEQP_HF_NEGEXP, NULL, NULL, GDN_LIN},
	{"lin.norm.w", "blk.%.ssm_norm.weight", N "norm.weight", "lin.v_head_dim", NULL, 0, NULL, NULL, GDN_LIN},
	{"lin.o", "blk.%.ssm_out.weight", N "out_proj.weight", "width", GDN_V, 0, NULL, NULL, GDN_LIN},
	{0}
};

/* q, k, v, gate of a key head, then those of the next; the same for beta and the decay. */
#define QKVZ(role, rows, first) \
	{role, NULL, N "in_proj_qkvz.weight", rows, "width", SEQP_GROUPS, first, ALL "+" GDN_V, GDN_LIN}
#define BA(role, first) {role, "blk.%.ssm_ba.weight", N "in_proj_ba.weight", "lin.heads", "width", SEQP_GROUPS, first, "2*lin.heads", GDN_LIN}
#define QKV_GGUF(role, rows, first) {role, "blk.%.attn_qkv.weight", NULL, rows, "width", 0, first, ALL, GDN_LIN}
static const seqp_part by_key_head[] = {
	QKV_GGUF("lin.q", GDN_QK, "0"), QKV_GGUF("lin.k", GDN_QK, GDN_QK), QKV_GGUF("lin.v", GDN_V, "2*" GDN_QK),
	{"lin.gate", "blk.%.attn_gate.weight", NULL, GDN_V, "width", 0, NULL, NULL, GDN_LIN},
	QKVZ("lin.q", GDN_QK, "0"), QKVZ("lin.k", GDN_QK, "lin.head_dim"), QKVZ("lin.v", GDN_V, "2*lin.head_dim"),
	QKVZ("lin.gate", GDN_V, "2*lin.head_dim+lin.heads/lin.k.heads*lin.v_head_dim"),
	BA("lin.beta", "0"), BA("lin.g", "lin.heads/lin.k.heads"),
	{0}
};
static const seqp_part apart[] = {
	QKV("lin.q", GDN_QK, "0"), QKV("lin.k", GDN_QK, GDN_QK), QKV("lin.v", GDN_V, "2*" GDN_QK),
	{"lin.gate", "blk.%.attn_gate.weight", N "in_proj_z.weight", GDN_V, "width", 0, NULL, NULL, GDN_LIN},
	{"lin.beta", "blk.%.ssm_beta.weight", N "in_proj_b.weight", "lin.heads", "width", 0, NULL, NULL, GDN_LIN},
	{"lin.g", "blk.%.ssm_alpha.weight", N "in_proj_a.weight", "lin.heads", "width", 0, NULL, NULL, GDN_LIN},
	{0}
};

static const seqp_part dense[] = {DENSE(GDN_DENSE), {0}};
static const seqp_part experts[] = {
	EXPERTS_GGUF(GDN_MOE), ROUTER(GDN_MOE, L "mlp.gate"),
	EXPERTS_EACH(GDN_MOE, L "mlp.experts", "gate_proj", "up_proj", "down_proj"),
	EXPERTS_FUSED(GDN_MOE, L "mlp.experts.gate_up_proj", L "mlp.experts.down_proj"),
	SHARED_EXPERT(GDN_MOE, L "mlp.shared_expert"),
	{"moe.shared_gate", NULL, L "mlp.shared_expert_gate.weight", "width", NULL, 0, NULL, NULL, GDN_MOE},
	{0}
};

#define BLOCK(mixer, mixer_role, mlp, mlp_role) { \
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, mixer, mixer_role), ADD(X, X, B), \
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, mlp, mlp_role), ADD(X, X, B)}
static const seqp_op lin_dense[] = BLOCK("gated-delta-rule", "lin", "gated", "mlp"), full_dense[] = BLOCK("softmax", "attn", "gated", "mlp");
static const seqp_op lin_moe[] = BLOCK("gated-delta-rule", "lin", "moe", "moe"), full_moe[] = BLOCK("softmax", "attn", "moe", "moe");
static const seqp_block blocks[] = {{lin_dense, 6}, {full_dense, 6}, {lin_moe, 6}, {full_moe, 6}};

static int finish(seq_model *m, seq_error *err)
{
	return seqp_gdn_types(m, false, err);
}

static int finish_moe(seq_model *m, seq_error *err)
{
	return seqp_gdn_types(m, true, err);
}

#define KIT seqp_kit_model, seqp_gdn_numbers, seqp_kit_attn, seqp_kit_rope
static const seqp_number *const next_lists[] = {common, next, seqp_kit_moe, KIT, seqp_kit_gated, NULL};
static const seqp_number *const five_lists[] = {five, common, KIT, seqp_kit_gated, NULL};
static const seqp_number *const five_moe_lists[] = {five, common, seqp_kit_moe, KIT, seqp_kit_gated, NULL};
static const seqp_part *const next_parts[] = {frame, lin, by_key_head, dense, experts, NULL};
static const seqp_part *const five_parts[] = {frame, lin, apart, dense, NULL}, *const five_moe_parts[] = {frame, lin, apart, experts, NULL};
static const char *const next_gguf[] = {"qwen3next", NULL}, *const next_hf[] = {"qwen3_next", NULL};
static const char *const five_gguf[] = {"qwen35", NULL}, *const five_hf[] = {"qwen3_5_text", "qwen3_5", NULL};
static const char *const five_moe_gguf[] = {"qwen35moe", NULL}, *const five_moe_hf[] = {"qwen3_5_moe_text", "qwen3_5_moe", NULL};

const seqp_arch seqp_arch_qwen3_next = {
	.name = "qwen3_next", .gguf = next_gguf, .hf = next_hf, .prefix = seqp_kit_prefix, .numbers = next_lists, .parts = next_parts,
	.skip = seqp_kit_skip, .finish = finish_moe, .block = blocks, .blocks = 4,
};

const seqp_arch seqp_arch_qwen3_5 = {
	.name = "qwen3_5", .gguf = five_gguf, .hf = five_hf, .prefix = seqp_kit_prefix, .numbers = five_lists, .parts = five_parts,
	.skip = seqp_kit_skip, .finish = finish, .block = blocks, .blocks = 4,
};

const seqp_arch seqp_arch_qwen3_5_moe = {
	.name = "qwen3_5_moe", .gguf = five_moe_gguf, .hf = five_moe_hf, .prefix = seqp_kit_prefix, .numbers = five_moe_lists,
	.parts = five_moe_parts, .skip = seqp_kit_skip, .finish = finish_moe, .block = blocks, .blocks = 4,
};
