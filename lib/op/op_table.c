/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "op/op_rows.h"

static const seqp_op_row *const table[] = {
	&seqp_op_attention, &seqp_op_forgetting, &seqp_op_stickbreaking, &seqp_op_based, &seqp_op_jrt, &seqp_op_lstm,
	&seqp_op_gru, &seqp_op_delta, &seqp_op_gated_delta, &seqp_op_kda, &seqp_op_comba, &seqp_op_deltaproduct,
	&seqp_op_dplr, &seqp_op_rwkv7, &seqp_op_flowformer, &seqp_op_flowformer_both, &seqp_op_gla, &seqp_op_hgrn2,
	&seqp_op_gsa, &seqp_op_abc, &seqp_op_hgrn, &seqp_op_hydra, &seqp_op_lif, &seqp_op_lightnet, &seqp_op_linear,
	&seqp_op_linear_norm, &seqp_op_lmu, &seqp_op_loglinear, &seqp_op_lssl, &seqp_op_s4, &seqp_op_mesa,
	&seqp_op_mlstm, &seqp_op_mom, &seqp_op_paragru, &seqp_op_plstm, &seqp_op_retention, &seqp_op_simple_gla,
	&seqp_op_rglru, &seqp_op_rwkv4, &seqp_op_rwkv5, &seqp_op_rwkv6, &seqp_op_s4d, &seqp_op_s4_nplr, &seqp_op_s5,
	&seqp_op_s6, &seqp_op_shortconv, &seqp_op_slstm, &seqp_op_spacetime, &seqp_op_ssd, &seqp_op_phi_mamba,
	&seqp_op_ttt,
};

const seqp_op_row *seqp_op_at(size_t i)
{
	return i < sizeof table / sizeof table[0] ? table[i] : NULL;
}

const seqp_op_row *seqp_op_find(const char *name)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (!strcmp(table[i]->name, name))
			return table[i];
	return NULL;
}
