/* SPDX-License-Identifier: MIT */
/* h = ln x; x += attn(h) + fc2(gelu(fc1 h)); adjacent rope pairs over rotary_dim; biases in
 * the MLP and the head, none in attention. */
#include "model/arch/rows.h"

static const char *const hf[] = {"gptj", NULL}, *const none[] = {NULL}, *const prefix[] = {"transformer.", "", NULL};
static const char *const skip[] = {".attn.bias", ".attn.masked_bias", NULL};

static const seqp_number numbers[] = {
	{"layers", NULL, "n_layer", 1, 10000, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"width", NULL, "n_embd", 1, 1 << 20, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"context", NULL, "n_positions", 1, 1 << 24, SEQP_INT | SEQP_DFLT, 2048, NULL, NULL},
	{"norm_eps", NULL, "layer_norm_epsilon", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"attn.heads", NULL, "n_head", 1, 65536, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.kv_heads", NULL, NULL, 1, 65536, SEQP_INT, 0, "attn.heads", NULL},
	{"attn.head_dim", NULL, NULL, 1, 65536, SEQP_INT | SEQP_NEED, 0, "width/attn.heads", NULL},
	{"attn.v_head_dim", NULL, NULL, 1, 65536, SEQP_INT | SEQP_NEED, 0, "attn.head_dim", NULL},
	{"attn.rope", NULL, "=2", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"rope.dim", NULL, "rotary_dim", 0, 65536, SEQP_INT, 0, "64", NULL},
	{"rope.theta", NULL, NULL, 1, 1e15, SEQP_DFLT, 1e4, NULL, NULL},
	{"mlp.ff", NULL, "n_inner", 1, 1 << 24, SEQP_INT | SEQP_NEED, 0, "4*width", NULL},
	{"mlp.act", NULL, "activation_function", 0, 4, SEQP_INT | SEQP_DFLT, 1, NULL, seqp_act_words},
	{0}
};

#define Q "attn.heads*attn.head_dim"

static const seqp_part parts[] = {
	{"embed", NULL, "wte.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"head", NULL, "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	{"head.b", NULL, "/lm_head.bias", "vocab", NULL, SEQP_OPT, NULL, NULL, 0},
	{"out_norm.w", NULL, "ln_f.weight", "width", NULL, 0, NULL, NULL, 0},
	{"out_norm.b", NULL, "ln_f.bias", "width", NULL, 0, NULL, NULL, 0},
	{"attn_norm.w", NULL, "h.%.ln_1.weight", "width", NULL, 0, NULL, NULL, 0},
	{"attn_norm.b", NULL, "h.%.ln_1.bias", "width", NULL, 0, NULL, NULL, 0},
	{"attn.q", NULL, "h.%.attn.q_proj.weight", Q, "width", 0, NULL, NULL, 0},
	{"attn.k", NULL, "h.%.attn.k_proj.weight", Q, "width", 0, NULL, NULL, 0},
	{"attn.v", NULL, "h.%.attn.v_proj.weight", Q, "width", 0, NULL, NULL, 0},
	{"attn.o", NULL, "h.%.attn.out_proj.weight", "width", Q, 0, NULL, NULL, 0},
	{"mlp.up", NULL, "h.%.mlp.fc_in.weight", "mlp.ff", "width", 0, NULL, NULL, 0},
	{"mlp.up.b", NULL, "h.%.mlp.fc_in.bias", "mlp.ff", NULL, 0, NULL, NULL, 0},
	{"mlp.down", NULL, "h.%.mlp.fc_out.weight", "width", "mlp.ff", 0, NULL, NULL, 0},
	{"mlp.down.b", NULL, "h.%.mlp.fc_out.bias", "width", NULL, 0, NULL, NULL, 0},
	{0}
};

static const seqp_number *const lists[] = {numbers, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_gptj = {
	.name = "gptj", .gguf = none, .hf = hf, .prefix = prefix, .numbers = lists, .parts = part_lists, .skip = skip,
	.block = &seqp_block_ln_parallel, .blocks = 1, .out = {seqp_ops_ln_out, 1},
};
