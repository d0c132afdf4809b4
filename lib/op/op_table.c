/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "op/op_rows.h"

static const seqp_op_row *const table[] = {
	&seqp_op_linear, &seqp_op_gla, &seqp_op_hgrn2, &seqp_op_retention, &seqp_op_simple_gla, &seqp_op_delta,
	&seqp_op_gated_delta, &seqp_op_kda, &seqp_op_comba, &seqp_op_deltaproduct, &seqp_op_dplr, &seqp_op_rwkv5,
	&seqp_op_rwkv6, &seqp_op_rwkv7, &seqp_op_plstm,
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
