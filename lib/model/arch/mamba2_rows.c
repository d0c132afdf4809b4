/* SPDX-License-Identifier: MIT */
/* x += mamba2(rms x).  In GGUF, time_step_rank is the number of heads. */
#include <math.h>

#include "model/arch/hybrid.h"

static const char *const gguf[] = {"mamba2", NULL}, *const hf[] = {"mamba2", NULL};

static const seqp_number numbers[] = {
	{"context", NULL, NULL, 0, 0, 0, 0, NULL, NULL},
	{"layers", "%.block_count", "num_hidden_layers|n_layer", 1, 10000, SEQP_INT | SEQP_DFLT, 64, NULL, NULL},
	{"width", "%.embedding_length", "hidden_size|d_model", 1, 1 << 20, SEQP_INT | SEQP_DFLT, 4096, NULL, NULL},
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", "layer_norm_epsilon", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"ssm.expand", NULL, "expand", 1, 64, SEQP_DFLT, 2, NULL, NULL},
	{"ssm.heads", "%.ssm.time_step_rank", "num_heads", 1, 1 << 20, SEQP_INT | SEQP_DFLT, 128, NULL, NULL},
	{"ssm.head_dim", NULL, "head_dim", 1, 1 << 20, SEQP_INT | SEQP_DFLT, 64, NULL, NULL},
	{"ssm.inner", "%.ssm.inner_size", NULL, 1, 1 << 22, SEQP_INT | SEQP_NEED, 0, "ssm.heads*ssm.head_dim", NULL},
	{"ssm.state", "%.ssm.state_size", "state_size", 1, 65536, SEQP_INT | SEQP_DFLT, 128, NULL, NULL},
	{"ssm.groups", "%.ssm.group_count", "n_groups", 1, 65536, SEQP_INT | SEQP_DFLT, 8, NULL, NULL},
	{"ssm.conv", "%.ssm.conv_kernel", "conv_kernel", 1, 64, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{"ssm.norm_eps", "%.attention.layer_norm_rms_epsilon", "layer_norm_epsilon", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"ssm.dt_min", NULL, "time_step_limit.0", 0, 1e9, SEQP_DFLT, 0, NULL, NULL},
	{"ssm.dt_max", NULL, "time_step_limit.1", 0, INFINITY, SEQP_DFLT, INFINITY, NULL, NULL},
	{0}
};

static const seqp_part parts[] = {
	{"embed", "token_embd.weight", "embeddings.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"out_norm.w", "output_norm.weight", "norm_f.weight", "width", NULL, 0, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{"ssm_norm.w", "blk.%.attn_norm.weight", "layers.%.norm.weight", "width", NULL, 0, NULL, NULL, 0},
	SSD_PARTS("layers.%.mixer.", 0),
	SSD_NORM("layers.%.mixer.", 0),
	{0}
};

static int finish(seq_model *m, seq_error *err)
{
	double inner = seqp_model_number(m, -1, "ssm.inner", 0), expand = seqp_model_number(m, -1, "ssm.expand", 2);
	if (m->src.format == SEQP_FROM_HF && inner != expand * (double)m->width)
		return seqp_fail(err, SEQ_E_FORMAT, "mamba2: num_heads * head_dim is not expand * hidden_size");
	int e = m->src.format == SEQP_FROM_HF ? SEQ_OK
		: seqp_number_set(m, -1, "ssm.head_dim", floor(inner / seqp_model_number(m, -1, "ssm.heads", 1)), err);
	return e < 0 ? e : seqp_ssd_fit(m, err);
}

static const seqp_op block[] = {
	NORM(A, X, "rms", "ssm_norm"),
	MIX(B, A, "mamba2", "ssm"),
	ADD(X, X, B),
};
static const seqp_block blocks[] = {{block, 3}};

static const char *const prefix[] = {"backbone.", "", "model.", NULL};
static const seqp_number *const lists[] = {numbers, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_mamba2 = {
	.name = "mamba2", .gguf = gguf, .hf = hf, .prefix = prefix,
	.numbers = lists, .parts = part_lists, .finish = finish, .block = blocks, .blocks = 1,
};
