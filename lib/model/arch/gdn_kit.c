/* SPDX-License-Identifier: MIT */
#include "model/arch/gdn_kit.h"

#include <math.h>

#include "model/arch/hybrid.h"

#define INT SEQP_INT
#define NEED SEQP_NEED

const seqp_number seqp_gdn_numbers[] = {
	{"lin.full", NULL, "layer_types", 0, 1, INT, 0, NULL, seqp_layer_words},
	{"lin.interval", "%.full_attention_interval", "full_attention_interval", 1, 10000, INT | SEQP_DFLT, 4, NULL, NULL},
	{"lin.heads", "%.ssm.time_step_rank", "linear_num_value_heads", 1, 65536, INT | NEED, 0, NULL, NULL},
	{"lin.k.heads", "%.ssm.group_count", "linear_num_key_heads", 1, 65536, INT | NEED, 0, NULL, NULL},
	{"lin.q.heads", "=lin.k.heads", "=lin.k.heads", 1, 65536, INT, 0, NULL, NULL},
	{"lin.groups", "=lin.k.heads", "=lin.k.heads", 1, 65536, INT, 0, NULL, NULL},
	{"lin.head_dim", "%.ssm.state_size", "linear_key_head_dim", 1, 4096, INT | NEED, 0, NULL, NULL},
	{"lin.inner", "%.ssm.inner_size", NULL, 1, 1 << 24, INT, 0, NULL, NULL},
	{"lin.v_head_dim", "=lin.inner/lin.heads", "linear_value_head_dim", 1, 4096, INT | NEED, 0, NULL, NULL},
	{"lin.conv", "%.ssm.conv_kernel", "linear_conv_kernel_dim", 2, 8, INT | SEQP_DFLT, 4, NULL, NULL},
	{"lin.qk_norm", "=1", "=1", 0, 1, INT, 0, NULL, NULL},
	{"lin.gate", "=1", "=1", 0, 1, INT, 0, NULL, NULL},
	{0}
};

static int fit(const seq_model *m, seq_error *err)
{
	double v = seqp_model_number(m, -1, "lin.heads", 1), k = seqp_model_number(m, -1, "lin.k.heads", 1);
	double dv = seqp_model_number(m, -1, "lin.v_head_dim", 1), inner = seqp_model_number(m, -1, "lin.inner", v * dv);
	if (fmod(v, k) != 0 || inner != v * dv)
		return seqp_fail(err, SEQ_E_FORMAT, "%s: %g key heads, %g value heads and %g values do not fit", m->arch->name, k, v, inner);
	return SEQ_OK;
}

int seqp_gdn_types(seq_model *m, bool moe, seq_error *err)
{
	int64_t n = (int64_t)seqp_model_number(m, -1, "lin.interval", 4);
	int e = fit(m, err);
	if (e >= 0 && moe)
		e = seqp_moe_layers(m, err);
	for (int64_t i = 0; i < m->layers && e >= 0; i++) {
		double full = seqp_model_number(m, i, "lin.full", (i + 1) % n == 0), experts = moe ? seqp_model_number(m, i, "type", 0) : 0;
		e = seqp_number_set(m, i, "type", full + SEQP_GDN_MOE * experts, err);
	}
	return e;
}
