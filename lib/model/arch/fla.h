/* SPDX-License-Identifier: MIT */
/* What the models of flash-linear-attention share (fla_kit.c): x += mix(rms x), x += swiglu(rms x), names, keys, and
 * softmax attention (role "full") in the layers that "attn.layers" lists.  A row adds its mixer. */
#ifndef MODEL_ARCH_FLA_H
#define MODEL_ARCH_FLA_H

#include "model/arch/rows.h"

extern const seqp_number seqp_fla_model[]; /* layers 24 unless a list before says else */
extern const seqp_number seqp_fla_full[];
extern const seqp_part seqp_fla_frame[];   /* embedding, norms, MLP, head, the full layers' attention */
extern const seqp_part seqp_fla_qkvo[];    /* attn.q, k, v, o and their convolutions */
extern const seqp_op seqp_fla_full_ops[6];
extern const char *const seqp_fla_prefix[];

/* head widths from "attn.expand_k", "attn.expand_v" of the model's or a head's width; types of layers. */
int seqp_fla_finish(seq_model *m, seq_error *err);

#endif
