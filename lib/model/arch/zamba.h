/* SPDX-License-Identifier: MIT */
/* What zamba and zamba2 share: transformer blocks beside the mamba layers, used by several layers (zamba.c). */
#ifndef MODEL_ARCH_ZAMBA_H
#define MODEL_ARCH_ZAMBA_H

#include "model/arch/hybrid.h"

enum { SEQP_ZAMBA_ALONE, SEQP_ZAMBA_SIDE }; /* types of layers */
extern const seqp_word seqp_zamba_words[];

/* The k-th layer with a block uses the tensors of the (k mod blocks)-th; the softmax factor. */
int seqp_zamba_share(seq_model *m, int64_t blocks, seq_error *err);

#define ZAMBA_IN(role, at) {role, NULL, at, "attn.heads*attn.head_dim", "2*width", SEQP_SHARED, NULL, NULL, 1 << SEQP_ZAMBA_SIDE}
#define ZAMBA_KV(role, at) {role, NULL, at, "attn.kv_heads*attn.head_dim", "2*width", SEQP_SHARED, NULL, NULL, 1 << SEQP_ZAMBA_SIDE}

/* The ends, the norms, attention; t: the name of the shared block. */
#define ZAMBA_PARTS(t) \
	{"embed", NULL, "embed_tokens.weight", "vocab", "width", 0, NULL, NULL, 0}, \
	{"out_norm.w", NULL, "final_layernorm.weight", "width", NULL, 0, NULL, NULL, 0}, \
	{"head", NULL, "/lm_head.weight", "vocab", "width", SEQP_OPT, NULL, NULL, 0}, \
	{"ssm_norm.w", NULL, "layers.%.input_layernorm.weight", "width", NULL, 0, NULL, NULL, 1 << SEQP_ZAMBA_ALONE}, \
	{"ssm_norm.w", NULL, "layers.%.mamba_decoder.input_layernorm.weight", "width", NULL, 0, NULL, NULL, 1 << SEQP_ZAMBA_SIDE}, \
	{"attn_norm.w", NULL, t "input_layernorm.weight", "2*width", NULL, SEQP_SHARED, NULL, NULL, 1 << SEQP_ZAMBA_SIDE}, \
	{"mlp_norm.w", NULL, t "pre_ff_layernorm.weight", "width", NULL, SEQP_SHARED, NULL, NULL, 1 << SEQP_ZAMBA_SIDE}, \
	ZAMBA_IN("attn.q", t "self_attn.q_proj.weight"), ZAMBA_KV("attn.k", t "self_attn.k_proj.weight"), \
	ZAMBA_KV("attn.v", t "self_attn.v_proj.weight"), \
	{"attn.o", NULL, t "self_attn.o_proj.weight", "width", "attn.heads*attn.head_dim", SEQP_SHARED, NULL, NULL, 1 << SEQP_ZAMBA_SIDE}, \
	{"linear", NULL, "layers.%.linear.weight", "width", "width", 0, NULL, NULL, 1 << SEQP_ZAMBA_SIDE}

#define ZAMBA_ALONE(kind) {NORM(A, X, "rms", "ssm_norm"), MIX(B, A, kind, "ssm"), ADD(X, X, B)}
#define ZAMBA_SIDE(kind) \
	{ \
		CAT(A, X, E), NORM(A, A, "rms", "attn_norm"), MIX(B, A, "softmax", "attn"), NORM(B, B, "rms", "mlp_norm"), \
		MLP(B, B, "gated", "mlp"), LINEAR(C, B, "linear"), ADD(A, X, C), NORM(A, A, "rms", "ssm_norm"), \
		MIX(B, A, kind, "ssm"), ADD(X, X, B) \
	}

#endif
