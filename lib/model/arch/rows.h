/* SPDX-License-Identifier: MIT */
/* Every row of the table of architectures; table.c lists them. */
#ifndef MODEL_ARCH_ROWS_H
#define MODEL_ARCH_ROWS_H

#include "base/fail.h"
#include "model/arch/arch.h"

extern const seqp_arch seqp_arch_llama, seqp_arch_mamba, seqp_arch_falcon_mamba, seqp_arch_mamba2;

#endif
