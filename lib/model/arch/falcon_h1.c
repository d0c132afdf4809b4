/* SPDX-License-Identifier: MIT */
/* h = rms x;  x += mamba2(h) + attention(h);  x += gated mlp(rms x).
 *
 * The configuration has a factor for nearly every matrix; in GGUF they are in the weights.  Those of linear paths
 * that end in a sum or in a softmax are folded into the factors there: the factor of q and k squared times k's into
 * the softmax's, v's and the output's into the sum's.  The rest multiply the outputs of ssm.in and mlp.gate. */
#include <math.h>

#include "model/arch/hybrid.h"

enum { PLAIN, NORMED }; /* types: mamba2 without and with a norm behind it */

static const char *const gguf[] = {"falcon-h1", NULL}, *const hf[] = {"falcon_h1", NULL};

#define FACTOR(key, hf) {key, NULL, hf, -1e9, 1e9, SEQP_DFLT, 1, NULL, NULL}

static const seqp_number numbers[] = {
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"ssm.norm_on", NULL, "mamba_rms_norm", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"ssm.norm_first", NULL, "mamba_norm_before_gate", 0, 1, SEQP_INT, 0, "0|1", NULL},
	FACTOR("embed_scale", "embedding_multiplier"), FACTOR("logit_scale", "lm_head_multiplier"),
	FACTOR("by.ssm_in", "ssm_in_multiplier"), FACTOR("ssm.by", "ssm_out_multiplier"),
	FACTOR("by.z", "ssm_multipliers.0"), FACTOR("by.x", "ssm_multipliers.1"), FACTOR("by.b", "ssm_multipliers.2"),
	FACTOR("by.c", "ssm_multipliers.3"), FACTOR("by.dt", "ssm_multipliers.4"),
	FACTOR("by.attn_in", "attention_in_multiplier"), FACTOR("by.attn_out", "attention_out_multiplier"),
	FACTOR("by.key", "key_multiplier"),
	FACTOR("by.gate", "mlp_multipliers.0"), FACTOR("mlp.by", "mlp_multipliers.1"),
	{"attn.rope", "=1", "=1", 0, 2, SEQP_INT, 0, NULL, NULL},
	{0}
};

static const seqp_number inner_width[] = {
	{"ssm.inner", "%.ssm.inner_size", "mamba_d_ssm", 1, 1 << 22, SEQP_INT | SEQP_NEED, 0, "2*width", NULL},
	{0}
};

static const seqp_part parts[] = {
	{"embed", "token_embd.weight", "embed_tokens.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"out_norm.w", "output_norm.weight", "final_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{"mix_norm.w", "blk.%.attn_norm.weight", "layers.%.input_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"mlp_norm.w", "blk.%.ffn_norm", NULL, "width", NULL, 0, NULL, NULL, 0},
	{"mlp_norm.w", "blk.%.ffn_norm.weight", "layers.%.pre_ff_layernorm.weight", "width", NULL, 0, NULL, NULL, 0},
	SSD_PARTS("layers.%.mamba.", 0),
	SSD_NORM("layers.%.mamba.", 1 << NORMED),
	QKVO_PARTS("layers.%.self_attn.", "o_proj", 0),
	GATED_PARTS("layers.%.feed_forward.", "gate_proj", "up_proj", "down_proj", 0),
	{0}
};

static double by(const seq_model *m, const char *key)
{
	return seqp_model_number(m, -1, key, 1);
}

/* n[i] outputs of a matrix times factor[i], as the weight role. */
static int output_factors(seq_model *m, const char *role, const int64_t *n, const double *factor, int parts_n, seq_error *err)
{
	int64_t total = 0, at = 0;
	bool any = false;
	for (int i = 0; i < parts_n; i++) {
		total += n[i];
		any |= factor[i] != 1;
	}
	float *s = any ? seqp_arena_alloc(&m->arena, (size_t)total, sizeof *s) : NULL;
	if (!s)
		return any ? seqp_nomem(err, (size_t)total * sizeof *s) : SEQ_OK;
	for (int i = 0; i < parts_n; i++)
		for (int64_t k = 0; k < n[i]; k++)
			s[at++] = (float)factor[i];
	seqp_view v = {s, SEQ_F32, 1, total, (size_t)total * sizeof *s};
	return seqp_weight_set(m, -1, role, &v, err);
}

static int factors(seq_model *m, seq_error *err)
{
	int64_t inner = (int64_t)by(m, "ssm.inner"), bc = (int64_t)(by(m, "ssm.groups") * by(m, "ssm.state"));
	int64_t n[] = {inner, inner, bc, bc, (int64_t)by(m, "ssm.heads")}, ff = (int64_t)by(m, "mlp.ff");
	double in = by(m, "by.ssm_in"), attn = by(m, "by.attn_in"), gate = by(m, "by.gate");
	double f[] = {in * by(m, "by.z"), in * by(m, "by.x"), in * by(m, "by.b"), in * by(m, "by.c"), in * by(m, "by.dt")};
	int e = output_factors(m, "ssm.in.s", n, f, 5, err);
	if (e < 0 || (e = output_factors(m, "mlp.gate.s", &ff, &gate, 1, err)) < 0)
		return e;
	e = seqp_number_set(m, -1, "attn.scale", attn * attn * by(m, "by.key") / sqrt(by(m, "attn.head_dim")), err);
	return e < 0 ? e : seqp_number_set(m, -1, "attn.by", attn * by(m, "by.attn_out"), err);
}

static int finish(seq_model *m, seq_error *err)
{
	bool hf_side = m->src.format == SEQP_FROM_HF;
	bool norm = hf_side ? by(m, "ssm.norm_on") != 0 : seqp_store_tensor(&m->src, "blk.0.ssm_norm.weight", NULL) != NULL;
	int e = seqp_ssd_fit(m, err);
	if (e >= 0)
		e = seqp_number_set(m, -1, "type", norm ? NORMED : PLAIN, err);
	return e < 0 || !hf_side ? e : factors(m, err);
}

static const seqp_op ops[] = {
	NORM(A, X, "rms", "mix_norm"), MIX(B, A, "mamba2", "ssm"), MIX(C, A, "softmax", "attn"),
	ADD_SCALED(X, X, B, NULL, "ssm.by"), ADD_SCALED(X, X, C, NULL, "attn.by"),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD_SCALED(X, X, B, NULL, "mlp.by"),
};
static const seqp_block blocks[] = {{ops, sizeof ops / sizeof *ops}, {ops, sizeof ops / sizeof *ops}};

static const seqp_number *const lists[] = {numbers, seqp_kit_model, inner_width, seqp_kit_ssd, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_falcon_h1 = {
	.name = "falcon_h1", .gguf = gguf, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .refuse_hf = "attention_bias|mlp_bias|mamba_proj_bias|projectors_bias", .finish = finish,
	.block = blocks, .blocks = 2,
};
