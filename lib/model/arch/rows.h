/* SPDX-License-Identifier: MIT */
/* Every row of the table of architectures; table.c lists them. */
#ifndef MODEL_ARCH_ROWS_H
#define MODEL_ARCH_ROWS_H

#include "base/fail.h"
#include "model/arch/arch.h"

extern const seqp_arch seqp_arch_llama, seqp_arch_mistral, seqp_arch_qwen2, seqp_arch_qwen3, seqp_arch_gemma2,
	seqp_arch_gemma3, seqp_arch_phi3, seqp_arch_olmo2, seqp_arch_olmo3, seqp_arch_smollm3, seqp_arch_gpt2,
	seqp_arch_gpt_neox, seqp_arch_mamba, seqp_arch_falcon_mamba, seqp_arch_mamba2;

#endif
