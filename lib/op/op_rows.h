/* SPDX-License-Identifier: MIT */
/* The rows of op_table.c, in its order. */
#ifndef OP_ROWS_H
#define OP_ROWS_H

#include "op/op.h"

extern const seqp_op_row seqp_op_linear, seqp_op_gla, seqp_op_hgrn2, seqp_op_retention, seqp_op_simple_gla, seqp_op_delta,
	seqp_op_gated_delta, seqp_op_kda, seqp_op_comba, seqp_op_deltaproduct, seqp_op_dplr, seqp_op_rwkv5, seqp_op_rwkv6,
	seqp_op_rwkv7, seqp_op_plstm;

#endif
