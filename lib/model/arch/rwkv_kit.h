/* SPDX-License-Identifier: MIT */
/* What the tables of RWKV 4 to 7 share.  Their authors' own names ("blocks.0.att.key.weight") have a row of their own:
 * there is no configuration; model/store_rwkv.c writes one, from names and shapes. */
#ifndef MODEL_ARCH_RWKV_KIT_H
#define MODEL_ARCH_RWKV_KIT_H

#include "model/arch/rows.h"

extern const seqp_number seqp_rwkv_numbers[];  /* layers, width, eps */
extern const seqp_number seqp_rwkv_sizes[];    /* heads of the authors' files, and what their numbers are */
extern const seqp_part seqp_rwkv_ends_fla[];   /* ends and norms: GGUF and flash-linear-attention */
extern const seqp_part seqp_rwkv_ends_own[];   /* the authors' */
extern const char *const seqp_rwkv_no_prefix[];

/* The program of a layer: two mixers behind layer norms. */
#define SEQP_RWKV_BLOCK(mixer) { \
	NORM(A, X, "layer", "tm_norm"), MIX(B, A, mixer, "tm"), \
	ADD_SCALED(X, X, B, NULL, "tm.part"), \
	NORM(A, X, "layer", "cm_norm"), MIX(B, A, "rwkv_ffn", "cm"), \
	ADD_SCALED(X, X, B, "cm.keep", "cm.part")}
extern const seqp_op seqp_rwkv_in[1], seqp_rwkv_out[1];

/* "cm.ff" from the tensor; the eps of the norm by heads: eps, or where eps is 0 head size times norm_eps. */
int seqp_rwkv_finish(seq_model *m, double eps, seq_error *err);

/* x is halved after every n layers (0: never).  whole: weights are as trained, so what is added is divided as well. */
int seqp_rwkv_halve(seq_model *m, int64_t n, bool whole, seq_error *err);

#endif
