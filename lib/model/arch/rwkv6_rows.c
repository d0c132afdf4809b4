/* SPDX-License-Identifier: MIT */
/* RWKV-6: x = ln0(E[t]); x += time_mix(ln1 x); x += channel_mix(ln2 x).  The five amounts of shift lie in one tensor, in the
 * order r, w, k, v, g in flash-linear-attention, w, k, v, r, g elsewhere.  GGUF divides output weights by 2^(layer / n)
 * where rescale_every_n_layers is n, and so wants x halved after every n layers. */
#include <math.h>

#include "model/arch/rwkv_kit.h"

static const seqp_number heads[] = {
	{"tm.head_k", "%.wkv.head_size", NULL, 1, 4096, SEQP_INT, 0, NULL, NULL},
	{"tm.heads", NULL, "num_heads", 1, 65536, SEQP_INT | SEQP_DFLT, 4, "width/tm.head_k|4", NULL},
	{"rescale", "%.rescale_every_n_layers", "rescale_every", 0, 10000, SEQP_INT | SEQP_DFLT | SEQP_NULL_ZERO, 0, NULL, NULL},
	{"tm.size", NULL, "head_size", 1, 4096, SEQP_INT, 0, NULL, NULL},
	{0}
};

#define T "blk.%.time_mix_"
#define F "layers.%.attn."
#define O "blocks.%.att."
#define KEYS "tm.heads*tm.head_k"
#define LN(role, hf) VECTOR(role ".w", NULL, hf ".weight", "width", SEQP_OPT), VECTOR(role ".b", NULL, hf ".bias", "width", SEQP_OPT)
#define VECTOR(role, gguf, hf, n, how) {role, gguf, hf, n, NULL, how, NULL, NULL, 0}
#define MATRIX(role, gguf, hf, rows, cols) {role, gguf, hf, rows, cols, 0, NULL, NULL, 0}
#define SLICE(role, gguf, hf, rows, cols, how, first, whole) {role, gguf, hf, rows, cols, how, first, whole, 0}
/* Amount x: place n of the five in GGUF and in the authors' files, f in flash-linear-attention. */
#define AMOUNT(x, n, f) \
	VECTOR("tm.mix_" x, T "lerp_" x ".weight", NULL, "width", SEQP_OPT), \
	SLICE("tm.mix_" x, T "lerp_fused.weight", NULL, "width", NULL, 0, #n "*width", "5*width"), \
	SLICE("tm.mix_" x, NULL, F "x_bias", "width", NULL, 0, #f "*width", "5*width"), \
	SLICE("tm.x1." x, T "w1.weight", NULL, "tm.x_rank", "width", 0, #n "*tm.x_rank", "5*tm.x_rank"), \
	SLICE("tm.x1." x, NULL, F "x_proj.0.linear.weight", "tm.x_rank", "width", 0, #f "*tm.x_rank", "5*tm.x_rank"), \
	SLICE("tm.x2." x, T "w2.weight", NULL, "width", "tm.x_rank", SEQP_FLAT, #n "*width", "5*width"), \
	SLICE("tm.x2." x, NULL, F "x_proj.2.weight", "width", "tm.x_rank", SEQP_HF_COLUMNS, #f "*tm.x_rank", "5*tm.x_rank")
#define AMOUNT_OWN(at, x, n) \
	VECTOR("tm.mix_" x, NULL, at "time_maa_" x, "width", 0), \
	SLICE("tm.x1." x, NULL, at "time_maa_w1", "tm.x_rank", "width", SEQP_HF_TRANSPOSE, #n "*tm.x_rank", "5*tm.x_rank"), \
	SLICE("tm.x2." x, NULL, at "time_maa_w2", "width", "tm.x_rank", SEQP_HF_TRANSPOSE | SEQP_FLAT, #n "*width", "5*width")

static const seqp_part parts[] = {
	VECTOR("tm.mix_x", T "lerp_x.weight", F "x_proj.0.mu", "width", 0),
	AMOUNT("w", 0, 1), AMOUNT("k", 1, 2), AMOUNT("v", 2, 3), AMOUNT("r", 3, 0), AMOUNT("g", 4, 4),
	MATRIX("tm.r", T "receptance.weight", F "r_proj.linear.weight", KEYS, "width"),
	MATRIX("tm.k", T "key.weight", F "k_proj.linear.weight", KEYS, "width"),
	MATRIX("tm.v", T "value.weight", F "v_proj.linear.weight", "width", "width"),
	MATRIX("tm.g", T "gate.weight", F "g_proj.linear.weight", "width", "width"),
	MATRIX("tm.o", T "output.weight", F "o_proj.weight", "width", "width"),
	MATRIX("tm.d1", T "decay_w1.weight", F "w_proj.linear.lora.0.weight", "tm.d_rank", "width"),
	MATRIX("tm.d2", T "decay_w2.weight", F "w_proj.linear.lora.2.weight", KEYS, "tm.d_rank"),
	VECTOR("tm.d2.b", T "decay.weight", F "w_proj.linear.lora.2.bias", KEYS, 0),
	VECTOR("tm.u", T "first.weight", F "bonus", KEYS, 0),
	VECTOR("tm.norm.w", T "ln.weight", F "g_norm.weight", "width", 0),
	VECTOR("tm.norm.b", T "ln.bias", F "g_norm.bias", "width", SEQP_OPT),
	VECTOR("cm.mix_k", "blk.%.channel_mix_lerp_k.weight", "layers.%.ffn.key.mu", "width", 0),
	VECTOR("cm.mix_r", "blk.%.channel_mix_lerp_r.weight", "layers.%.ffn.receptance.mu", "width", 0),
	MATRIX("cm.k", "blk.%.channel_mix_key.weight", "layers.%.ffn.key.linear.weight", "cm.ff", "width"),
	MATRIX("cm.r", "blk.%.channel_mix_receptance.weight", "layers.%.ffn.receptance.linear.weight", "width", "width"),
	MATRIX("cm.v", "blk.%.channel_mix_value.weight", "layers.%.ffn.value.weight", "width", "cm.ff"),
	{0}
};

/* QRWKV: a qwen2 whose attention was replaced; only GGUF has names for it here. */
static const seqp_number qwen2_numbers[] = {
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", NULL, 0, 1, SEQP_DFLT, 1e-6, NULL, NULL},
	{"tm.linear", "=1", NULL, 0, 1, SEQP_INT, 0, NULL, NULL}, {"tm.norm", "=0", NULL, 0, 1, SEQP_INT, 0, NULL, NULL},
	{"tm.few", "%.attention.head_count_kv", NULL, 0, 65536, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{0}
};

#define FEW "tm.kv_heads*tm.head_k"
static const seqp_part qwen2_parts[] = {
	VECTOR("tm.mix_x", T "lerp_x.weight", NULL, "width", 0),
	AMOUNT("w", 0, 1), AMOUNT("k", 1, 2), AMOUNT("v", 2, 3), AMOUNT("r", 3, 0), AMOUNT("g", 4, 4),
	MATRIX("tm.r", T "receptance.weight", NULL, KEYS, "width"), MATRIX("tm.k", T "key.weight", NULL, FEW, "width"),
	MATRIX("tm.v", T "value.weight", NULL, FEW, "width"), MATRIX("tm.g", T "gate.weight", NULL, "width", "width"),
	MATRIX("tm.o", T "output.weight", NULL, "width", "width"),
	VECTOR("tm.r.b", T "receptance.bias", NULL, KEYS, SEQP_OPT), VECTOR("tm.k.b", T "key.bias", NULL, FEW, SEQP_OPT),
	VECTOR("tm.v.b", T "value.bias", NULL, FEW, SEQP_OPT),
	MATRIX("tm.d1", T "decay_w1.weight", NULL, "tm.d_rank", "width"), MATRIX("tm.d2", T "decay_w2.weight", NULL, KEYS, "tm.d_rank"),
	VECTOR("tm.d2.b", T "decay.weight", NULL, KEYS, 0),
	{0}
};

/* The authors' names below a layer's two parts. */
#define OWN(at, ffn) \
	VECTOR("tm.mix_x", NULL, at "time_maa_x", "width", 0), \
	AMOUNT_OWN(at, "w", 0), AMOUNT_OWN(at, "k", 1), AMOUNT_OWN(at, "v", 2), AMOUNT_OWN(at, "r", 3), AMOUNT_OWN(at, "g", 4), \
	MATRIX("tm.r", NULL, at "receptance.weight", "width", "width"), MATRIX("tm.k", NULL, at "key.weight", "width", "width"), \
	MATRIX("tm.v", NULL, at "value.weight", "width", "width"), MATRIX("tm.g", NULL, at "gate.weight", "width", "width"), \
	MATRIX("tm.o", NULL, at "output.weight", "width", "width"), \
	SLICE("tm.d1", NULL, at "time_decay_w1", "tm.d_rank", "width", SEQP_HF_TRANSPOSE, NULL, NULL), \
	SLICE("tm.d2", NULL, at "time_decay_w2", "width", "tm.d_rank", SEQP_HF_TRANSPOSE, NULL, NULL), \
	VECTOR("tm.d2.b", NULL, at "time_decay", "width", 0), VECTOR("tm.u", NULL, at "time_faaaa", "width", 0), \
	VECTOR("tm.norm.w", NULL, at "ln_x.weight", "width", 0), VECTOR("tm.norm.b", NULL, at "ln_x.bias", "width", 0), \
	VECTOR("cm.mix_k", NULL, ffn "time_maa_k", "width", 0), \
	VECTOR("cm.mix_r", NULL, ffn "time_maa_r", "width", 0), \
	MATRIX("cm.k", NULL, ffn "key.weight", "cm.ff", "width"), \
	MATRIX("cm.r", NULL, ffn "receptance.weight", "width", "width"), \
	MATRIX("cm.v", NULL, ffn "value.weight", "width", "cm.ff")
static const seqp_part own[] = {OWN(O, "blocks.%.ffn."), {0}};

/* Published under model_type rwkv6 as well. */
static const seqp_part published[] = {
	LN("in_norm", "blocks.0.pre_ln"), LN("out_norm", "ln_out"), LN("tm_norm", "blocks.%.ln1"), LN("cm_norm", "blocks.%.ln2"),
	{"head", NULL, "/head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	OWN("blocks.%.attention.", "blocks.%.feed_forward."),
	{0}
};

/* Inner widths: of a fifth of the amounts, of the decay, of a head's keys and values. */
static int sizes(seq_model *m, double eps, seq_error *err)
{
	int e;
	if ((e = seqp_rwkv_finish(m, eps, err)) < 0 || (e = seqp_number_by_rows(m, "tm.x5_rank", "tm.x1.w", err)) < 0 ||
	    (e = seqp_number_by_rows(m, "tm.d_rank", "tm.d1", err)) < 0 || (e = seqp_number_by_rows(m, "tm.keys", "tm.r", err)) < 0)
		return e;
	double H = seqp_model_number(m, -1, "tm.heads", 1), k = seqp_model_number(m, -1, "tm.keys", 0);
	double width = (double)m->width;
	if (fmod(k, H) != 0 || fmod(width, H) != 0)
		return seqp_fail(err, SEQ_E_FORMAT, "%s: %g heads divide neither %g keys nor %g values", m->arch->name, H, k, width);
	if ((e = seqp_number_set(m, -1, "tm.x_rank", floor(seqp_model_number(m, -1, "tm.x5_rank", 0) / 5), err)) < 0 ||
	    (e = seqp_number_set(m, -1, "tm.head_k", k / H, err)) < 0)
		return e;
	return seqp_number_set(m, -1, "tm.head_v", width / H, err);
}

static int finish(seq_model *m, seq_error *err)
{
	bool hf = m->src.format == SEQP_FROM_HF, fla = hf && !seqp_number_has(m, -1, "tm.size");
	double size = seqp_model_number(m, -1, "tm.size", 0);
	int e = size > 0 ? seqp_number_set(m, -1, "tm.heads", fmax(floor((double)m->width / size), 1), err) : SEQ_OK;
	if (e >= 0)
		e = sizes(m, fla ? seqp_model_number(m, -1, "norm_eps", 1e-5) : 64e-5, err);
	return e < 0 ? e : seqp_rwkv_halve(m, (int64_t)seqp_model_number(m, -1, "rescale", 0), hf, err);
}

static int finish_own(seq_model *m, seq_error *err)
{
	return sizes(m, 64e-5, err);
}

static int finish_qwen2(seq_model *m, seq_error *err)
{
	double few = seqp_model_number(m, -1, "tm.few", 0);
	int e = sizes(m, 64e-5, err);
	return e < 0 ? e : seqp_number_set(m, -1, "tm.kv_heads", few > 0 ? few : seqp_model_number(m, -1, "tm.heads", 1), err);
}

static const seqp_op qwen2_block[] = {
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, "rwkv6", "tm"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_block qwen2_blocks[] = {{qwen2_block, 6}};
static const seqp_number *const qwen2_lists[] = {qwen2_numbers, seqp_rwkv_numbers, heads, seqp_kit_gated, NULL};
static const seqp_part *const qwen2_part_lists[] = {seqp_kit_ends, seqp_kit_prenorm, qwen2_parts, seqp_kit_swiglu, NULL};
static const char *const qwen2_names[] = {"rwkv6qwen2", NULL};

const seqp_arch seqp_arch_rwkv6qwen2 = {
	.name = "rwkv6qwen2", .gguf = qwen2_names, .hf = (const char *const[]){NULL}, .numbers = qwen2_lists, .parts = qwen2_part_lists,
	.finish = finish_qwen2, .block = qwen2_blocks, .blocks = 1,
};

static const seqp_op block[] = SEQP_RWKV_BLOCK("rwkv6");
static const seqp_block blocks[] = {{block, sizeof block / sizeof *block}};
static const seqp_number *const lists[] = {seqp_rwkv_numbers, heads, NULL}, *const own_lists[] = {seqp_rwkv_numbers, seqp_rwkv_sizes, NULL};
static const seqp_part *const part_lists[] = {seqp_rwkv_ends_fla, parts, published, NULL}, *const own_parts[] = {seqp_rwkv_ends_own, own, NULL};
static const char *const names[] = {"rwkv6", NULL}, *const own_names[] = {"rwkv6-pth", NULL}, *const none[] = {NULL};
static const char *const prefix[] = {"model.", "", "rwkv.", NULL};

const seqp_arch seqp_arch_rwkv6 = {
	.name = "rwkv6", .gguf = names, .hf = names, .prefix = prefix, .numbers = lists, .parts = part_lists,
	.refuse_hf = "attn|attnres_block_size", .finish = finish, .block = blocks, .blocks = 1, .out = {seqp_rwkv_out, 1},
	.in = {seqp_rwkv_in, 1},
};

const seqp_arch seqp_arch_rwkv6_own = {
	.name = "rwkv6-pth", .gguf = none, .hf = own_names, .prefix = seqp_rwkv_no_prefix, .numbers = own_lists, .parts = own_parts,
	.finish = finish_own, .block = blocks, .blocks = 1, .out = {seqp_rwkv_out, 1}, .in = {seqp_rwkv_in, 1},
};
