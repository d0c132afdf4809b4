/* SPDX-License-Identifier: MIT */
#include "model/arch/moe_kit.h"

#define INT SEQP_INT
#define DFLT SEQP_DFLT

const seqp_number seqp_kit_moe[] = {
	{"moe.experts", "%.expert_count", "num_local_experts|num_experts|n_routed_experts", 1, 65536, INT | SEQP_NEED, 0, NULL, NULL},
	{"moe.used", "%.expert_used_count", "num_experts_per_tok", 1, 65536, INT | SEQP_NEED, 0, NULL, NULL},
	{"moe.ff", "%.expert_feed_forward_length|%.feed_forward_length", "moe_intermediate_size|intermediate_size",
	 1, 1 << 24, INT | SEQP_NEED, 0, NULL, NULL},
	{"moe.act", "=0", "hidden_act", 0, 4, INT | DFLT, 0, NULL, seqp_act_words},
	{"moe.shared.count", "%.expert_shared_count", "n_shared_experts", 0, 65536, INT | DFLT, 0, NULL, NULL},
	{"moe.shared.ff", "%.expert_shared_feed_forward_length", "shared_expert_intermediate_size", 0, 1 << 24, INT, 0,
	 "moe.shared.count*moe.ff", NULL},
	{"moe.shared.act", "=0", "hidden_act", 0, 4, INT | DFLT, 0, NULL, seqp_act_words},
	{"moe.score", NULL, NULL, 0, 2, INT | DFLT, 0, NULL, NULL},
	{"moe.norm", "%.expert_weights_norm", "norm_topk_prob", 0, 1, INT | DFLT, 0, NULL, NULL},
	{"moe.norm_eps", NULL, NULL, 0, 1, DFLT, 0, NULL, NULL},
	{"moe.scale", "%.expert_weights_scale", "routed_scaling_factor", 1e-9, 1e9, DFLT, 1, NULL, NULL},
	{"moe.first", "%.leading_dense_block_count", "first_k_dense_replace", 0, 10000, INT | DFLT, 0, NULL, NULL},
	{"moe.step", NULL, "decoder_sparse_step", 1, 10000, INT | DFLT, 1, NULL, NULL},
	{0}
};

const seqp_number seqp_kit_sigmoid[] = {
	{"moe.score", "=2", "=2", 0, 2, INT, 0, NULL, NULL},
	{"moe.groups", "%.expert_group_count", "n_group", 1, 65536, INT | DFLT, 1, NULL, NULL},
	{"moe.groups_used", "%.expert_group_used_count", "topk_group", 1, 65536, INT | DFLT, 1, NULL, NULL},
	{"moe.group_top", "=2", "=2", 1, 2, INT, 0, NULL, NULL},
	{"moe.norm", "%.expert_weights_norm", "norm_topk_prob", 0, 1, INT | DFLT, 1, NULL, NULL},
	{"moe.norm_eps", NULL, NULL, 0, 1, DFLT, 1e-20, NULL, NULL},
	{0}
};

#define EXPERTS (1 << SEQP_TYPE_MOE)
const seqp_part seqp_kit_moe_mlp[] = {
	DENSE(1 << SEQP_TYPE_DENSE),
	EXPERTS_GGUF(EXPERTS),
	ROUTER(EXPERTS, "layers.%.mlp.gate"),
	EXPERTS_EACH(EXPERTS, "layers.%.mlp.experts", "gate_proj", "up_proj", "down_proj"),
	EXPERTS_FUSED(EXPERTS, "layers.%.mlp.experts.gate_up_proj", "layers.%.mlp.experts.down_proj"),
	{0}
};

static const seqp_op dense[] = {
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, "softmax", "attn"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "gated", "mlp"), ADD(X, X, B),
};
static const seqp_op experts[] = {
	NORM(A, X, "rms", "attn_norm"), MIX(B, A, "softmax", "attn"), ADD(X, X, B),
	NORM(A, X, "rms", "mlp_norm"), MLP(B, A, "moe", "moe"), ADD(X, X, B),
};
const seqp_block seqp_blocks_moe[2] = {{dense, 6}, {experts, 6}};

int seqp_moe_layers(seq_model *m, seq_error *err)
{
	seqp_raw list = seqp_store_get(&m->src, m->src.format == SEQP_FROM_HF ? "mlp_only_layers" : NULL);
	int64_t first = (int64_t)seqp_model_number(m, -1, "moe.first", 0), step = (int64_t)seqp_model_number(m, -1, "moe.step", 1);
	int e = SEQ_OK;
	for (int64_t i = 0; i < m->layers && e >= 0; i++)
		e = seqp_number_set(m, i, "type", i >= first && (i + 1) % step == 0 ? SEQP_TYPE_MOE : SEQP_TYPE_DENSE, err);
	double *dense_at = seqp_arena_alloc(&m->arena, list.count, sizeof *dense_at);
	size_t n = !dense_at || list.kind != SEQP_LIST ? 0 : seqp_raw_numbers(&list, dense_at, list.count);
	if (!dense_at && e >= 0)
		return seqp_nomem(err, list.count);
	for (size_t i = 0; i < n && e >= 0; i++)
		if (dense_at[i] >= 0 && dense_at[i] < (double)m->layers)
			e = seqp_number_set(m, (int64_t)dense_at[i], "type", SEQP_TYPE_DENSE, err);
	return e;
}
