/* SPDX-License-Identifier: MIT */
/* x += attn(rms x); x += mlp(rms x), or one expert (its input weighed by a sigmoid) and a shared one.  Layers with a rope see
 * the keys of their chunk only and norm q and k after it, without weights; in the others q grows with the position. */
#include <stdlib.h>

#include "model/arch/moe_kit.h"

#define INT SEQP_INT
#define DFLT SEQP_DFLT
#define EXPERTS (1 << SEQP_TYPE_MOE)

static const seqp_number numbers[] = {
	{"norm_eps", NULL, "rms_norm_eps", 0, 1, DFLT, 1e-5, NULL, NULL},
	{"attn.rope", NULL, "=2", 0, 2, INT, 0, NULL, NULL},
	{"attn.normed", NULL, "use_qk_norm", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"attn.norm_after", NULL, "=1", 0, 1, INT, 0, NULL, NULL},
	{"attn.chunk_size", NULL, "attention_chunk_size", 0, 1e15, INT | DFLT | SEQP_NULL_ZERO, 8192, NULL, NULL},
	{"attn.tuned", NULL, "attn_temperature_tuning", 0, 1e9, DFLT, 1, NULL, NULL},
	{"attn.growth", NULL, "attn_scale", 0, 1e9, DFLT, 0.1, NULL, NULL},
	{"attn.temper_at", NULL, "floor_scale", 1, 1e15, DFLT, 8192, NULL, NULL},
	{"rope.theta", NULL, "rope_parameters.rope_theta|rope_theta", 1e-3, 1e15, DFLT, 5e5, NULL, NULL},
	{"rope.every", NULL, "no_rope_layer_interval", 1, 10000, INT | DFLT, 4, NULL, NULL},
	{"moe.ff", NULL, "intermediate_size", 1, 1 << 24, INT | SEQP_NEED, 0, NULL, NULL},
	{"moe.shared.ff", NULL, "intermediate_size", 1, 1 << 24, INT | SEQP_NEED, 0, NULL, NULL},
	{"moe.score", NULL, "=2", 0, 2, INT, 0, NULL, NULL},
	{"moe.weigh_input", NULL, "=1", 0, 1, INT, 0, NULL, NULL},
	{"moe.step", NULL, "interleave_moe_layer_step", 1, 10000, INT | DFLT, 1, NULL, NULL},
	{"mlp.ff", NULL, "intermediate_size_mlp", 1, 1 << 24, INT | SEQP_NEED, 0, NULL, NULL},
	{0}
};

#define TURNED (SEQP_STACK | SEQP_HF_TRANSPOSE)
static const seqp_part parts[] = {
	{"mlp.gate", NULL, "layers.%.feed_forward.gate_proj.weight", "mlp.ff", "width", 0, NULL, NULL, 1 << SEQP_TYPE_DENSE},
	{"mlp.up", NULL, "layers.%.feed_forward.up_proj.weight", "mlp.ff", "width", 0, NULL, NULL, 1 << SEQP_TYPE_DENSE},
	{"mlp.down", NULL, "layers.%.feed_forward.down_proj.weight", "width", "mlp.ff", 0, NULL, NULL, 1 << SEQP_TYPE_DENSE},
	ROUTER(EXPERTS, "layers.%.feed_forward.router"),
	{"moe.gate", NULL, "layers.%.feed_forward.experts.gate_up_proj", "moe.ff", "width", TURNED, "0", "2*moe.ff", EXPERTS},
	{"moe.up", NULL, "layers.%.feed_forward.experts.gate_up_proj", "moe.ff", "width", TURNED, "moe.ff", "2*moe.ff", EXPERTS},
	{"moe.down", NULL, "layers.%.feed_forward.experts.down_proj", "width", "moe.ff", TURNED, NULL, NULL, EXPERTS},
	SHARED_EXPERT(EXPERTS, "layers.%.feed_forward.shared_expert"),
	{0}
};

/* The i-th of a list of numbers, dflt where the list is absent, empty or short. */
static int nth(seq_model *m, const char *key, int64_t i, double dflt, double *out, seq_error *err)
{
	seqp_raw r = seqp_store_get(&m->src, key);
	*out = dflt;
	if (r.kind != SEQP_LIST || r.count <= (size_t)i)
		return SEQ_OK;
	double *x = calloc(r.count, sizeof *x);
	if (!x)
		return seqp_nomem(err, r.count * sizeof *x);
	if (seqp_raw_numbers(&r, x, r.count) > (size_t)i)
		*out = x[i];
	free(x);
	return SEQ_OK;
}

static int finish_layer(seq_model *m, int64_t l, const seqp_raw *types, seq_error *err)
{
	int64_t every = (int64_t)seqp_model_number(m, -1, "rope.every", 4);
	double turned;
	int e = nth(m, "no_rope_layers", l, (l + 1) % every != 0, &turned, err);
	bool rope = turned != 0, norm = rope && seqp_model_number(m, -1, "attn.normed", 1) != 0;
	bool tuned = !rope && seqp_model_number(m, -1, "attn.tuned", 1) != 0;
	seqp_slice word = seqp_raw_word(types, (size_t)l);
	bool chunked = word.p ? seqp_slice_is(word, "chunked_attention") : rope;
	if (e < 0 || (e = seqp_number_set(m, l, "attn.rope", rope ? 2 : 0, err)) < 0 ||
	    (e = seqp_number_set(m, l, "attn.qk_norm", norm, err)) < 0 ||
	    (e = seqp_number_set(m, l, "attn.temper", tuned ? seqp_model_number(m, -1, "attn.growth", 0.1) : 0, err)) < 0)
		return e;
	return seqp_number_set(m, l, "attn.chunk", chunked ? seqp_model_number(m, -1, "attn.chunk_size", 0) : 0, err);
}

/* A list of the layers with experts wins over every step-th. */
static int layers_with_experts(seq_model *m, seq_error *err)
{
	seqp_raw list = seqp_store_get(&m->src, "moe_layers");
	int e = seqp_moe_layers(m, err);
	if (list.kind != SEQP_LIST)
		return e;
	for (int64_t l = 0; l < m->layers && e >= 0; l++)
		e = seqp_number_set(m, l, "type", SEQP_TYPE_DENSE, err);
	for (size_t i = 0; i < list.count && e >= 0; i++) {
		double at = -1;
		e = nth(m, "moe_layers", (int64_t)i, -1, &at, err);
		if (e >= 0 && at >= 0 && at < (double)m->layers)
			e = seqp_number_set(m, (int64_t)at, "type", SEQP_TYPE_MOE, err);
	}
	return e;
}

static int finish(seq_model *m, seq_error *err)
{
	seqp_raw types = seqp_store_get(&m->src, "layer_types");
	int e = layers_with_experts(m, err);
	for (int64_t l = 0; l < m->layers && e >= 0; l++)
		e = finish_layer(m, l, &types, err);
	return e;
}

static const seqp_number *const lists[] = {numbers, seqp_kit_moe, seqp_kit_model, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const part_lists[] = {parts, seqp_kit_ends, seqp_kit_prenorm, seqp_kit_qkvo, NULL};
static const char *const none[] = {NULL}, *const hf[] = {"llama4_text", "llama4", NULL};

const seqp_arch seqp_arch_llama4 = {
	.name = "llama4_text", .gguf = none, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .finish = finish, .block = seqp_blocks_moe, .blocks = 2,
};
