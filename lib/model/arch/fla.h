/* SPDX-License-Identifier: MIT */
/* What the models of flash-linear-attention share (fla_kit.c): x += mix(rms x), x += swiglu(rms x), names, keys, and
 * softmax attention (role "full") in the layers that "attn.layers" lists.  A row adds its mixer's numbers and weights. */
#ifndef MODEL_ARCH_FLA_H
#define MODEL_ARCH_FLA_H

#include "model/arch/rows.h"

extern const seqp_number seqp_fla_model[]; /* sizes, MLP, the full layers */
extern const seqp_number seqp_fla_21[];    /* 21 layers unless said otherwise, not 24 */
extern const seqp_number seqp_fla_conv[];  /* short convolutions */
extern const seqp_number seqp_fla_no_conv[]; /* before it: none unless said otherwise */
extern const seqp_part seqp_fla_frame[];   /* embedding, norms, MLP, head, the full layers' attention */
extern const seqp_part seqp_fla_qkvo[];    /* attn.q, k, v, o and their convolutions */
extern const seqp_word seqp_fla_map_words[];
extern const char *const seqp_fla_prefix[], *const seqp_fla_none[];

/* A weight of the mixer, in the layers that have it. */
#define FLA(role, hf, rows, cols, how) {"attn." role, NULL, "layers.%.attn." hf, rows, cols, how, NULL, NULL, 1}
#define FLA_INT(key, hf, lo, hi, dflt) {key, NULL, hf, lo, hi, SEQP_INT | SEQP_DFLT, dflt, NULL, NULL}
#define FLA_SET(key, expr) {key, NULL, "=" expr, 0, 1e15, 0, 0, NULL, NULL}

#define FLA_BLOCK(mixer) \
	{NORM(A, X, "rms", "attn_norm"), MIX(B, A, mixer, "attn"), ADD(X, X, B), NORM(A, X, "rms", "mlp_norm"), \
	 MLP(B, A, "gated", "mlp"), ADD(X, X, B)}
extern const seqp_op seqp_fla_full_ops[6];

/* attn.v_head_dim is head_dim times attn.expand_v; types of layers. */
int seqp_fla_finish(seq_model *m, seq_error *err);
/* The same, with widths of all heads together: width times attn.expand_k and attn.expand_v; attn.g.factor = 1 / attn.g.div. */
int seqp_fla_finish_wide(seq_model *m, seq_error *err);
/* attn.heads of attn.expand key channels; one may be 0 and follows, attn.heads always if heads_follow. */
int seqp_fla_finish_ratio(seq_model *m, bool heads_follow, seq_error *err);

/* The row of a model with mixer ops. */
#define FLA_ARCH(symbol, title, ops, number_lists, part_lists, refused, finishing) \
	static const seqp_block symbol##_blocks[] = {{ops, 6}, {seqp_fla_full_ops, 6}}; \
	static const char *const symbol##_hf[] = {title, NULL}; \
	const seqp_arch seqp_arch_##symbol = {.name = title, .gguf = seqp_fla_none, .hf = symbol##_hf, .prefix = seqp_fla_prefix, \
		.numbers = number_lists, .parts = part_lists, .refuse_hf = "attnres_block_size" refused, .finish = finishing, \
		.block = symbol##_blocks, .blocks = 2}

#endif
