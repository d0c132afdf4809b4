/* SPDX-License-Identifier: MIT */
/* x += mamba2(rms x).  In hybrid layers the mamba sees more than x: t = W mlp(rms attention(rms [x; x0])), x0 the
 * embeddings, goes into it and not into the residual.  There are few of these transformer blocks, used in turn, each use with
 * adapters of its own on the MLP and, if so configured, on q, k and v. */
#include <math.h>

#include "model/arch/zamba.h"

static const char *const none[] = {NULL}, *const hf[] = {"zamba2", NULL};

static const seqp_number numbers[] = {
	{"norm_eps", NULL, "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"tied", NULL, "tie_word_embeddings", 0, 1, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{0}
};

static const seqp_number sizes[] = {
	{"type", NULL, "layers_block_type|layer_types", 0, 1, SEQP_INT, 0, NULL, seqp_zamba_words},
	{"attn.heads", NULL, "num_attention_heads", 1, 65536, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"ssm.expand", NULL, "mamba_expand", 1, 64, SEQP_INT | SEQP_DFLT, 2, NULL, NULL},
	{"ssm.heads", NULL, "n_mamba_heads", 1, 1 << 20, SEQP_INT | SEQP_DFLT, 8, NULL, NULL},
	{"ssm.inner", NULL, NULL, 1, 1 << 22, SEQP_INT | SEQP_NEED, 0, "ssm.expand*width", NULL},
	{"ssm.head_dim", NULL, "mamba_headdim", 1, 1 << 20, SEQP_INT, 0, "ssm.inner/ssm.heads", NULL},
	{"ssm.state", NULL, "mamba_d_state", 1, 65536, SEQP_INT | SEQP_DFLT, 64, NULL, NULL},
	{"ssm.groups", NULL, "mamba_ngroups", 1, 65536, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"ssm.conv", NULL, "mamba_d_conv", 1, 64, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{"ssm.norm_eps", NULL, NULL, 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"ssm.dt_min", NULL, "time_step_min", 0, 1e9, SEQP_DFLT, 0.001, NULL, NULL},
	{"attn.rope", NULL, "use_mem_rope", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{"attn.head_dim", NULL, "attention_head_dim", 1, 65536, SEQP_INT | SEQP_NEED, 0, "2*width/attn.heads", NULL},
	{"adapter.rank", NULL, "adapter_rank", 1, 65536, SEQP_INT | SEQP_DFLT, 128, NULL, NULL},
	{"shared.blocks", NULL, "num_mem_blocks", 1, 10000, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"mlp.act", NULL, "hidden_act", 0, 4, SEQP_INT | SEQP_DFLT, 2, NULL, seqp_act_words},
	{0}
};

#define T "layers.%.shared_transformer."
#define ADAPTER(role, list, rows, cols, first, whole) \
	{role ".lora_a", NULL, list ".@.0.weight", "adapter.rank", cols, SEQP_OPT | SEQP_SHARED, NULL, NULL, SIDE}, \
	{role ".lora_b", NULL, list ".@.1.weight", rows, "adapter.rank", SEQP_OPT | SEQP_SHARED, first, whole, SIDE}
#define HALF(role, first) \
	{role, NULL, T "feed_forward.gate_up_proj.weight", "mlp.ff", "width", SEQP_SHARED, first, "2*mlp.ff", SIDE}, \
	{role ".b", NULL, T "feed_forward.gate_up_proj.bias", "mlp.ff", NULL, SEQP_SHARED | SEQP_OPT, first, "2*mlp.ff", SIDE}, \
	ADAPTER(role, T "feed_forward.gate_up_proj_adapter_list", "mlp.ff", "width", first, "2*mlp.ff")

enum { ALONE = 1 << SEQP_ZAMBA_ALONE, SIDE = 1 << SEQP_ZAMBA_SIDE };

static const seqp_part parts[] = {
	ZAMBA_PARTS(T),
	SSD_PARTS("layers.%.mamba.", ALONE),
	SSD_NORM("layers.%.mamba.", ALONE),
	SSD_PARTS("layers.%.mamba_decoder.mamba.", SIDE),
	SSD_NORM("layers.%.mamba_decoder.mamba.", SIDE),
	ADAPTER("attn.q", T "self_attn.linear_q_adapter_list", "attn.heads*attn.head_dim", "2*width", NULL, NULL),
	ADAPTER("attn.k", T "self_attn.linear_k_adapter_list", "attn.kv_heads*attn.head_dim", "2*width", NULL, NULL),
	ADAPTER("attn.v", T "self_attn.linear_v_adapter_list", "attn.kv_heads*attn.head_dim", "2*width", NULL, NULL),
	HALF("mlp.gate", "0"),
	HALF("mlp.up", "mlp.ff"),
	{"mlp.down", NULL, T "feed_forward.down_proj.weight", "width", "mlp.ff", SEQP_SHARED, NULL, NULL, SIDE},
	{"mlp.down.b", NULL, T "feed_forward.down_proj.bias", "width", NULL, SEQP_SHARED | SEQP_OPT, NULL, NULL, SIDE},
	{0}
};

static int finish(seq_model *m, seq_error *err)
{
	int e = SEQ_OK;
	if (seqp_store_get(&m->src, "layers_block_type|layer_types").kind != SEQP_LIST)
		e = seqp_type_listed(m, "hybrid_layer_ids", SEQP_ZAMBA_SIDE, err);
	if (e < 0 || (e = seqp_zamba_share(m, (int64_t)seqp_model_number(m, -1, "shared.blocks", 1), err)) < 0)
		return e;
	return seqp_ssd_fit(m, err);
}

static const seqp_op alone[] = ZAMBA_ALONE("mamba2"), side[] = ZAMBA_SIDE("mamba2");
static const seqp_block blocks[] = {{alone, sizeof alone / sizeof *alone}, {side, sizeof side / sizeof *side}};

static const seqp_number *const lists[] = {numbers, seqp_kit_model, sizes, seqp_kit_attn, seqp_kit_rope, seqp_kit_gated, NULL};
static const seqp_part *const part_lists[] = {parts, NULL};

const seqp_arch seqp_arch_zamba2 = {
	.name = "zamba2", .gguf = none, .hf = hf, .prefix = seqp_kit_prefix, .numbers = lists, .parts = part_lists,
	.skip = seqp_kit_skip, .refuse_hf = "use_long_context", .finish = finish, .block = blocks, .blocks = 2,
};
