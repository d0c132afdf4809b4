/* SPDX-License-Identifier: MIT */
/* Every row of the table of architectures; table.c lists them. */
#ifndef MODEL_ARCH_ROWS_H
#define MODEL_ARCH_ROWS_H

#include "base/fail.h"
#include "model/arch/arch.h"

/* sqrt(width), rounded as Hugging Face does (gemma.c). */
int seqp_gemma_embed_scale(seq_model *m, seq_error *err);

extern const seqp_arch seqp_arch_llama, seqp_arch_mistral, seqp_arch_qwen2, seqp_arch_qwen3, seqp_arch_gemma2,
	seqp_arch_gemma3, seqp_arch_phi3, seqp_arch_olmo2, seqp_arch_olmo3, seqp_arch_smollm3, seqp_arch_gpt2,
	seqp_arch_gpt_neox, seqp_arch_mamba, seqp_arch_falcon_mamba, seqp_arch_mamba2,
	seqp_arch_gemma, seqp_arch_granite, seqp_arch_starcoder2, seqp_arch_phi, seqp_arch_cohere, seqp_arch_cohere2, seqp_arch_stablelm,
	seqp_arch_glm, seqp_arch_glm4, seqp_arch_ernie4_5, seqp_arch_helium, seqp_arch_seed_oss, seqp_arch_arcee, seqp_arch_nemotron, seqp_arch_exaone4, seqp_arch_gptj;
extern const seqp_arch seqp_arch_bamba, seqp_arch_falcon_h1, seqp_arch_nemotron_h, seqp_arch_lfm2, seqp_arch_samba, seqp_arch_zamba2, seqp_arch_zamba,
	seqp_arch_recurrent_gemma, seqp_arch_jamba, seqp_arch_lfm2_moe, seqp_arch_lfm3, seqp_arch_granitemoehybrid;
extern const seqp_arch seqp_arch_mixtral, seqp_arch_olmoe, seqp_arch_qwen2_moe, seqp_arch_qwen3_moe, seqp_arch_granitemoe;
extern const seqp_arch seqp_arch_gpt_oss, seqp_arch_minimax_m2;
extern const seqp_arch seqp_arch_gemma3n;
extern const seqp_arch seqp_arch_diffllama;
extern const seqp_arch seqp_arch_bloom, seqp_arch_mpt, seqp_arch_falcon, seqp_arch_persimmon, seqp_arch_opt, seqp_arch_bitnet, seqp_arch_hunyuan, seqp_arch_nanochat, seqp_arch_olmo, seqp_arch_apertus, seqp_arch_granite_swa, seqp_arch_llama4;
extern const seqp_arch seqp_arch_deepseek_v3, seqp_arch_deepseek_v2;

extern const seqp_arch seqp_arch_rwkv4, seqp_arch_rwkv4_own, seqp_arch_rwkv5, seqp_arch_rwkv5_own, seqp_arch_rwkv6, seqp_arch_rwkv6_own, seqp_arch_rwkv6qwen2,
	seqp_arch_rwkv7, seqp_arch_rwkv7_own, seqp_arch_arwkv7, seqp_arch_xlstm;
extern const seqp_arch seqp_arch_qwen3_next, seqp_arch_qwen3_5, seqp_arch_qwen3_5_moe, seqp_arch_olmo_hybrid,
	seqp_arch_minimax, seqp_arch_kimi_linear, seqp_arch_bailing_hybrid;
extern const seqp_arch seqp_arch_gated_deltanet, seqp_arch_kda, seqp_arch_delta_net, seqp_arch_gated_deltaproduct, seqp_arch_comba,
	seqp_arch_gla, seqp_arch_retnet, seqp_arch_gsa, seqp_arch_abc, seqp_arch_lightnet, seqp_arch_hgrn, seqp_arch_hgrn2, seqp_arch_linear,
	seqp_arch_mesa, seqp_arch_yoco, seqp_arch_forgetting, seqp_arch_mom, seqp_arch_path;

#endif
