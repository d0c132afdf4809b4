/* SPDX-License-Identifier: MIT */
/* One norm and both branches of it (7B), two norms (40B), or one branch after the other; rope, or ALiBi before the softmax
 * factor.  Rows of query_key_value come by groups: a key head's query heads, its key, its value. */
#include <math.h>

#include "model/arch/qkv_kit.h"

#define INT SEQP_INT
#define DFLT SEQP_DFLT
enum { PARALLEL, SERIAL, TWO_NORMS };

static const seqp_number numbers[] = {
	{"layers", "%.block_count", "num_hidden_layers|n_layer", 1, 10000, INT | SEQP_NEED, 0, NULL, NULL},
	{"norm_eps", "%.attention.layer_norm_epsilon", "layer_norm_epsilon", 0, 1, DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"attn.heads", "%.attention.head_count", "num_attention_heads|n_head", 1, 65536, INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.new", NULL, "new_decoder_architecture", 0, 1, INT | DFLT, 0, NULL, NULL},
	{"attn.multi_query", NULL, "multi_query", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"attn.groups", NULL, "num_kv_heads|n_head_kv", 1, 65536, INT, 0, "attn.heads", NULL},
	{"parallel", NULL, "parallel_attn", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"norms", NULL, "num_ln_in_parallel_attn", 1, 2, INT | DFLT, 0, NULL, NULL},
	{"attn.alibi", NULL, "alibi", 0, 1, INT | DFLT, 0, NULL, NULL},
	{"mlp.ff", "%.feed_forward_length", "ffn_hidden_size", 1, 1 << 24, INT | SEQP_NEED, 0, "4*width", NULL},
	{"mlp.act", "=2", "activation", 0, 4, INT | DFLT, 2, NULL, seqp_act_words},
	{0}
};

#define QKV_NAME "h.%.self_attention.query_key_value"
static const seqp_part parts[] = {
	{"embed", "token_embd.weight", "word_embeddings.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	LN_ROWS("out_norm", "output_norm", "ln_f", 0),
	LN_ROWS("attn_norm", "blk.%.attn_norm", "h.%.input_layernorm", 1 << PARALLEL | 1 << SERIAL),
	LN_ROWS("mlp_norm", "blk.%.ffn_norm", "h.%.post_attention_layernorm", 1 << SERIAL),
	LN_ROWS("attn_norm", "blk.%.attn_norm_2", "h.%.ln_attn", 1 << TWO_NORMS),
	LN_ROWS("mlp_norm", "blk.%.attn_norm", "h.%.ln_mlp", 1 << TWO_NORMS),
	QKV_HEADS,
	LINEAR_ROWS("attn.o", "blk.%.attn_output", "h.%.self_attention.dense", "width", QKV_Q),
	LINEAR_ROWS("mlp.up", "blk.%.ffn_up", "h.%.mlp.dense_h_to_4h", "mlp.ff", "width"),
	LINEAR_ROWS("mlp.down", "blk.%.ffn_down", "h.%.mlp.dense_4h_to_h", "width", "mlp.ff"),
	{0}
};

static int finish_gguf(seq_model *m, seq_error *err)
{
	bool two = seqp_store_tensor(&m->src, "blk.0.attn_norm_2.weight", NULL);
	return seqp_number_set(m, -1, "type", two ? TWO_NORMS : PARALLEL, err);
}

static int finish(seq_model *m, seq_error *err)
{
	bool fresh = seqp_model_number(m, -1, "attn.new", 0) != 0, one = seqp_model_number(m, -1, "attn.multi_query", 1) != 0;
	bool side = fresh || seqp_model_number(m, -1, "parallel", 1) != 0;
	double heads = seqp_model_number(m, -1, "attn.heads", 1), groups = seqp_model_number(m, -1, "attn.groups", heads);
	double norms = seqp_model_number(m, -1, "norms", 0);
	bool two = side && (norms == 2 || (norms == 0 && fresh)), alibi = seqp_model_number(m, -1, "attn.alibi", 0) != 0;
	if (m->src.format == SEQP_FROM_GGUF)
		return finish_gguf(m, err);
	double kv = fresh ? groups : one ? 1 : heads, d = seqp_model_number(m, -1, "attn.head_dim", 1);
	if (fmod(heads, kv) != 0)
		return seqp_fail(err, SEQ_E_FORMAT, "num_kv_heads: %g query heads, %g key heads", heads, kv);
	int e = seqp_number_set(m, -1, "attn.kv_heads", kv, err);
	if (e >= 0)
		e = seqp_number_set(m, -1, "type", two ? TWO_NORMS : side ? PARALLEL : SERIAL, err);
	if (e >= 0 && alibi)
		e = seqp_number_set(m, -1, "attn.rope", 0, err);
	return e < 0 ? e : seqp_number_set(m, -1, "attn.alibi", alibi ? 1 / sqrt(d) : 0, err);
}

static const seqp_op parallel[] = {
	NORM(A, X, "layer", "attn_norm"), MIX(B, A, "softmax", "attn"), MLP(C, A, "plain", "mlp"), ADD(X, X, B), ADD(X, X, C),
};
static const seqp_op two_norms[] = {
	NORM(A, X, "layer", "attn_norm"), MIX(B, A, "softmax", "attn"), NORM(A, X, "layer", "mlp_norm"), MLP(C, A, "plain", "mlp"),
	ADD(X, X, B), ADD(X, X, C),
};
static const seqp_block blocks[] = {{parallel, 5}, {seqp_ops_ln_plain, 6}, {two_norms, 6}};

static const char *const names[] = {"falcon", NULL}, *const prefix[] = {"transformer.", "", NULL};
static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_falcon = {
	.name = "falcon", .gguf = names, .hf = names, .prefix = prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .finish = finish, .block = blocks, .blocks = 3, .out = {seqp_ops_ln_out, 1},
};
