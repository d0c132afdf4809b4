/* SPDX-License-Identifier: MIT */
/* x += mamba or attention with a window(rms x), by layer;  x += gated mlp(rms x).  The attention layers are a list in
 * the object "attn"; the width of the MLP follows from hidden_ratio whatever intermediate_size says. */
#include "model/arch/hybrid.h"

enum { MAMBA, ATTN };

static const char *const none[] = {NULL}, *const hf[] = {"samba", NULL};

static const seqp_number numbers[] = {
	{"width", NULL, "hidden_size", 1, 1 << 20, SEQP_INT | SEQP_DFLT, 2304, NULL, NULL},
	{"layers", NULL, "num_hidden_layers", 1, 10000, SEQP_INT | SEQP_DFLT, 18, NULL, NULL},
	{"norm_eps", NULL, "norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"ssm.expand", NULL, "expand", 1, 64, SEQP_INT | SEQP_DFLT, 2, NULL, NULL},
	{"ssm.inner", NULL, NULL, 1, 1 << 22, SEQP_INT | SEQP_NEED, 0, "ssm.expand*width", NULL},
	{"ssm.state", NULL, "state_size", 1, 65536, SEQP_INT | SEQP_DFLT, 16, NULL, NULL},
	{"ssm.conv", NULL, "conv_kernel", 1, 64, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{"ssm.rank", NULL, "time_step_rank", 1, 1 << 20, SEQP_INT | SEQP_NEED, 0, "(width+15)/16", seqp_auto_word},
	{"attn.heads", NULL, "attn.num_heads", 1, 65536, SEQP_INT | SEQP_DFLT, 18, NULL, NULL},
	{"attn.kv_heads", NULL, "attn.num_kv_heads", 1, 65536, SEQP_INT, 0, "attn.heads", NULL},
	{"attn.window", NULL, "attn.window_size", 0, 1e15, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"rope.theta", NULL, "attn.rope_theta", 1e-3, 1e15, SEQP_DFLT, 1e4, NULL, NULL},
	{"mlp.ratio", NULL, "hidden_ratio", 1, 1024, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{"mlp.ff", NULL, NULL, 1, 1 << 24, SEQP_INT | SEQP_NEED, 0, "256*((2*width*mlp.ratio/3+255)/256)", NULL},
	{0}
};

static const seqp_part parts[] = {
	{"embed", NULL, "embeddings.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"out_norm.w", NULL, "norm_f.weight", "width", NULL, 0, NULL, NULL, 0},
	{"head", NULL, "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{"mix_norm.w", NULL, "layers.%.mixer_norm.weight", "width", NULL, 0, NULL, NULL, 0},
	{"mlp_norm.w", NULL, "layers.%.mlp_norm.weight", "width", NULL, 0, NULL, NULL, 0},
	S6_PARTS("layers.%.mixer.", 1 << MAMBA),
	QKVO_PARTS("layers.%.mixer.", "o_proj", 1 << ATTN),
	GATED_PARTS("layers.%.mlp.", "gate_proj", "up_proj", "down_proj", 0),
	{0}
};

static int finish(seq_model *m, seq_error *err)
{
	return seqp_type_listed(m, "attn.layers", ATTN, err);
}

static const seqp_op mamba[] = {
	NORM(A, X, "rms", "mix_norm"), MIX(B, A, "mamba", "ssm"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_op attn[] = {
	NORM(A, X, "rms", "mix_norm"), MIX(B, A, "softmax", "attn"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_block blocks[] = {{mamba, 6}, {attn, 6}};

static const char *const prefix[] = {"backbone.", "model.", "", NULL};
static const seqp_number *const lists[] = {numbers, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_samba = {
	.name = "samba", .gguf = none, .hf = hf, .prefix = prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .refuse_hf = "attnres_block_size", .finish = finish, .block = blocks, .blocks = 2,
};
