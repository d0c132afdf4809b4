/* SPDX-License-Identifier: MIT */
/* zamba: x += mamba(rms x), each head of the mamba with dt, B and C of its own, and one transformer block beside it in hybrid
 * layers, as zamba2.c tells.  x and z of its first projection lie row by row in turn. */
#include "model/arch/zamba.h"

#include <math.h>

const seqp_word seqp_zamba_words[] = {
	{"linear_attention", SEQP_ZAMBA_ALONE}, {"mamba", SEQP_ZAMBA_ALONE}, {"m", SEQP_ZAMBA_ALONE}, {"hybrid", SEQP_ZAMBA_SIDE},
	{"g", SEQP_ZAMBA_SIDE}, {0}
};

/* The layer with the k-th block of its own, or -1. */
static int64_t holder(const seq_model *m, int64_t k)
{
	for (int64_t i = 0; i < m->layers; i++)
		if (seqp_model_number(m, i, "type", 0) == SEQP_ZAMBA_SIDE && k-- == 0)
			return i;
	return -1;
}

int seqp_zamba_share(seq_model *m, int64_t blocks, seq_error *err)
{
	int64_t k = 0;
	int e = seqp_number_set(m, -1, "attn.scale", sqrt(2 / seqp_model_number(m, -1, "attn.head_dim", 2)), err);
	for (int64_t i = 0; i < m->layers && e >= 0; i++) {
		if (seqp_model_number(m, i, "type", 0) != SEQP_ZAMBA_SIDE)
			continue;
		e = seqp_number_set(m, i, "ordinal", (double)k, err);
		if (e >= 0)
			e = seqp_number_set(m, i, "shared", (double)holder(m, k % blocks), err);
		k++;
	}
	return e;
}

/* --- the first of them ------------------------------------------------------------------------------ */

static const char *const none[] = {NULL}, *const hf[] = {"zamba", NULL};

static const seqp_number ends[] = {
	{"norm_eps", NULL, "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{0}
};

static const seqp_number numbers[] = {
	{"type", NULL, "layers_block_type|layer_types", 0, 1, SEQP_INT, 0, NULL, seqp_zamba_words},
	{"type.period", NULL, "attn_layer_period", 1, 10000, SEQP_INT | SEQP_DFLT, 6, NULL, NULL},
	{"type.offset", NULL, "attn_layer_offset", 0, 10000, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{"ssm.expand", NULL, "mamba_expand", 1, 64, SEQP_INT | SEQP_DFLT, 2, NULL, NULL},
	{"ssm.inner", NULL, NULL, 1, 1 << 22, SEQP_INT | SEQP_NEED, 0, "ssm.expand*width", NULL},
	{"ssm.heads", NULL, "n_mamba_heads", 1, 65536, SEQP_INT | SEQP_DFLT, 2, NULL, NULL},
	{"ssm.head_dim", NULL, NULL, 1, 1 << 20, SEQP_INT | SEQP_NEED, 0, "ssm.inner/ssm.heads", NULL},
	{"ssm.state", NULL, "mamba_d_state", 1, 65536, SEQP_INT | SEQP_DFLT, 16, NULL, NULL},
	{"ssm.conv", NULL, "mamba_d_conv", 1, 64, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{"ssm.rank", NULL, "mamba_dt_rank", 1, 1 << 20, SEQP_INT | SEQP_NEED, 0, "(width+15)/16", seqp_auto_word},
	{"ssm.groups", NULL, NULL, 1, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"attn.heads", NULL, "num_attention_heads", 1, 65536, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.head_dim", NULL, "attention_head_dim", 1, 65536, SEQP_INT | SEQP_NEED, 0, "2*width/attn.heads", NULL},
	{"attn.rope", NULL, "=0", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"mlp.act", NULL, "hidden_act", 0, 4, SEQP_INT | SEQP_DFLT, 2, NULL, seqp_act_words},
	{0}
};

enum { ALONE = 1 << SEQP_ZAMBA_ALONE, SIDE = 1 << SEQP_ZAMBA_SIDE };

#define HALF(role, at, first, types) \
	{role, NULL, at "in_proj.weight", "ssm.inner", "width", SEQP_HF_PAIRS, first, "2*ssm.inner", types}, \
	{role ".b", NULL, at "in_proj.bias", "ssm.inner", NULL, SEQP_HF_PAIRS | SEQP_OPT, first, "2*ssm.inner", types}
#define HEADS(at, types) \
	HALF("ssm.in", at, "0", types), HALF("ssm.z", at, "1", types), \
	{"ssm.conv.w", NULL, at "conv1d.weight", "ssm.inner", "ssm.conv", SEQP_SMALL, NULL, NULL, types}, \
	{"ssm.conv.b", NULL, at "conv1d.bias", "ssm.inner", NULL, SEQP_OPT, NULL, NULL, types}, \
	{"ssm.x", NULL, at "x_proj_weight", "ssm.heads*(ssm.rank+2*ssm.state)", "ssm.head_dim", SEQP_FLAT, NULL, NULL, types}, \
	{"ssm.dt", NULL, at "dt_proj_weight", "ssm.inner", "ssm.rank", SEQP_FLAT, NULL, NULL, types}, \
	{"ssm.dt.b", NULL, at "dt_proj_bias", "ssm.inner", NULL, 0, NULL, NULL, types}, \
	{"ssm.A", NULL, at "A_log", "ssm.inner", "ssm.state", SEQP_SMALL | SEQP_HF_NEGEXP, NULL, NULL, types}, \
	{"ssm.D", NULL, at "D", "ssm.inner", NULL, 0, NULL, NULL, types}, \
	{"ssm.out", NULL, at "out_proj.weight", "width", "ssm.inner", 0, NULL, NULL, types}, \
	{"ssm.out.b", NULL, at "out_proj.bias", "width", NULL, SEQP_OPT, NULL, NULL, types}

#define T "layers.%.shared_transf."

static const seqp_part parts[] = {
	ZAMBA_PARTS(T),
	HEADS("layers.%.mamba.", ALONE),
	HEADS("layers.%.mamba_decoder.mamba.", SIDE),
	{"mlp.gate", NULL, T "feed_forward.gate_proj.weight", "mlp.ff", "width", SEQP_SHARED, NULL, NULL, SIDE},
	{"mlp.up", NULL, T "feed_forward.up_proj.weight", "mlp.ff", "width", SEQP_SHARED, NULL, NULL, SIDE},
	{"mlp.down", NULL, T "feed_forward.down_proj.weight", "width", "mlp.ff", SEQP_SHARED, NULL, NULL, SIDE},
	{0}
};

/* Without a list: layer 2, and after it those in the period, counted from 3. */
static int finish(seq_model *m, seq_error *err)
{
	int e = SEQ_OK;
	bool listed = seqp_store_get(&m->src, "layers_block_type|layer_types").kind == SEQP_LIST;
	for (int64_t i = 0; i < m->layers && e >= 0 && !listed; i++)
		if (i == 2 || (i > 2 && seqp_in_period(m, "type.period", "type.offset", i - 3)))
			e = seqp_number_set(m, i, "type", SEQP_ZAMBA_SIDE, err);
	if (e < 0 || (e = seqp_zamba_share(m, 1, err)) < 0)
		return e;
	return seqp_ssd_fit(m, err);
}

static const seqp_op alone[] = ZAMBA_ALONE("mamba"), side[] = ZAMBA_SIDE("mamba");
static const seqp_block blocks[] = {{alone, sizeof alone / sizeof *alone}, {side, sizeof side / sizeof *side}};

static const seqp_number *const lists[] = {ends, seqp_kit_model, numbers, seqp_kit_attn, seqp_kit_gated, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_zamba = {
	.name = "zamba", .gguf = none, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .finish = finish, .block = blocks, .blocks = 2,
};
