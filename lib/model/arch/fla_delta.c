/* SPDX-License-Identifier: MIT */
/* delta_net, gated_deltanet, kda: the delta rule without a decay, with one per head, with one per key channel;
 * gated_deltaproduct, comba, mom. */
#include "model/arch/fla.h"

#define HEADS(dflt, expand) \
	FLA_INT("attn.q.heads", "num_heads", 1, 65536, dflt), FLA_INT("attn.k.heads", "num_heads", 1, 65536, dflt), \
	{"attn.heads", NULL, "num_v_heads", 1, 65536, SEQP_INT | SEQP_NEED, 0, "attn.q.heads", NULL}, FLA_SET("attn.v.heads", "attn.heads"), \
	FLA_INT("attn.head_dim", "head_dim", 1, 4096, 256), \
	{"attn.expand_v", NULL, "expand_v", 0, 64, SEQP_DFLT, expand, NULL, NULL}, FLA_SET("attn.qk_norm", "1"), \
	FLA_INT("attn.neg", "allow_neg_eigval", 0, 1, 0), FLA_SET("attn.beta.factor", "1+attn.neg")

static const seqp_number gated[] = {
	HEADS(6, 2),
	FLA_INT("attn.gate", "use_gate", 0, 1, 1),
	{"attn.gate.map", NULL, "output_gate_activation", 0, 4, SEQP_INT | SEQP_DFLT, 1, NULL, seqp_fla_map_words},
	{0}
};

static const seqp_part gated_parts[] = {
	FLA("beta", "b_proj.weight", "attn.heads", "width", 0),
	FLA("g", "a_proj.weight", "attn.heads", "width", 0),
	FLA("g.b", "dt_bias", "attn.heads", NULL, 0),
	FLA("A", "A_log", "attn.heads", NULL, SEQP_HF_NEGEXP),
	FLA("gate", "g_proj.weight", "attn.heads*attn.v_head_dim", "width", SEQP_OPT),
	FLA("norm.w", "o_norm.weight", "attn.v_head_dim", NULL, 0),
	{0}
};

static const seqp_number kda[] = {
	FLA_INT("attn.head_dim", "head_dim", 1, 4096, 128), HEADS(16, 1),
	FLA_SET("attn.gate", "1"),
	FLA_SET("attn.gate.map", "4"),
	FLA_INT("attn.safe", "safe_gate", 0, 1, 0),
	{"attn.g.factor", NULL, "lower_bound", -1e6, 0, 0, 0, NULL, NULL},
	{0}
};

static const seqp_part kda_parts[] = {
	FLA("beta", "b_proj.weight", "attn.heads", "width", 0),
	FLA("g.0", "f_proj.0.weight", "attn.v_head_dim", "width", 0),
	FLA("g", "f_proj.1.weight", "attn.heads*attn.head_dim", "attn.v_head_dim", 0),
	FLA("g.b", "dt_bias", "attn.heads*attn.head_dim", NULL, 0),
	FLA("A", "A_log", "attn.heads", NULL, SEQP_HF_NEGEXP),
	FLA("gate.0", "g_proj.0.weight", "attn.v_head_dim", "width", 0),
	FLA("gate", "g_proj.1.weight", "attn.heads*attn.v_head_dim", "attn.v_head_dim", 0),
	FLA("gate.b", "g_proj.1.bias", "attn.heads*attn.v_head_dim", NULL, SEQP_OPT),
	FLA("norm.w", "o_norm.weight", "attn.v_head_dim", NULL, 0),
	{0}
};

/* A lower bound makes another gate of it. */
static int finish_kda(seq_model *m, seq_error *err)
{
	bool bound = seqp_number_has(m, -1, "attn.g.factor");
	if (!bound && seqp_model_number(m, -1, "attn.safe", 0) != 0)
		return seqp_fail(err, SEQ_E_FORMAT, "safe_gate without lower_bound");
	int e = bound ? seqp_number_set(m, -1, "attn.g.map", 7, err) : SEQ_OK;
	return e < 0 ? e : seqp_fla_finish(m, err);
}

static const seqp_word norm_words[] = {{"l2", 1}, {"sum", 2}, {0}};

static const seqp_number delta[] = {
	FLA_INT("attn.heads", "num_heads", 1, 65536, 16), FLA_SET("attn.q.heads", "attn.heads"), FLA_SET("attn.k.heads", "attn.heads"),
	FLA_SET("attn.v.heads", "attn.heads"),
	{"attn.expand_k", NULL, "expand_k", 0, 64, SEQP_DFLT, 1, NULL, NULL},
	{"attn.expand_v", NULL, "expand_v", 0, 64, SEQP_DFLT, 1, NULL, NULL},
	{"attn.q.map", NULL, "qk_activation", 0, 4, SEQP_INT | SEQP_DFLT, 1, NULL, seqp_fla_map_words},
	{"attn.k.map", NULL, "qk_activation", 0, 4, SEQP_INT | SEQP_DFLT, 1, NULL, seqp_fla_map_words},
	{"attn.qk_norm", NULL, "qk_norm", 1, 2, SEQP_INT | SEQP_DFLT, 1, NULL, norm_words},
	FLA_INT("attn.use_beta", "use_beta", 1, 1, 1),
	FLA_INT("attn.neg", "allow_neg_eigval", 0, 1, 0), FLA_SET("attn.beta.factor", "1+attn.neg"),
	FLA_INT("attn.gate", "use_gate", 0, 1, 0),
	{0}
};

static const seqp_part delta_parts[] = {
	FLA("beta", "b_proj.weight", "attn.heads", "width", 0),
	FLA("gate", "g_proj.weight", "attn.heads*attn.v_head_dim", "width", SEQP_OPT),
	FLA("norm.w", "o_norm.weight", "attn.v_head_dim", NULL, 0),
	{0}
};

static const seqp_number product[] = {
	HEADS(6, 2),
	FLA_INT("attn.steps", "num_householder", 1, 64, 1),
	FLA_INT("attn.g.use", "use_forget_gate", 0, 1, 0),
	FLA_INT("attn.gate", "use_output_gate", 0, 1, 1),
	{0}
};

static const seqp_part product_parts[] = {
	FLA("q", "q_proj.weight", "attn.q.heads*attn.head_dim", "width", 0),
	FLA("o", "o_proj.weight", "width", "attn.heads*attn.v_head_dim", 0),
	FLA("q.conv.w", "q_conv1d.weight", "attn.q.heads*attn.head_dim", "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("q.conv.b", "q_conv1d.bias", "attn.q.heads*attn.head_dim", NULL, SEQP_OPT),
	FLA("k", "k_proj.weight", "attn.steps*attn.k.heads*attn.head_dim", "width", 0),
	FLA("v", "v_proj.weight", "attn.steps*attn.heads*attn.v_head_dim", "width", 0),
	FLA("k.conv.w", "k_conv1d.weight", "attn.steps*attn.k.heads*attn.head_dim", "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("v.conv.w", "v_conv1d.weight", "attn.steps*attn.heads*attn.v_head_dim", "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("k.conv.b", "k_conv1d.bias", "attn.steps*attn.k.heads*attn.head_dim", NULL, SEQP_OPT),
	FLA("v.conv.b", "v_conv1d.bias", "attn.steps*attn.heads*attn.v_head_dim", NULL, SEQP_OPT),
	FLA("beta", "b_proj.weight", "attn.steps*attn.heads", "width", 0),
	FLA("g", "a_proj.weight", "attn.heads", "width", SEQP_OPT),
	FLA("g.b", "dt_bias", "attn.heads", NULL, SEQP_OPT),
	FLA("A", "A_log", "attn.heads", NULL, SEQP_HF_NEGEXP | SEQP_OPT),
	FLA("gate", "g_proj.weight", "attn.heads*attn.v_head_dim", "width", SEQP_OPT),
	FLA("norm.w", "o_norm.weight", "attn.v_head_dim", NULL, 0),
	{0}
};

static const seqp_number comba[] = {
	HEADS(6, 2),
	FLA_SET("attn.read", "1"),
	FLA_INT("attn.use_decay", "use_inner_decay", 0, 1, 1),
	FLA_INT("attn.use_D", "use_output_correction", 0, 1, 1),
	FLA_INT("attn.gate", "use_output_gate", 0, 1, 1),
	FLA_SET("attn.gate.map", "4"),
	{0}
};

static const seqp_part comba_parts[] = {
	FLA("decay", "decay", "attn.k.heads", NULL, SEQP_OPT),
	FLA("D", "D", "attn.k.heads", NULL, SEQP_OPT),
	{0}
};

static const seqp_number mom[] = {
	FLA_INT("attn.heads", "num_heads", 1, 65536, 4), FLA_INT("attn.head_dim", "head_dim", 1, 4096, 256),
	{"attn.expand_v", NULL, "expand_v", 0, 64, SEQP_DFLT, 1, NULL, NULL},
	FLA_INT("attn.experts", "num_memories", 1, 64, 4), FLA_INT("attn.used", "topk", 1, 64, 2), FLA_SET("attn.norm", "1"),
	{"attn.norm.eps", NULL, "norm_eps", 0, 1, SEQP_DFLT, 1e-6, NULL, NULL},
	FLA_INT("attn.shared", "shared_mem", 0, 1, 1), FLA_INT("attn.one_kv", "single_kv_proj", 0, 1, 0),
	FLA_INT("attn.gate", "use_output_gate", 0, 1, 1),
	{0}
};

#define MEMORIES(role, hf, shared, rows) \
	FLA(role, hf "_proj.#.weight", rows, "width", SEQP_STACK | SEQP_OPT), FLA("s" role, shared ".weight", rows, "width", SEQP_OPT)
#define KEYS "attn.heads*attn.head_dim"
#define VALUES "attn.heads*attn.v_head_dim"

static const seqp_part mom_parts[] = {
	FLA("q", "q_proj.weight", KEYS, "width", 0),
	FLA("router", "gate.weight", "attn.experts", "width", 0),
	MEMORIES("k", "k", "shared_k", KEYS),
	MEMORIES("v", "v", "shared_v", VALUES),
	MEMORIES("beta", "b", "shared_b", "attn.heads"),
	MEMORIES("g", "a", "shared_a", "attn.heads"),
	FLA("q.conv.w", "q_conv1d.weight", KEYS, "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("k.conv.w", "k_conv1d.weight", KEYS, "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("v.conv.w", "v_conv1d.weight", VALUES, "attn.conv_size", SEQP_SMALL | SEQP_OPT),
	FLA("A", "A_log", "attn.heads", NULL, SEQP_HF_NEGEXP),
	FLA("dt.b", "dt_bias", "attn.heads", NULL, 0),
	FLA("gate", "g_proj.weight", VALUES, "width", SEQP_OPT),
	FLA("norm.w", "o_norm.weight", "attn.v_head_dim", NULL, 0),
	FLA("o", "o_proj.weight", "width", VALUES, 0),
	{0}
};

static int finish_delta(seq_model *m, seq_error *err)
{
	int e = seqp_model_number(m, -1, "attn.qk_norm", 1) == 2 ? seqp_number_set(m, -1, "attn.qk_norm.eps", 0, err) : SEQ_OK;
	return e < 0 ? e : seqp_fla_finish_wide(m, err);
}

static const seqp_op gated_ops[6] = FLA_BLOCK("gated-delta-rule"), kda_ops[6] = FLA_BLOCK("kda"), delta_ops[6] = FLA_BLOCK("delta-rule");
static const seqp_op product_ops[6] = FLA_BLOCK("deltaproduct"), comba_ops[6] = FLA_BLOCK("comba");
static const seqp_number *const product_lists[] = {product, seqp_fla_conv, seqp_fla_21, seqp_fla_model, NULL};
static const seqp_number *const comba_lists[] = {comba, seqp_fla_conv, seqp_fla_21, seqp_fla_model, NULL};
static const seqp_part *const product_part_lists[] = {seqp_fla_frame, product_parts, NULL};
static const seqp_part *const comba_part_lists[] = {seqp_fla_frame, seqp_fla_qkvo, gated_parts, comba_parts, NULL};
static const seqp_number *const gated_lists[] = {gated, seqp_fla_conv, seqp_fla_21, seqp_fla_model, NULL};
static const seqp_number *const kda_lists[] = {kda, seqp_fla_conv, seqp_fla_model, NULL};
static const seqp_number *const delta_lists[] = {delta, seqp_fla_conv, seqp_fla_model, NULL};
static const seqp_part *const gated_part_lists[] = {seqp_fla_frame, seqp_fla_qkvo, gated_parts, NULL};
static const seqp_part *const kda_part_lists[] = {seqp_fla_frame, seqp_fla_qkvo, kda_parts, NULL};
static const seqp_part *const delta_part_lists[] = {seqp_fla_frame, seqp_fla_qkvo, delta_parts, NULL};

FLA_ARCH(gated_deltanet, "gated_deltanet", gated_ops, gated_lists, gated_part_lists, "", seqp_fla_finish);
FLA_ARCH(kda, "kda", kda_ops, kda_lists, kda_part_lists, "", finish_kda);
FLA_ARCH(delta_net, "delta_net", delta_ops, delta_lists, delta_part_lists, "", finish_delta);
FLA_ARCH(gated_deltaproduct, "gated_deltaproduct", product_ops, product_lists, product_part_lists, "", seqp_fla_finish);
FLA_ARCH(comba, "comba", comba_ops, comba_lists, comba_part_lists, "", seqp_fla_finish);

static const seqp_op mom_ops[6] = FLA_BLOCK("mom");
static const seqp_number *const mom_lists[] = {mom, seqp_fla_conv, seqp_fla_model, NULL};
static const seqp_part *const mom_part_lists[] = {seqp_fla_frame, mom_parts, NULL};
FLA_ARCH(mom, "mom", mom_ops, mom_lists, mom_part_lists, "", seqp_fla_finish);
