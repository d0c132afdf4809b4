/* SPDX-License-Identifier: MIT */
/* gla, retnet, gsa, abc, lightnet, hgrn, hgrn2, linear_attn, mesa_net. */
#include "model/arch/fla.h"

#include <math.h>

#define AFFINE FLA_INT("attn.affine", "elementwise_affine", 1, 1, 1)
/* heads of q, and of k, v and their gates, which may be fewer; widths of all heads together */
#define KV_HEADS(dflt) \
	FLA_INT("attn.heads", "num_heads", 1, 65536, dflt), FLA_SET("attn.q.heads", "attn.heads"), \
	{"attn.k.heads", NULL, "num_kv_heads", 1, 65536, SEQP_INT | SEQP_NEED, 0, "attn.heads", NULL}, \
	FLA_SET("attn.v.heads", "attn.k.heads"), FLA_SET("attn.g.heads", "attn.k.heads")
#define EXPAND(k, v) \
	{"attn.expand_k", NULL, "expand_k|exapnd_k", 0, 64, SEQP_DFLT, k, NULL, NULL}, \
	{"attn.expand_v", NULL, "expand_v|exapnd_v", 0, 64, SEQP_DFLT, v, NULL, NULL}
#define QK_MAP(key, dflt, words) \
	{"attn.q.map", NULL, key, 0, 8, SEQP_INT | SEQP_DFLT, dflt, NULL, words}, \
	{"attn.k.map", NULL, key, 0, 8, SEQP_INT | SEQP_DFLT, dflt, NULL, words}
#define CONST(key, value) {key, NULL, NULL, -1e30, 1e30, SEQP_DFLT, value, NULL, NULL}
#define CONV_SILU FLA_INT("attn.conv.silu", "use_short_conv", 0, 1, 0)

static const seqp_word feature_words[] = {{"swish", 1}, {"silu", 1}, {"relu", 2}, {"sigmoid", 4}, {0}};

static const seqp_number gla[] = {
	KV_HEADS(4), EXPAND(0.5, 1), AFFINE, CONV_SILU, QK_MAP("feature_map", 0, feature_words),
	FLA_INT("attn.use_gk", "use_gk", 1, 1, 1),
	CONST("attn.g.div", 16),
	{"attn.g.floor", NULL, "clamp_min", -1e30, 0, 0, 0, NULL, NULL},
	FLA_INT("attn.gate", "use_output_gate", 0, 1, 1),
	FLA_SET("attn.rank", "16"),
	{0}
};

static const seqp_part gla_parts[] = {
	FLA("g.0", "gk_proj.0.weight", "attn.rank", "width", 0),
	FLA("g", "gk_proj.1.weight", "attn.g.heads*attn.head_dim", "attn.rank", 0),
	FLA("g.b", "gk_proj.1.bias", "attn.g.heads*attn.head_dim", NULL, 0),
	{0}
};

/* The norm goes by two names. */
static const seqp_part swish_gate[] = {
	FLA("gate", "g_proj.weight", "attn.heads*attn.v_head_dim", "width", SEQP_OPT),
	FLA("norm.w", "g_norm_swish_gate.weight", "attn.v_head_dim", NULL, SEQP_OPT),
	FLA("norm.w", "g_norm.weight", "attn.v_head_dim", NULL, 0),
	{0}
};

static const seqp_number retnet[] = {
	FLA_INT("mlp.ratio", "hidden_ratio", 1, 64, 2),
	KV_HEADS(8), EXPAND(1, 2), AFFINE, CONV_SILU, QK_MAP("feature_map", 0, feature_words),
	FLA_SET("attn.rope", "1"),
	FLA_INT("attn.gate", "use_output_gate", 0, 1, 1),
	{0}
};

/* Its own rope has the usual base whatever that of the full layers is. */
static int finish_retnet(seq_model *m, seq_error *err)
{
	int e = seqp_fla_finish_wide(m, err);
	for (int64_t i = 0; i < m->layers && e >= 0; i++)
		if (!seqp_model_number(m, i, "type", 0))
			e = seqp_number_set(m, i, "rope.theta", 1e4, err);
	return e;
}

static const seqp_number gsa[] = {
	KV_HEADS(4), EXPAND(1, 1), AFFINE, CONV_SILU, QK_MAP("feature_map", 1, feature_words),
	{"attn.slots", NULL, "num_slots", 1, 4096, SEQP_INT | SEQP_DFLT, 64, NULL, NULL},
	{"attn.g.div", NULL, "gate_logit_normalizer", 1e-3, 1e6, SEQP_DFLT, 8, NULL, NULL},
	FLA_SET("attn.scale", "1"), FLA_SET("attn.o.map", "1"), FLA_SET("attn.norm", "1"), CONST("attn.norm_eps", 1e-5),
	{0}
};

static const seqp_part gsa_parts[] = {
	FLA("g", "f_proj.weight", "attn.g.heads*attn.slots", "width", 0),
	FLA("norm.w", "g_norm.weight", "width", NULL, 0),
	{0}
};

static const seqp_number abc[] = {
	KV_HEADS(4), EXPAND(0.5, 1), AFFINE, CONV_SILU,
	{"attn.slots", NULL, "num_slots", 1, 4096, SEQP_INT | SEQP_DFLT, 64, NULL, NULL},
	{"attn.s.floor", NULL, "clamp_min", -1e30, 1e30, SEQP_DFLT, -32, NULL, NULL},
	{"attn.s.factor", NULL, "clamp_max", -1e30, 1e30, SEQP_DFLT, 32, NULL, NULL},
	FLA_INT("attn.rope", "use_rope", 0, 1, 1), FLA_SET("attn.gate", "1"),
	{0}
};

static const seqp_part abc_parts[] = {FLA("s", "s_proj.weight", "attn.heads*attn.slots", "width", 0), {0}};

#define RATIO \
	FLA_INT("attn.heads", "num_heads", 0, 65536, 0), \
	{"attn.expand", NULL, "expand_ratio", 0, 4096, SEQP_INT | SEQP_DFLT | SEQP_NULL_ZERO, 128, NULL, NULL}, AFFINE, \
	FLA_SET("attn.norm", "1")

static const seqp_number lightnet[] = {
	RATIO, CONST("attn.norm_eps", 1e-6),
	FLA_SET("attn.gate", "1"), FLA_INT("attn.rank", "gate_low_rank_dim", 1, 1 << 20, 128),
	{0}
};

static const seqp_part lightnet_parts[] = {
	FLA("q", "q_proj.weight", "attn.heads*attn.head_dim", "width", 0),
	FLA("k", "k_proj.weight", "attn.heads*attn.head_dim", "width", 0),
	FLA("v", "v_proj.weight", "width", "width", 0),
	FLA("o", "o_proj.weight", "width", "width", 0),
	FLA("q.conv.w", "q_conv1d.weight", "attn.heads*attn.head_dim", "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("k.conv.w", "k_conv1d.weight", "attn.heads*attn.head_dim", "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("v.conv.w", "v_conv1d.weight", "width", "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("gate.0", "g_proj.0.weight", "attn.rank", "width", 0),
	FLA("gate", "g_proj.1.weight", "width", "attn.rank", 0),
	FLA("norm.w", "g_norm.weight", "width", NULL, 0),
	{0}
};

static int finish_lightnet(seq_model *m, seq_error *err)
{
	return seqp_fla_finish_ratio(m, false, err);
}

static const seqp_number hgrn2[] = {
	RATIO, CONST("attn.norm_eps", 1e-5),
	FLA_INT("attn.use_lower", "use_lower_bound", 0, 1, 1),
	{0}
};

static const seqp_part hgrn2_parts[] = {
	FLA("q", "q_proj.weight", "attn.heads*attn.head_dim", "width", 0),
	FLA("g", "f_proj.weight", "attn.heads*attn.head_dim", "width", 0),
	FLA("v", "i_proj.weight", "width", "width", 0),
	FLA("o", "o_proj.weight", "width", "width", 0),
	FLA("q.conv.w", "q_conv1d.weight", "attn.heads*attn.head_dim", "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("g.conv.w", "f_conv1d.weight", "attn.heads*attn.head_dim", "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("v.conv.w", "i_conv1d.weight", "width", "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("norm.w", "g_norm.weight", "width", NULL, 0),
	{"attn.lower", NULL, "lower_bounds", "layers", "width", SEQP_SMALL | SEQP_OPT, NULL, NULL, 0},
	{0}
};

static int finish_hgrn2(seq_model *m, seq_error *err)
{
	return seqp_fla_finish_ratio(m, true, err);
}

static const seqp_number hgrn[] = {
	FLA_INT("width", "hidden_size", 1, 1 << 20, 2048), FLA_INT("attn.expand_k", "expand_ratio", 1, 64, 1),
	FLA_INT("attn.expand_v", "expand_ratio", 1, 64, 1), AFFINE,
	FLA_SET("attn.inner", "width*attn.expand_k"),
	FLA_INT("attn.use_lower", "use_lower_bound", 0, 1, 1), FLA_SET("attn.gate", "1"),
	{0}
};

static const seqp_part hgrn_parts[] = {
	FLA("x", "i_proj.weight", "attn.inner", "width", 0),
	FLA("g", "f_proj.weight", "attn.inner", "width", 0),
	FLA("gate", "g_proj.weight", "attn.inner", "width", 0),
	FLA("o", "o_proj.weight", "width", "attn.inner", 0),
	FLA("x.conv.w", "i_conv1d.weight", "attn.inner", "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("g.conv.w", "f_conv1d.weight", "attn.inner", "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("norm.w", "g_norm.weight", "attn.inner", NULL, 0),
	{"attn.lower", NULL, "lower_bounds", "layers", "width", SEQP_SMALL | SEQP_OPT, NULL, NULL, 0},
	{0}
};

static const seqp_word map_words[] = {{"elementwise_product", 1}, {"t2r", 2}, {"hedgehog", 3}, {"dpfp", 4}, {"elu", 0}, {"relu", 0},
	{"identity", 0}, {0}};
static const seqp_word plain_words[] = {{"elementwise_product", 0}, {"t2r", 0}, {"hedgehog", 0}, {"dpfp", 0}, {"elu", 3}, {"relu", 2},
	{"identity", 0}, {0}};

static const seqp_number linear[] = {
	KV_HEADS(4), EXPAND(1, 1), AFFINE,
	{"attn.feature", NULL, "feature_map", 0, 4, SEQP_INT | SEQP_DFLT, 1, NULL, map_words},
	QK_MAP("feature_map", 0, plain_words),
	FLA_INT("attn.normalise", "norm_feature_map", 0, 1, 0), CONST("attn.eps", 1e-10),
	FLA_INT("attn.norm_q", "norm_q", 0, 1, 0), FLA_SET("attn.q.norm", "2*attn.norm_q"),
	FLA_INT("attn.norm_k", "norm_k", 0, 1, 0), FLA_SET("attn.k.norm", "2*attn.norm_k"), CONST("attn.qk_norm.eps", 1e-4),
	FLA_SET("attn.conv", "0"),
	{0}
};

#define F "attn.feature_in"
#define FEATURES(role, hf) \
	FLA(role ".f1.w", hf ".layer1.weight", F, F, SEQP_SMALL | SEQP_OPT), FLA(role ".f1.b", hf ".layer1.bias", F, NULL, SEQP_OPT), \
	FLA(role ".f2.w", hf ".layer2.weight", F, F, SEQP_SMALL | SEQP_OPT), FLA(role ".f2.b", hf ".layer2.bias", F, NULL, SEQP_OPT), \
	FLA(role ".f1.w", hf ".layer.weight", F, F, SEQP_SMALL | SEQP_OPT), FLA(role ".f1.b", hf ".layer.bias", F, NULL, SEQP_OPT)

static const seqp_part linear_parts[] = {
	FLA("q", "q_proj.weight", "attn.q.heads*" F, "width", 0),
	FLA("k", "k_proj.weight", "attn.k.heads*" F, "width", 0),
	FLA("v", "v_proj.weight", "attn.v.heads*attn.v_head_dim", "width", 0),
	FLA("o", "o_proj.weight", "width", "attn.heads*attn.v_head_dim", 0),
	FLA("norm.w", "norm.weight", "attn.v_head_dim", NULL, 0),
	FEATURES("q", "feature_map_q"),
	FEATURES("k", "feature_map_k"),
	FEATURES("k", "feature_map_q"), /* tied ones are stored once */
	{0}
};

static int finish_linear(seq_model *m, seq_error *err)
{
	static const int wider[] = {1, 1, 1, 2, 8};
	int e = seqp_fla_finish_wide(m, err);
	double D = seqp_model_number(m, -1, "attn.head_dim", 1);
	if (e < 0 || (e = seqp_number_set(m, -1, F, D, err)) < 0)
		return e;
	return seqp_number_set(m, -1, "attn.head_dim", D * wider[(int)seqp_model_number(m, -1, "attn.feature", 0)], err);
}

static const seqp_number mesa[] = {
	FLA_INT("attn.heads", "num_heads", 1, 65536, 16), FLA_INT("attn.head_dim", "head_dim", 1, 4096, 128),
	FLA_SET("attn.q.heads", "attn.heads"), FLA_SET("attn.k.heads", "attn.heads"), FLA_SET("attn.v.heads", "attn.heads"),
	FLA_INT("attn.conv_size", "conv_size", 2, 8, 4), FLA_SET("attn.conv", "attn.conv_size"), FLA_SET("attn.qk_norm", "1"),
	{"attn.lamb_min", NULL, "lambda_lower_bound", 0, 1e6, SEQP_DFLT, 0.25, NULL, NULL},
	FLA_INT("attn.gate", "use_output_gate", 0, 1, 0),
	{0}
};

static const seqp_part mesa_parts[] = {
	FLA("g", "a_proj.weight", "attn.heads", "width", 0),
	FLA("g.b", "a_proj.bias", "attn.heads", NULL, 0),
	FLA("beta", "b_proj.weight", "attn.heads", "width", 0),
	FLA("beta.b", "b_proj.bias", "attn.heads", NULL, 0),
	FLA("lamb", "lambda_params", "attn.heads*attn.head_dim", NULL, 0),
	FLA("gate", "g_proj.weight", "attn.heads*attn.v_head_dim", "width", SEQP_OPT),
	FLA("norm.w", "o_norm.weight", "attn.v_head_dim", NULL, 0),
	{0}
};

#define MODEL(symbol, title, mixer, refused, finishing, ...) \
	static const seqp_op symbol##_ops[6] = FLA_BLOCK(mixer); \
	static const seqp_number *const symbol##_lists[] = {symbol, seqp_fla_no_conv, seqp_fla_conv, seqp_fla_model, NULL}; \
	static const seqp_part *const symbol##_part_lists[] = {seqp_fla_frame, __VA_ARGS__, NULL}; \
	FLA_ARCH(symbol, title, symbol##_ops, symbol##_lists, symbol##_part_lists, refused, finishing)

MODEL(gla, "gla", "gla", "|use_gv", seqp_fla_finish_wide, seqp_fla_qkvo, gla_parts, swish_gate);
MODEL(retnet, "retnet", "retention", "", finish_retnet, seqp_fla_qkvo, swish_gate);
MODEL(gsa, "gsa", "gsa", "", seqp_fla_finish_wide, seqp_fla_qkvo, gsa_parts);
MODEL(abc, "abc", "abc", "", seqp_fla_finish_wide, seqp_fla_qkvo, abc_parts, swish_gate);
MODEL(lightnet, "lightnet", "lightnet", "", finish_lightnet, lightnet_parts);
MODEL(hgrn, "hgrn", "hgrn", "", seqp_fla_finish_wide, hgrn_parts);
MODEL(hgrn2, "hgrn2", "hgrn2", "", finish_hgrn2, hgrn2_parts);
MODEL(linear, "linear_attn", "linear", "", finish_linear, linear_parts);
MODEL(mesa, "mesa_net", "mesa-net", "", seqp_fla_finish, mesa_parts, seqp_fla_qkvo);
