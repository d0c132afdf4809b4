/* SPDX-License-Identifier: MIT */
/* mLSTM (op/mlstm.c): q, k, v as projected, gates i and f per head capped at factor; o normed per head, times
 * sigmoid(W x). */
#include "mixer/linmix.h"

static const seqp_linmix mlstm = {.op = &seqp_op_mlstm, .in = {{"i", 0, SEQP_MAP_CAP}, {"f", 0, SEQP_MAP_CAP}}};

SEQP_LINMIX(mlstm, "mlstm", "Beck et al., xLSTM: Extended Long Short-Term Memory, 2024", mlstm);
