/* SPDX-License-Identifier: MIT */
/* x += mamba(rms x).  falcon_mamba adds weightless norms on dt, B and C; its GGUF files
 * are named mamba too, tell by ssm.dt_b_c_rms and have one eps for all norms. */
#include "model/arch/hybrid.h"

static const seqp_number numbers[] = {
	{"context", NULL, NULL, 0, 0, 0, 0, NULL, NULL},
	{"layers", "%.block_count", "num_hidden_layers|n_layer", 1, 10000, SEQP_INT | SEQP_DFLT, 32, NULL, NULL},
	{"width", "%.embedding_length", "hidden_size|d_model", 1, 1 << 20, SEQP_INT | SEQP_DFLT, 768, NULL, NULL},
	{"norm_eps", "%.attention.layer_norm_rms_epsilon", "layer_norm_epsilon", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"ssm.expand", NULL, "expand", 1, 64, SEQP_INT | SEQP_DFLT, 2, NULL, NULL},
	{"ssm.inner", "%.ssm.inner_size", "intermediate_size", 1, 1 << 22, SEQP_INT | SEQP_NEED, 0, "ssm.expand*width", NULL},
	{"ssm.state", "%.ssm.state_size", "state_size", 1, 65536, SEQP_INT | SEQP_DFLT, 16, NULL, NULL},
	{"ssm.conv", "%.ssm.conv_kernel", "conv_kernel", 1, 64, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{"ssm.rank", "%.ssm.time_step_rank", "time_step_rank", 1, 1 << 20, SEQP_INT | SEQP_NEED, 0, "(width+15)/16", seqp_auto_word},
	{0}
};

static const seqp_number plain[] = {
	{"ssm.bcdt_norm", "%.ssm.dt_b_c_rms", "=0", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"ssm.norm_eps", "%.attention.layer_norm_rms_epsilon", NULL, 0, 1, SEQP_DFLT, 1e-6, NULL, NULL},
	{0}
};

static const seqp_number falcon[] = {
	{"ssm.bcdt_norm", NULL, "=1", 0, 1, SEQP_INT, 0, NULL, NULL},
	{"ssm.norm_eps", NULL, "mixer_rms_eps", 0, 1, SEQP_DFLT, 1e-6, NULL, NULL},
	{0}
};

static const seqp_part parts[] = {
	{"embed", "token_embd.weight", "embeddings.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"embed", NULL, "embedding.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"out_norm.w", "output_norm.weight", "norm_f.weight", "width", NULL, 0, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{"ssm_norm.w", "blk.%.attn_norm.weight", "layers.%.norm.weight", "width", NULL, 0, NULL, NULL, 0},
	S6_PARTS("layers.%.mixer.", 0),
	{0}
};

static const seqp_op block[] = {
	NORM(A, X, "rms", "ssm_norm"),
	MIX(B, A, "mamba", "ssm"),
	ADD(X, X, B),
};
static const seqp_block blocks[] = {{block, 3}};

static const char *const prefix[] = {"backbone.", "", "model.", NULL};
static const seqp_part *const part_lists[] = {parts, NULL};
static const seqp_number *const mamba_lists[] = {numbers, plain, NULL};
static const seqp_number *const falcon_lists[] = {numbers, falcon, NULL};
static const char *const mamba_gguf[] = {"mamba", NULL}, *const mamba_hf[] = {"mamba", NULL};
static const char *const falcon_hf[] = {"falcon_mamba", NULL}, *const none[] = {NULL};

const seqp_arch seqp_arch_mamba = {
	.name = "mamba", .gguf = mamba_gguf, .hf = mamba_hf, .prefix = prefix,
	.numbers = mamba_lists, .parts = part_lists, .block = blocks, .blocks = 1,
};

const seqp_arch seqp_arch_falcon_mamba = {
	.name = "falcon_mamba", .gguf = none, .hf = falcon_hf, .prefix = prefix,
	.numbers = falcon_lists, .parts = part_lists, .block = blocks, .blocks = 1,
};
