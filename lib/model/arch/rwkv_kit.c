/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "model/arch/rwkv_kit.h"

#define INT SEQP_INT
#define NEED SEQP_NEED
#define DFLT SEQP_DFLT

static const seqp_word acts[] = {{"sqrelu", 4}, {"relu2", 4}, {0}};

const seqp_number seqp_rwkv_numbers[] = {
	{"layers", "%.block_count", "num_hidden_layers", 1, 10000, INT | NEED, 0, NULL, NULL},
	{"width", "%.embedding_length", "hidden_size", 1, 1 << 20, INT | NEED, 0, NULL, NULL},
	{"context", "%.context_length", "max_position_embeddings|context_length", 0, 1e15, INT, 0, NULL, NULL},
	{"norm_eps", "%.attention.layer_norm_epsilon", "norm_eps|layer_norm_epsilon", 0, 1, DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, INT | DFLT, 0, NULL, NULL},
	{"norm_first", NULL, "norm_first", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"cm.act", NULL, "hidden_act", 4, 4, INT | DFLT, 4, NULL, acts},
	{0}
};

const seqp_number seqp_rwkv_sizes[] = {
	{"tm.heads", NULL, "heads", 1, 65536, INT, 0, NULL, NULL},
	{"tm.head_k", NULL, NULL, 1, 4096, INT, 0, "width/tm.heads", NULL},
	{"tm.decay", NULL, "decay", 0, 2, INT | DFLT, 0, NULL, NULL},
	{"tm.bonus_exp", NULL, "bonus_exp", 0, 1, INT | DFLT, 0, NULL, NULL},
	{0}
};

#define LN(role, gguf, hf) \
	{role ".w", gguf ".weight", hf ".weight", "width", NULL, SEQP_OPT, NULL, NULL, 0}, \
	{role ".b", gguf ".bias", hf ".bias", "width", NULL, SEQP_OPT, NULL, NULL, 0}
#define LN_OWN(role, hf) \
	{role ".w", NULL, hf ".weight", "width", NULL, 0, NULL, NULL, 0}, \
	{role ".b", NULL, hf ".bias", "width", NULL, 0, NULL, NULL, 0}

const seqp_part seqp_rwkv_ends_fla[] = {
	{"embed", "token_embd.weight", "embeddings.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	LN("in_norm", "token_embd_norm", "layers.0.pre_norm"),
	LN("out_norm", "output_norm", "norm"),
	LN("tm_norm", "blk.%.attn_norm", "layers.%.attn_norm"),
	LN("cm_norm", "blk.%.attn_norm_2", "layers.%.ffn_norm"),
	{0}
};

const seqp_part seqp_rwkv_ends_own[] = {
	{"embed", NULL, "emb.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"head", NULL, "head.weight", "vocab", "width", 0, NULL, NULL, 0},
	LN_OWN("in_norm", "blocks.0.ln0"), LN_OWN("out_norm", "ln_out"),
	LN_OWN("tm_norm", "blocks.%.ln1"), LN_OWN("cm_norm", "blocks.%.ln2"),
	{0}
};

const char *const seqp_rwkv_no_prefix[] = {"", NULL};
const seqp_op seqp_rwkv_in[1] = {NORM(X, X, "layer", "in_norm")}, seqp_rwkv_out[1] = {NORM(X, X, "layer", "out_norm")};

int seqp_rwkv_finish(seq_model *m, double eps, seq_error *err)
{
	if (seqp_model_number(m, -1, "norm_first", 1) == 0)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "architecture %s with norm_first false is not built in", m->arch->name);
	int e = seqp_number_by_rows(m, "cm.ff", "cm.k", err);
	if (eps == 0)
		eps = seqp_model_number(m, -1, "tm.head_k", 64) * seqp_model_number(m, -1, "norm_eps", 1e-5);
	return e < 0 ? e : seqp_number_set(m, -1, "tm.norm.eps", eps, err);
}

int seqp_rwkv_halve(seq_model *m, int64_t n, bool whole, seq_error *err)
{
	int e = SEQ_OK;
	for (int64_t i = 0; n && i < m->layers && e >= 0; i++) {
		double part = whole ? ldexp(1, -(int)(i / n)) : 1, keep = (i + 1) % n ? 1 : 0.5;
		if ((e = seqp_number_set(m, i, "tm.part", part, err)) >= 0 &&
		    (e = seqp_number_set(m, i, "cm.keep", keep, err)) >= 0)
			e = seqp_number_set(m, i, "cm.part", part * keep, err);
	}
	return e;
}
