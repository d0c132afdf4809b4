/* SPDX-License-Identifier: MIT */
/* RWKV-7: x = ln0(E[t]); x += time_mix(ln1 x); x += channel_mix(ln2 x).  The norm by heads has eps 64e-5 but in
 * flash-linear-attention, where it is head size times norm_eps. */
#include "model/arch/rwkv_kit.h"

static const seqp_number heads[] = {
	{"tm.head_k", "%.wkv.head_size", "head_dim", 1, 4096, SEQP_INT | SEQP_DFLT, 64, NULL, NULL},
	{"tm.heads", NULL, NULL, 1, 65536, SEQP_INT, 0, "width/tm.head_k", NULL},
	{0}
};

/* Types of layers: the first has no values to mix in.  WITH_GATE is added where that is not a matter of course. */
enum { FIRST, LATER, WITH_GATE };
#define GATED (1 << WITH_GATE | 1 << (LATER + WITH_GATE))

#define T "blk.%.time_mix_"
#define F "layers.%.attn."
#define O "blocks.%.att."
#define VECTOR(role, gguf, hf, how) {role, gguf, hf, "width", NULL, how, NULL, NULL, 0}
#define MATRIX(role, gguf, hf) {role, gguf, hf, "width", "width", 0, NULL, NULL, 0}
/* One of six vectors in one tensor. */
#define FUSED(role, gguf, hf, first) {role, gguf, hf, "width", NULL, 0, first, "6*width", 0}
#define MIXES(one, all, own) \
	VECTOR("tm.mix_r", NULL, one "x_r", SEQP_OPT), VECTOR("tm.mix_w", NULL, one "x_w", SEQP_OPT), \
	VECTOR("tm.mix_k", NULL, one "x_k", SEQP_OPT), VECTOR("tm.mix_v", NULL, one "x_v", SEQP_OPT), \
	VECTOR("tm.mix_a", NULL, one "x_a", SEQP_OPT), VECTOR("tm.mix_g", NULL, one "x_g", SEQP_OPT), \
	FUSED("tm.mix_r", all, own, "0"), FUSED("tm.mix_w", all, own, "width"), FUSED("tm.mix_k", all, own, "2*width"), \
	FUSED("tm.mix_v", all, own, "3*width"), FUSED("tm.mix_a", all, own, "4*width"), FUSED("tm.mix_g", all, own, "5*width")
#define LOW(x, rank, hf1, hf2, hf0, g1, g2, g0, how, types) \
	{"tm." x "1", g1, hf1, rank, "width", how, NULL, NULL, types}, \
	{"tm." x "2", g2, hf2, "width", rank, how, NULL, NULL, types}, \
	{"tm." x "2.b", g0, hf0, "width", NULL, 0, NULL, NULL, types}
#define LOW_FLA(x, rank, types) \
	LOW(x, rank, F x "_lora.lora.0.weight", F x "_lora.lora.2.weight", F x "_lora.lora.2.bias", \
	    T x "1.weight", T x "2.weight", T x "0.weight", 0, types)
#define LOW_OWN(x, rank, types) LOW(x, rank, O x "1", O x "2", O x "0", NULL, NULL, NULL, SEQP_HF_TRANSPOSE, types)

static const seqp_part parts[] = {
	MIXES(F, T "lerp_fused.weight", F "x_x"),
	MATRIX("tm.r", T "receptance.weight", F "r_proj.weight"), MATRIX("tm.k", T "key.weight", F "k_proj.weight"),
	MATRIX("tm.v", T "value.weight", F "v_proj.weight"), MATRIX("tm.o", T "output.weight", F "o_proj.weight"),
	LOW_FLA("w", "tm.w_rank", 0), LOW_FLA("a", "tm.a_rank", 0), LOW_FLA("v", "tm.v_rank", 1 << LATER),
	{"tm.g1", T "g1.weight", F "g_lora.lora.0.weight", "tm.g_rank", "width", 0, NULL, NULL, 0},
	{"tm.g2", T "g2.weight", F "g_lora.lora.2.weight", "width", "tm.g_rank", 0, NULL, NULL, 0},
	VECTOR("tm.k_k", T "k_k.weight", F "k_k", 0), VECTOR("tm.k_a", T "k_a.weight", F "k_a", 0),
	VECTOR("tm.r_k", T "r_k.weight", F "r_k", 0),
	VECTOR("tm.norm.w", T "ln.weight", F "g_norm.weight", 0), VECTOR("tm.norm.b", T "ln.bias", F "g_norm.bias", SEQP_OPT),
	VECTOR("cm.mix_k", "blk.%.channel_mix_lerp_k.weight", "layers.%.ffn.x_k", 0),
	{"cm.k", "blk.%.channel_mix_key.weight", "layers.%.ffn.key.weight", "cm.ff", "width", 0, NULL, NULL, 0},
	{"cm.v", "blk.%.channel_mix_value.weight", "layers.%.ffn.value.weight", "width", "cm.ff", 0, NULL, NULL, 0},
	{0}
};

static const seqp_part own[] = {
	MIXES(O, NULL, O "x_rwkvag"),
	MATRIX("tm.r", NULL, O "receptance.weight"), MATRIX("tm.k", NULL, O "key.weight"),
	MATRIX("tm.v", NULL, O "value.weight"), MATRIX("tm.o", NULL, O "output.weight"),
	LOW_OWN("w", "tm.w_rank", 0), LOW_OWN("a", "tm.a_rank", 0), LOW_OWN("v", "tm.v_rank", 1 << LATER),
	{"tm.g1", NULL, O "g1", "tm.g_rank", "width", SEQP_HF_TRANSPOSE, NULL, NULL, 0},
	{"tm.g2", NULL, O "g2", "width", "tm.g_rank", SEQP_HF_TRANSPOSE, NULL, NULL, 0},
	VECTOR("tm.k_k", NULL, O "k_k", 0), VECTOR("tm.k_a", NULL, O "k_a", 0), VECTOR("tm.r_k", NULL, O "r_k", 0),
	VECTOR("tm.norm.w", NULL, O "ln_x.weight", 0), VECTOR("tm.norm.b", NULL, O "ln_x.bias", 0),
	VECTOR("cm.mix_k", NULL, "blocks.%.ffn.x_k", 0),
	{"cm.k", NULL, "blocks.%.ffn.key.weight", "cm.ff", "width", 0, NULL, NULL, 0},
	{"cm.v", NULL, "blocks.%.ffn.value.weight", "width", "cm.ff", 0, NULL, NULL, 0},
	{0}
};

/* ARWKV: a qwen2 whose attention was replaced; only GGUF has names for it here.  Without a gate there are five shifts. */
static const seqp_number qwen2_numbers[] = {
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", NULL, 0, 1, SEQP_DFLT, 1e-6, NULL, NULL},
	{0}
};

#define SOME(role, first, how) {role, T "lerp_fused.weight", NULL, "width", NULL, how, first, "tm.shifts*width", 0}
static const seqp_part qwen2_parts[] = {
	SOME("tm.mix_r", "0", 0), SOME("tm.mix_w", "width", 0), SOME("tm.mix_k", "2*width", 0), SOME("tm.mix_v", "3*width", 0),
	SOME("tm.mix_a", "4*width", 0), {"tm.mix_g", T "lerp_fused.weight", NULL, "width", NULL, 0, "5*width", "tm.shifts*width", GATED},
	MATRIX("tm.r", T "receptance.weight", NULL), MATRIX("tm.k", T "key.weight", NULL), MATRIX("tm.v", T "value.weight", NULL),
	MATRIX("tm.o", T "output.weight", NULL),
	LOW_FLA("w", "tm.w_rank", 0), LOW_FLA("a", "tm.a_rank", 0), LOW_FLA("v", "tm.v_rank", 1 << LATER | 1 << (LATER + WITH_GATE)),
	{"tm.g1", T "g1.weight", NULL, "tm.g_rank", "width", 0, NULL, NULL, GATED},
	{"tm.g2", T "g2.weight", NULL, "width", "tm.g_rank", 0, NULL, NULL, GATED},
	VECTOR("tm.k_k", T "k_k.weight", NULL, 0), VECTOR("tm.k_a", T "k_a.weight", NULL, 0), VECTOR("tm.r_k", T "r_k.weight", NULL, 0),
	VECTOR("tm.norm.w", T "ln.weight", NULL, SEQP_OPT), VECTOR("tm.norm.b", T "ln.bias", NULL, SEQP_OPT),
	{0}
};

static int ranks(seq_model *m, double eps, seq_error *err)
{
	int e = seqp_rwkv_finish(m, eps, err);
	for (int64_t i = 1; i < m->layers && e >= 0; i++)
		e = seqp_number_set(m, i, "type", LATER, err);
	if (e < 0 || (e = seqp_number_set(m, 0, "tm.v_first", 1, err)) < 0 ||
	    (e = seqp_number_by_rows(m, "tm.w_rank", "tm.w1", err)) < 0 ||
	    (e = seqp_number_by_rows(m, "tm.a_rank", "tm.a1", err)) < 0 ||
	    (e = seqp_number_by_rows(m, "tm.v_rank", "tm.v1", err)) < 0)
		return e;
	return seqp_number_by_rows(m, "tm.g_rank", "tm.g1", err);
}

static int finish(seq_model *m, seq_error *err)
{
	return ranks(m, m->src.format == SEQP_FROM_HF ? 0 : 64e-5, err);
}

static int finish_own(seq_model *m, seq_error *err)
{
	return ranks(m, 64e-5, err);
}

static int finish_qwen2(seq_model *m, seq_error *err)
{
	int e = ranks(m, 64e-5, err);
	if (e < 0 || (e = seqp_number_by_rows(m, "tm.shifts", "tm.mix_r", err)) < 0 ||
	    (e = seqp_number_set(m, -1, "tm.norm", seqp_store_tensor(&m->src, "blk.0.time_mix_ln.weight", NULL) != NULL, err)) < 0)
		return e;
	for (int64_t i = 0; i < m->layers && e >= 0 && seqp_model_number(m, -1, "tm.shifts", 5) == 6; i++)
		e = seqp_number_set(m, i, "type", (i ? LATER : FIRST) + WITH_GATE, err);
	return e;
}

static const seqp_op qwen2_block[] = {
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, "rwkv7", "tm"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_block qwen2_blocks[] = {{qwen2_block, 6}, {qwen2_block, 6}, {qwen2_block, 6}, {qwen2_block, 6}};
static const seqp_number *const qwen2_lists[] = {qwen2_numbers, seqp_rwkv_numbers, heads, seqp_kit_gated, NULL};
static const seqp_part *const qwen2_part_lists[] = {seqp_kit_ends, seqp_kit_prenorm, qwen2_parts, seqp_kit_swiglu, NULL};
static const char *const qwen2_names[] = {"arwkv7", NULL};

static const seqp_op block[] = SEQP_RWKV_BLOCK("rwkv7");
static const seqp_block blocks[] = {{block, sizeof block / sizeof *block}, {block, sizeof block / sizeof *block}};
static const seqp_number *const lists[] = {seqp_rwkv_numbers, heads, NULL}, *const own_lists[] = {seqp_rwkv_numbers, seqp_rwkv_sizes, NULL};
static const seqp_part *const part_lists[] = {seqp_rwkv_ends_fla, parts, NULL}, *const own_parts[] = {seqp_rwkv_ends_own, own, NULL};
static const char *const names[] = {"rwkv7", NULL}, *const own_names[] = {"rwkv7-pth", NULL}, *const none[] = {NULL};
static const char *const prefix[] = {"model.", "", NULL};
/* GGUF gives the first layer the tensors of the mix with values it has not. */
static const char *const skip[] = {"blk.0.time_mix_v0.weight", "blk.0.time_mix_v1.weight", "blk.0.time_mix_v2.weight",
	"blocks.0.att.v0", "blocks.0.att.v1", "blocks.0.att.v2", NULL};

const seqp_arch seqp_arch_rwkv7 = {
	.name = "rwkv7", .gguf = names, .hf = names, .prefix = prefix, .numbers = lists, .parts = part_lists, .skip = skip,
	.refuse_hf = "attn|attnres_block_size", .finish = finish, .block = blocks, .blocks = 2, .out = {seqp_rwkv_out, 1},
	.in = {seqp_rwkv_in, 1},
};

const seqp_arch seqp_arch_rwkv7_own = {
	.name = "rwkv7-pth", .gguf = none, .hf = own_names, .prefix = seqp_rwkv_no_prefix, .numbers = own_lists, .parts = own_parts,
	.skip = skip, .finish = finish_own, .block = blocks, .blocks = 2, .out = {seqp_rwkv_out, 1}, .in = {seqp_rwkv_in, 1},
};

const seqp_arch seqp_arch_arwkv7 = {
	.name = "arwkv7", .gguf = qwen2_names, .hf = none, .numbers = qwen2_lists, .parts = qwen2_part_lists, .skip = skip,
	.finish = finish_qwen2, .block = qwen2_blocks, .blocks = 4,
};
