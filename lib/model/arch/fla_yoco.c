/* SPDX-License-Identifier: MIT */
/* YOCO (Sun et al., 2024): self-decoder layers (gated delta net, gated retention or a window of attention), then one set
 * of keys and values, made before the first cross-decoder layer, for all of them.  Adjacent rope there. */
#include "model/arch/fla.h"

#include <math.h>

enum { GATED_DELTA, FIRST_CROSS, CROSS, RETENTION, SWA };

#define SELF(key) "self_decoder_attn." key
#define CROSS_KEY(key) "cross_decoder_attn." key

static const seqp_word self_words[] = {{"gated_deltanet", GATED_DELTA}, {"gated_retention", RETENTION}, {"swa", SWA}, {0}};
static const seqp_word freq_words[] = {{"fla", 0}, {0}}; /* "yoco": other frequencies */

static const seqp_number numbers[] = {
	FLA_INT("width", "hidden_size", 1, 1 << 20, 2048),
	FLA_INT("yoco.self", "num_self_decoder_layers", 1, 10000, 10),
	{"yoco.type", NULL, SELF("type"), 0, SWA, SEQP_INT | SEQP_DFLT, GATED_DELTA, NULL, self_words},
	{"yoco.freq", NULL, SELF("rope_inv_freq"), 0, 0, SEQP_INT | SEQP_DFLT, 0, NULL, freq_words},
	{"yoco.cross_freq", NULL, CROSS_KEY("rope_inv_freq"), 0, 0, SEQP_INT | SEQP_DFLT, 0, NULL, freq_words},
	{"yoco.theta", NULL, SELF("rope_theta"), 1e-3, 1e15, SEQP_DFLT, 1e4, NULL, NULL},
	{"rope.theta", NULL, CROSS_KEY("rope_theta"), 1e-3, 1e15, SEQP_DFLT, 1e4, NULL, NULL},
	FLA_INT("attn.q.heads", SELF("num_heads"), 1, 65536, 6), FLA_SET("attn.k.heads", "attn.q.heads"),
	{"attn.heads", NULL, SELF("num_v_heads"), 1, 65536, SEQP_INT | SEQP_NEED, 0, "attn.q.heads", NULL},
	FLA_SET("attn.v.heads", "attn.heads"),
	FLA_INT("attn.head_dim", SELF("head_dim"), 1, 4096, 256),
	{"attn.expand_v", NULL, SELF("expand_v"), 0, 64, SEQP_DFLT, 2, NULL, NULL},
	FLA_SET("attn.qk_norm", "1"),
	FLA_INT("attn.neg", SELF("allow_neg_eigval"), 0, 1, 0), FLA_SET("attn.beta.factor", "1+attn.neg"),
	FLA_INT("attn.gate", SELF("use_gate"), 0, 1, 1),
	FLA_INT("attn.use_conv", SELF("use_short_conv"), 0, 1, 1),
	FLA_INT("attn.conv_size", SELF("conv_size"), 2, 8, 4), FLA_SET("attn.conv", "attn.use_conv*attn.conv_size"),
	FLA_SET("ret.heads", "attn.q.heads"), FLA_SET("ret.gate", "1"), FLA_SET("ret.rope", "2"),
	{"ret.g.div", NULL, SELF("gate_logit_normalizer"), 1e-3, 1e6, SEQP_DFLT, 16, NULL, NULL},
	FLA_SET("swa.heads", "attn.q.heads"), FLA_SET("swa.rope", "1"),
	{"swa.window", NULL, SELF("window_size"), 0, 1e15, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	FLA_INT("cross.heads", CROSS_KEY("num_heads"), 1, 65536, 32),
	{"cross.kv_heads", NULL, CROSS_KEY("num_kv_heads"), 1, 65536, SEQP_INT | SEQP_NEED, 0, "cross.heads", NULL},
	FLA_SET("cross.head_dim", "width/cross.heads"), FLA_SET("cross.rope", "2"),
	FLA_INT("cross.qk_norm", CROSS_KEY("qk_norm"), 0, 1, 0),
	{"cross.qk_norm.eps", NULL, NULL, 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	FLA_SET("kv.kv_heads", "cross.kv_heads"), FLA_SET("kv.head_dim", "cross.head_dim"), FLA_SET("kv.rope", "2"),
	{0}
};

#define IN_SELF (1 << GATED_DELTA | 1 << RETENTION | 1 << SWA)
#define IN_CROSS (1 << FIRST_CROSS | 1 << CROSS)
#define W(role, hf, rows, cols, how, types) {role, NULL, hf, rows, cols, how, NULL, NULL, types}
#define SELF_W(role, hf, rows, cols, how, type) W(role, "self_layers.%.attn." hf, rows, cols, how, 1 << (type))
#define FRAME(in, types) \
	W("attn_norm.w", in ".%.attn_norm.weight", "width", NULL, 0, types), W("mlp_norm.w", in ".%.mlp_norm.weight", "width", NULL, 0, types), \
	W("mlp.gate", in ".%.mlp.gate_proj.weight", "mlp.ff", "width", 0, types), \
	W("mlp.up", in ".%.mlp.up_proj.weight", "mlp.ff", "width", 0, types), \
	W("mlp.down", in ".%.mlp.down_proj.weight", "width", "mlp.ff", 0, types)

static const seqp_part parts[] = {
	W("embed", "embeddings.weight", "vocab", "width", 0, 0),
	W("out_norm.w", "norm.weight", "width", NULL, 0, 0),
	W("head", "/lm_head.weight", "vocab", "width", SEQP_OPT, 0),
	FRAME("self_layers", IN_SELF),
	FRAME("cross_layers", IN_CROSS),
	W("kv_norm.w", "shared_kv_builder.kv_norm.weight", "width", NULL, 0, 0),
	W("kv.k", "shared_kv_builder.k_proj.weight", "cross.kv_heads*cross.head_dim", "width", 0, 0),
	W("kv.v", "shared_kv_builder.v_proj.weight", "cross.kv_heads*cross.head_dim", "width", 0, 0),
	W("kv.k.b", "shared_kv_builder.k_proj.bias", "cross.kv_heads*cross.head_dim", NULL, SEQP_OPT, 0),
	W("kv.v.b", "shared_kv_builder.v_proj.bias", "cross.kv_heads*cross.head_dim", NULL, SEQP_OPT, 0),
	W("cross.q", "cross_layers.%.attn.q_proj.weight", "cross.heads*cross.head_dim", "width", 0, IN_CROSS),
	W("cross.q.b", "cross_layers.%.attn.q_proj.bias", "cross.heads*cross.head_dim", NULL, SEQP_OPT, IN_CROSS),
	W("cross.o", "cross_layers.%.attn.o_proj.weight", "width", "cross.heads*cross.head_dim", 0, IN_CROSS),
	W("cross.q_norm.w", "cross_layers.%.attn.q_norm.weight", "cross.head_dim", NULL, SEQP_OPT, IN_CROSS),
	SELF_W("attn.q", "q_proj.weight", "attn.q.heads*attn.head_dim", "width", 0, GATED_DELTA),
	SELF_W("attn.k", "k_proj.weight", "attn.k.heads*attn.head_dim", "width", 0, GATED_DELTA),
	SELF_W("attn.v", "v_proj.weight", "attn.heads*attn.v_head_dim", "width", 0, GATED_DELTA),
	SELF_W("attn.o", "o_proj.weight", "width", "attn.heads*attn.v_head_dim", 0, GATED_DELTA),
	SELF_W("attn.q.conv.w", "q_conv1d.weight", "attn.q.heads*attn.head_dim", "attn.conv_size", SEQP_SMALL | SEQP_OPT, GATED_DELTA),
	SELF_W("attn.k.conv.w", "k_conv1d.weight", "attn.k.heads*attn.head_dim", "attn.conv_size", SEQP_SMALL | SEQP_OPT, GATED_DELTA),
	SELF_W("attn.v.conv.w", "v_conv1d.weight", "attn.heads*attn.v_head_dim", "attn.conv_size", SEQP_SMALL | SEQP_OPT, GATED_DELTA),
	SELF_W("attn.beta", "b_proj.weight", "attn.heads", "width", 0, GATED_DELTA),
	SELF_W("attn.g", "a_proj.weight", "attn.heads", "width", 0, GATED_DELTA),
	SELF_W("attn.g.b", "dt_bias", "attn.heads", NULL, 0, GATED_DELTA),
	SELF_W("attn.A", "A_log", "attn.heads", NULL, SEQP_HF_NEGEXP, GATED_DELTA),
	SELF_W("attn.gate", "g_proj.weight", "attn.heads*attn.v_head_dim", "width", SEQP_OPT, GATED_DELTA),
	SELF_W("attn.norm.w", "o_norm.weight", "attn.v_head_dim", NULL, 0, GATED_DELTA),
	SELF_W("ret.q", "q_proj.weight", "width", "width", 0, RETENTION),
	SELF_W("ret.k", "k_proj.weight", "width", "width", 0, RETENTION),
	SELF_W("ret.v", "v_proj.weight", "width", "width", 0, RETENTION),
	SELF_W("ret.o", "o_proj.weight", "width", "width", 0, RETENTION),
	SELF_W("ret.gate", "g_proj.weight", "width", "width", 0, RETENTION),
	SELF_W("ret.g", "gk_proj.weight", "ret.heads", "width", 0, RETENTION),
	SELF_W("swa.q", "q_proj.weight", "width", "width", 0, SWA),
	SELF_W("swa.k", "k_proj.weight", "width", "width", 0, SWA),
	SELF_W("swa.v", "v_proj.weight", "width", "width", 0, SWA),
	SELF_W("swa.o", "o_proj.weight", "width", "width", 0, SWA),
	SELF_W("swa.q.b", "q_proj.bias", "width", NULL, SEQP_OPT, SWA),
	SELF_W("swa.k.b", "k_proj.bias", "width", NULL, SEQP_OPT, SWA),
	SELF_W("swa.v.b", "v_proj.bias", "width", NULL, SEQP_OPT, SWA),
	{0}
};

static int layer_numbers(seq_model *m, int64_t layer, int64_t self, seq_error *err)
{
	bool cross = layer >= self;
	double type = layer > self ? CROSS : layer == self ? FIRST_CROSS : seqp_model_number(m, -1, "yoco.type", GATED_DELTA);
	int e = seqp_number_set(m, layer, "type", type, err);
	if (e < 0)
		return e;
	if (!cross)
		return seqp_number_set(m, layer, "rope.theta", seqp_model_number(m, -1, "yoco.theta", 1e4), err);
	e = seqp_number_set(m, layer, "cross.kv_from", (double)self, err);
	return e < 0 ? e : seqp_number_set(m, layer, "names.layer", (double)(layer - self), err);
}

static int finish(seq_model *m, seq_error *err)
{
	int64_t self = (int64_t)seqp_model_number(m, -1, "yoco.self", 0);
	double heads = seqp_model_number(m, -1, "attn.q.heads", 1);
	int e = seqp_fla_finish(m, err);
	if (self >= m->layers)
		return seqp_fail(err, SEQ_E_FORMAT, "num_self_decoder_layers %lld of %lld layers", (long long)self, (long long)m->layers);
	if (e < 0 || (e = seqp_number_set(m, -1, "ret.head_dim", floor((double)m->width / heads), err)) < 0 ||
	    (e = seqp_number_set(m, -1, "ret.g.factor", 1 / seqp_model_number(m, -1, "ret.g.div", 16), err)) < 0 ||
	    (e = seqp_number_set(m, -1, "embed_scale", sqrt((double)m->width), err)) < 0)
		return e;
	for (int64_t i = 0; i < m->layers && e >= 0; i++)
		e = layer_numbers(m, i, self, err);
	return e;
}

#define MLP_HALF ADD(X, X, B), NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B)

static const seqp_op gated_delta[] = FLA_BLOCK("gated-delta-rule");
static const seqp_op retention[] = {NORM(A, X, "rms", "attn_norm"), MIX(B, A, "simple-gla", "ret"), MLP_HALF};
static const seqp_op swa[] = {NORM(A, X, "rms", "attn_norm"), MIX(B, A, "softmax", "swa"), MLP_HALF};
static const seqp_op cross[] = {NORM(A, X, "rms", "attn_norm"), MIX(B, A, "softmax", "cross"), MLP_HALF};
static const seqp_op first_cross[] = {NORM(C, X, "rms", "kv_norm"), MIX(D, C, "keys", "kv"), NORM(A, X, "rms", "attn_norm"),
	MIX(B, A, "softmax", "cross"), MLP_HALF};

#define BLOCK(ops) {ops, sizeof ops / sizeof *ops}
static const seqp_block blocks[] = {BLOCK(gated_delta), BLOCK(first_cross), BLOCK(cross), BLOCK(retention), BLOCK(swa)};
static const seqp_number *const lists[] = {numbers, seqp_fla_21, seqp_fla_model, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};
static const char *const hf[] = {"yoco", NULL};

const seqp_arch seqp_arch_yoco = {
	.name = "yoco", .gguf = seqp_fla_none, .hf = hf, .prefix = seqp_fla_prefix, .numbers = lists, .parts = part_lists,
	.refuse_hf = "attnres_block_size", .finish = finish, .block = blocks, .blocks = sizeof blocks / sizeof *blocks,
};
