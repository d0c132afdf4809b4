/* SPDX-License-Identifier: MIT */
/* x = wte + wpe; x += attn(ln x); x += fc2(gelu(fc1(ln x))).  Hugging Face stores its
 * matrices [in][out]: they are turned at opening. */
#include <math.h>

#include "model/arch/rows.h"

static const char *const names[] = {"gpt2", NULL}, *const prefix[] = {"transformer.", "", NULL};
static const char *const skip[] = {".attn.bias", ".attn.masked_bias", NULL};

static const seqp_number numbers[] = {
	{"layers", "%.block_count", "n_layer", 1, 10000, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"width", "%.embedding_length", "n_embd", 1, 1 << 20, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"context", "%.context_length", "n_positions", 1, 1 << 24, SEQP_INT | SEQP_DFLT, 1024, NULL, NULL},
	{"norm_eps", "%.attention.layer_norm_epsilon", "layer_norm_epsilon", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"attn.heads", "%.attention.head_count", "n_head", 1, 65536, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.kv_heads", NULL, NULL, 1, 65536, SEQP_INT, 0, "attn.heads", NULL},
	{"attn.head_dim", NULL, NULL, 1, 65536, SEQP_INT | SEQP_NEED, 0, "width/attn.heads", NULL},
	{"attn.v_head_dim", NULL, NULL, 1, 65536, SEQP_INT | SEQP_NEED, 0, "attn.head_dim", NULL},
	{"attn.rope", "=0", "=0", 0, 2, SEQP_INT, 0, NULL, NULL},
	{"attn.scaled", NULL, "scale_attn_weights", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"attn.by_layer", NULL, "scale_attn_by_inverse_layer_idx", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"mlp.ff", "%.feed_forward_length", "n_inner", 1, 1 << 24, SEQP_INT | SEQP_NEED, 0, "4*width", NULL},
	{"mlp.act", "=1", "activation_function", 0, 4, SEQP_INT | SEQP_DFLT, 1, NULL, seqp_act_words},
	{0}
};

#define TURN SEQP_HF_TRANSPOSE
#define LN(role, gguf, hf) \
	{role ".w", gguf ".weight", hf ".weight", "width", NULL, 0, NULL, NULL, 0}, \
	{role ".b", gguf ".bias", hf ".bias", "width", NULL, 0, NULL, NULL, 0}

static const seqp_part parts[] = {
	{"embed", "token_embd.weight", "wte.weight", "vocab", "width", 0, NULL, NULL, 0},
	{"pos_embed", "position_embd.weight", "wpe.weight", "context", "width", 0, NULL, NULL, 0},
	{"head", "output.weight", "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0},
	LN("out_norm", "output_norm", "ln_f"),
	LN("attn_norm", "blk.%.attn_norm", "h.%.ln_1"),
	LN("mlp_norm", "blk.%.ffn_norm", "h.%.ln_2"),
	{"attn.q", "blk.%.attn_qkv.weight", "h.%.attn.c_attn.weight", "width", "width", TURN, "0", "3*width", 0},
	{"attn.k", "blk.%.attn_qkv.weight", "h.%.attn.c_attn.weight", "width", "width", TURN, "width", "3*width", 0},
	{"attn.v", "blk.%.attn_qkv.weight", "h.%.attn.c_attn.weight", "width", "width", TURN, "2*width", "3*width", 0},
	{"attn.o", "blk.%.attn_output.weight", "h.%.attn.c_proj.weight", "width", "width", TURN, NULL, NULL, 0},
	{"attn.q.b", "blk.%.attn_qkv.bias", "h.%.attn.c_attn.bias", "width", NULL, 0, "0", "3*width", 0},
	{"attn.k.b", "blk.%.attn_qkv.bias", "h.%.attn.c_attn.bias", "width", NULL, 0, "width", "3*width", 0},
	{"attn.v.b", "blk.%.attn_qkv.bias", "h.%.attn.c_attn.bias", "width", NULL, 0, "2*width", "3*width", 0},
	{"attn.o.b", "blk.%.attn_output.bias", "h.%.attn.c_proj.bias", "width", NULL, 0, NULL, NULL, 0},
	{"mlp.up", "blk.%.ffn_up.weight", "h.%.mlp.c_fc.weight", "mlp.ff", "width", TURN, NULL, NULL, 0},
	{"mlp.up.b", "blk.%.ffn_up.bias", "h.%.mlp.c_fc.bias", "mlp.ff", NULL, 0, NULL, NULL, 0},
	{"mlp.down", "blk.%.ffn_down.weight", "h.%.mlp.c_proj.weight", "width", "mlp.ff", TURN, NULL, NULL, 0},
	{"mlp.down.b", "blk.%.ffn_down.bias", "h.%.mlp.c_proj.bias", "width", NULL, 0, NULL, NULL, 0},
	{0}
};

static int finish(seq_model *m, seq_error *err)
{
	double heads = seqp_model_number(m, -1, "attn.heads", 1), dim = seqp_model_number(m, -1, "attn.head_dim", 1);
	if (heads * dim != (double)m->width)
		return seqp_fail(err, SEQ_E_FORMAT, "%g heads do not divide a width of %lld", heads, (long long)m->width);
	double scale = seqp_model_number(m, -1, "attn.scaled", 1) != 0 ? 1 / sqrt(dim) : 1;
	bool by_layer = seqp_model_number(m, -1, "attn.by_layer", 0) != 0;
	int e = seqp_number_set(m, -1, "attn.scale", scale, err);
	for (int64_t i = 0; by_layer && i < m->layers && e >= 0; i++)
		e = seqp_number_set(m, i, "attn.scale", scale / (double)(i + 1), err);
	return e;
}

static const seqp_number *const lists[] = {numbers, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_gpt2 = {
	.name = "gpt2", .gguf = names, .hf = names, .prefix = prefix, .numbers = lists, .parts = part_lists, .skip = skip,
	.refuse_hf = "add_cross_attention", .finish = finish, .block = &seqp_block_ln_plain, .blocks = 1, .out = {seqp_ops_ln_out, 1},
};
