/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "model/arch/mla_kit.h"

#define INT SEQP_INT

const seqp_number seqp_kit_mla[] = {
	{"layers", "%.block_count", "num_hidden_layers", 1, 10000, INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.heads", "%.attention.head_count", "num_attention_heads", 1, 65536, INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.kv_heads", "=1", "=1", 1, 1, INT, 0, NULL, NULL},
	{"attn.rope_dim", "%.rope.dimension_count", "qk_rope_head_dim", 1, 65536, INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.key_dim", "%.attention.key_length_mla|%.attention.key_length", NULL, 1, 65536, INT, 0, NULL, NULL},
	{"attn.nope_dim", NULL, "qk_nope_head_dim", 1, 65536, INT, 0, NULL, NULL},
	{"attn.head_dim", NULL, NULL, 1, 65536, INT, 0, "attn.rope_dim", NULL},
	{"attn.v_head_dim", "%.attention.value_length_mla|%.attention.value_length", "v_head_dim", 1, 65536, INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.kv_rank", "%.attention.kv_lora_rank", "kv_lora_rank", 1, 65536, INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.q_rank", "%.attention.q_lora_rank", "q_lora_rank", 0, 65536, INT | SEQP_DFLT, 0, NULL, NULL},
	{"attn.q_a_norm.eps", "%.attention.layer_norm_rms_epsilon", NULL, 0, 1, SEQP_DFLT, 1e-6, NULL, NULL},
	{"attn.kv_a_norm.eps", "%.attention.layer_norm_rms_epsilon", NULL, 0, 1, SEQP_DFLT, 1e-6, NULL, NULL},
	{"attn.log_mul", "%.rope.scaling.yarn_log_multiplier", NULL, 0, 1e6, SEQP_DFLT, 0, NULL, NULL},
	{0}
};

int seqp_mla_numbers(seq_model *m, seq_error *err)
{
	double turned = seqp_model_number(m, -1, "attn.rope_dim", 0), key = seqp_model_number(m, -1, "attn.key_dim", 0);
	double nope = seqp_model_number(m, -1, "attn.nope_dim", key - turned);
	double all = seqp_model_number(m, -1, "rope.mscale_all", 0), log_mul = seqp_model_number(m, -1, "attn.log_mul", 0);
	double factor = seqp_model_number(m, -1, "rope.factor", 1), grown = 1;
	int e = seqp_number_set(m, -1, "attn.nope_dim", nope, err);
	if (e >= 0 && nope < 1)
		return seqp_fail(err, SEQ_E_FORMAT, "heads of keys hold %g elements beside the %g of the rope", nope, turned);
	if (e < 0)
		return e;
	if (m->src.format == SEQP_FROM_GGUF && log_mul > 0) { /* 0.1 mscale_all_dim; then the rope's own factor is 1 */
		all = 10 * log_mul;
		if ((e = seqp_number_set(m, -1, "rope.mscale", all, err)) < 0 || (e = seqp_number_set(m, -1, "rope.mscale_all", all, err)) < 0)
			return e;
	}
	if (seqp_model_number(m, -1, "rope.scaling", 0) != 0 && all > 0 && factor > 1)
		grown = 0.1 * all * log(factor) + 1;
	return seqp_number_set(m, -1, "attn.scale", grown * grown / sqrt(nope + turned), err);
}
