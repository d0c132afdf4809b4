/* SPDX-License-Identifier: MIT */
#include "model/arch/fla.h"

#include <math.h>

const char *const seqp_fla_prefix[] = {"model.", "", NULL}, *const seqp_fla_none[] = {NULL};

const seqp_word seqp_fla_map_words[] = {
	{"identity", 0}, {"swish", 1}, {"silu", 1}, {"relu", 2}, {"elu", 3}, {"sigmoid", 4}, {0}
};

const seqp_number seqp_fla_21[] = {FLA_INT("layers", "num_hidden_layers", 1, 10000, 21), {0}};

/* One set of layers of softmax attention; newer files may have it in a list. */
#define ATTN(key) "attn.0." key "|attn." key

const seqp_number seqp_fla_model[] = {
	FLA_INT("layers", "num_hidden_layers", 1, 10000, 24),
	FLA_INT("width", "hidden_size", 1, 1 << 20, 2048),
	{"context", NULL, "max_position_embeddings", 0, 1e15, SEQP_INT, 0, NULL, NULL},
	{"norm_eps", NULL, "norm_eps", 0, 1, SEQP_DFLT, 1e-6, NULL, NULL},
	FLA_INT("tied", "tie_word_embeddings", 0, 1, 0),
	FLA_INT("mlp.ratio", "hidden_ratio", 1, 64, 4),
	{"mlp.ff", NULL, "intermediate_size", 1, 1 << 24, SEQP_INT | SEQP_NEED, 0, "(2*width*mlp.ratio/3+255)/256*256", NULL},
	{"mlp.act", NULL, "hidden_act", 0, 4, SEQP_INT | SEQP_DFLT, 0, NULL, seqp_act_words},
	{"full.heads", NULL, ATTN("num_heads"), 1, 65536, SEQP_INT, 0, NULL, NULL},
	{"full.kv_heads", NULL, ATTN("num_kv_heads"), 1, 65536, SEQP_INT, 0, "full.heads", NULL},
	{"full.head_dim", NULL, NULL, 1, 65536, SEQP_INT, 0, "width/full.heads", NULL},
	{"full.window", NULL, ATTN("window_size"), 0, 1e15, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	FLA_SET("full.rope", "1"),
	{"full.qk_norm", NULL, ATTN("qk_norm"), 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"rope.theta", NULL, ATTN("rope_theta") "|rope_theta", 1e-3, 1e15, SEQP_DFLT, 1e4, NULL, NULL},
	{0}
};

const seqp_number seqp_fla_conv[] = {
	FLA_INT("attn.use_conv", "use_short_conv", 0, 1, 1),
	FLA_INT("attn.conv_size", "conv_size", 2, 8, 4),
	FLA_SET("attn.conv", "attn.use_conv*attn.conv_size"),
	{0}
};

const seqp_number seqp_fla_no_conv[] = {FLA_INT("attn.use_conv", "use_short_conv", 0, 1, 0), {0}};

#define FULL(role, hf, rows, cols, how) {"full." role, NULL, "layers.%.attn." hf, rows, cols, how, NULL, NULL, 2}

const seqp_part seqp_fla_frame[] = {
	{"embed", NULL, "embeddings.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"out_norm.w", NULL, "norm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"head", NULL, "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{"attn_norm.w", NULL, "layers.%.attn_norm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"mlp_norm.w", NULL, "layers.%.mlp_norm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"mlp.gate", NULL, "layers.%.mlp.gate_proj.weight", "mlp.ff", "width", 0, NULL, NULL, 0},
	{"mlp.up", NULL, "layers.%.mlp.up_proj.weight", "mlp.ff", "width", 0, NULL, NULL, 0},
	{"mlp.down", NULL, "layers.%.mlp.down_proj.weight", "width", "mlp.ff", 0, NULL, NULL, 0},
	FULL("q", "q_proj.weight", "full.heads*full.head_dim", "width", 0),
	FULL("k", "k_proj.weight", "full.kv_heads*full.head_dim", "width", 0),
	FULL("v", "v_proj.weight", "full.kv_heads*full.head_dim", "width", 0),
	FULL("o", "o_proj.weight", "width", "full.heads*full.head_dim", 0),
	FULL("q.b", "q_proj.bias", "full.heads*full.head_dim", NULL, SEQP_OPT),
	FULL("k.b", "k_proj.bias", "full.kv_heads*full.head_dim", NULL, SEQP_OPT),
	FULL("v.b", "v_proj.bias", "full.kv_heads*full.head_dim", NULL, SEQP_OPT),
	FULL("q_norm.w", "q_norm.weight", "full.head_dim", NULL, SEQP_OPT),
	FULL("k_norm.w", "k_norm.weight", "full.head_dim", NULL, SEQP_OPT),
	{0}
};

const seqp_part seqp_fla_qkvo[] = {
	FLA("q", "q_proj.weight", "attn.q.heads*attn.head_dim", "width", 0),
	FLA("k", "k_proj.weight", "attn.k.heads*attn.head_dim", "width", 0),
	FLA("v", "v_proj.weight", "attn.v.heads*attn.v_head_dim", "width", 0),
	FLA("o", "o_proj.weight", "width", "attn.heads*attn.v_head_dim", 0),
	FLA("q.conv.w", "q_conv1d.weight", "attn.q.heads*attn.head_dim", "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("k.conv.w", "k_conv1d.weight", "attn.k.heads*attn.head_dim", "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("v.conv.w", "v_conv1d.weight", "attn.v.heads*attn.v_head_dim", "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("q.conv.b", "q_conv1d.bias", "attn.q.heads*attn.head_dim", NULL, SEQP_OPT),
	FLA("k.conv.b", "k_conv1d.bias", "attn.k.heads*attn.head_dim", NULL, SEQP_OPT),
	FLA("v.conv.b", "v_conv1d.bias", "attn.v.heads*attn.v_head_dim", NULL, SEQP_OPT),
	{0}
};

const seqp_op seqp_fla_full_ops[6] = {
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, "softmax", "full"), ADD(X, X, B), NORM(A, X, "rms", "mlp_norm"),
	MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};

/* Layers that "attn.layers" lists are of type 1. */
static int types(seq_model *m, seq_error *err)
{
	seqp_raw r = seqp_store_get(&m->src, ATTN("layers")), sets = seqp_store_get(&m->src, "attn");
	double *at = seqp_arena_alloc(&m->arena, r.count, sizeof *at);
	if (!at && r.count)
		return seqp_nomem(err, r.count * sizeof *at);
	if (r.kind != SEQP_ABSENT && (r.kind != SEQP_LIST || seqp_raw_numbers(&r, at, r.count) < r.count))
		return seqp_fail(err, SEQ_E_FORMAT, "attn.layers is no list of layers");
	if (sets.kind == SEQP_LIST && sets.count > 1)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "attn: %zu kinds of attention beside the mixer", sets.count);
	int e = r.count && !seqp_number_has(m, -1, "full.heads")
	        ? seqp_fail(err, SEQ_E_FORMAT, "attn.layers without attn.num_heads") : SEQ_OK;
	if (e >= 0)
		e = seqp_number_set(m, -1, "type", 0, err);
	for (size_t i = 0; i < r.count && e >= 0; i++) {
		if (!(at[i] >= 0 && at[i] < (double)m->layers) || at[i] != floor(at[i]))
			return seqp_fail(err, SEQ_E_FORMAT, "attn.layers: there is no layer %g", at[i]);
		e = seqp_number_set(m, (int64_t)at[i], "type", 1, err);
	}
	/* each mixer's rope spans its own heads */
	return e < 0 ? e : seqp_number_set(m, -1, "rope.dim", 0, err);
}

/* to = whole part of from * factor, divided among heads */
static int expand(seq_model *m, const char *to, const char *factor, double from, double heads, seq_error *err)
{
	double n = floor(from * seqp_model_number(m, -1, factor, 1) + 1e-9);
	if (!(n >= heads && n <= 1 << 24) || fmod(n, heads) != 0)
		return seqp_fail(err, SEQ_E_FORMAT, "%s %g makes %g columns of %g heads", factor, seqp_model_number(m, -1, factor, 1), n, heads);
	return seqp_number_set(m, -1, to, n / heads, err);
}

int seqp_fla_finish(seq_model *m, seq_error *err)
{
	int e = expand(m, "attn.v_head_dim", "attn.expand_v", seqp_model_number(m, -1, "attn.head_dim", 0), 1, err);
	return e < 0 ? e : types(m, err);
}

int seqp_fla_finish_wide(seq_model *m, seq_error *err)
{
	double heads = seqp_model_number(m, -1, "attn.heads", 1);
	int e = expand(m, "attn.head_dim", "attn.expand_k", (double)m->width, heads, err);
	if (e < 0 || (e = expand(m, "attn.v_head_dim", "attn.expand_v", (double)m->width, heads, err)) < 0)
		return e;
	double div = seqp_model_number(m, -1, "attn.g.div", 0);
	if (div && (e = seqp_number_set(m, -1, "attn.g.factor", 1 / div, err)) < 0)
		return e;
	return types(m, err);
}

int seqp_fla_finish_ratio(seq_model *m, bool heads_follow, seq_error *err)
{
	double K = seqp_model_number(m, -1, "attn.expand", 0), heads = seqp_model_number(m, -1, "attn.heads", 0);
	if (K && (heads_follow || !heads))
		heads = floor((double)m->width / K);
	if (!K && heads)
		K = floor((double)m->width / heads);
	if (!(heads >= 1) || fmod((double)m->width, heads) != 0)
		return seqp_fail(err, SEQ_E_FORMAT, "num_heads and expand_ratio do not say how %lld columns divide into heads", (long long)m->width);
	int e = seqp_number_set(m, -1, "attn.heads", heads, err);
	if (e < 0 || (e = seqp_number_set(m, -1, "attn.head_dim", K, err)) < 0 ||
	    (e = seqp_number_set(m, -1, "attn.v_head_dim", (double)m->width / heads, err)) < 0)
		return e;
	return types(m, err);
}
