/* SPDX-License-Identifier: MIT */
/* What architectures with latent attention (mixer "mla") share.  t: types of layers, as in moe_kit.h. */
#ifndef MODEL_ARCH_MLA_KIT_H
#define MODEL_ARCH_MLA_KIT_H

#include "model/arch/moe_kit.h"

/* at: what the names of Hugging Face begin with, "layers.%.self_attn." */
#define MLA_PARTS(t, at) \
	{"attn.q", "blk.%.attn_q.weight", at "q_proj.weight", "attn.heads*(attn.nope_dim+attn.rope_dim)", "width", SEQP_OPT, NULL, NULL, t}, \
	{"attn.q_a", "blk.%.attn_q_a.weight", at "q_a_proj.weight", "attn.q_rank", "width", SEQP_OPT, NULL, NULL, t}, \
	{"attn.q_a.b", NULL, at "q_a_proj.bias", "attn.q_rank", NULL, SEQP_OPT, NULL, NULL, t}, \
	{"attn.q_a_norm.w", "blk.%.attn_q_a_norm.weight", at "q_a_layernorm.weight", "attn.q_rank", NULL, SEQP_OPT, NULL, NULL, t}, \
	{"attn.q_b", "blk.%.attn_q_b.weight", at "q_b_proj.weight", "attn.heads*(attn.nope_dim+attn.rope_dim)", "attn.q_rank", SEQP_OPT, NULL, NULL, t}, \
	{"attn.kv_a", "blk.%.attn_kv_a_mqa.weight", at "kv_a_proj_with_mqa.weight", "attn.kv_rank+attn.rope_dim", "width", 0, NULL, NULL, t}, \
	{"attn.kv_a.b", NULL, at "kv_a_proj_with_mqa.bias", "attn.kv_rank+attn.rope_dim", NULL, SEQP_OPT, NULL, NULL, t}, \
	{"attn.kv_a_norm.w", "blk.%.attn_kv_a_norm.weight", at "kv_a_layernorm.weight", "attn.kv_rank", NULL, 0, NULL, NULL, t}, \
	{"attn.kv_b", "blk.%.attn_kv_b.weight", at "kv_b_proj.weight", "attn.heads*(attn.nope_dim+attn.v_head_dim)", "attn.kv_rank", SEQP_OPT, NULL, NULL, t}, \
	{"attn.k_b", "blk.%.attn_k_b.weight", NULL, "attn.heads*attn.kv_rank", "attn.nope_dim", SEQP_FLAT | SEQP_OPT, NULL, NULL, t}, \
	{"attn.v_b", "blk.%.attn_v_b.weight", NULL, "attn.heads*attn.v_head_dim", "attn.kv_rank", SEQP_FLAT | SEQP_OPT, NULL, NULL, t}, \
	{"attn.o", "blk.%.attn_output.weight", at "o_proj.weight", "width", "attn.heads*attn.v_head_dim", 0, NULL, NULL, t}, \
	{"attn.o.b", NULL, at "o_proj.bias", "width", NULL, SEQP_OPT, NULL, NULL, t}

/* Heads and widths; the norms' eps is 1e-6 whatever the others' is, in GGUF that of the others. */
extern const seqp_number seqp_kit_mla[];
/* What GGUF says of q and k together, and the softmax factor: (nope + rope)^-0.5, times m^2 where yarn stretches the rope. */
int seqp_mla_numbers(seq_model *m, seq_error *err);

#endif
