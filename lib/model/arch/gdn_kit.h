/* SPDX-License-Identifier: MIT */
/* What architectures with gated delta nets share: role "lin" in layers of type 0 (and 2), softmax attention in those of
 * type 1 (and 3), experts in types 2 and 3. */
#ifndef MODEL_ARCH_GDN_KIT_H
#define MODEL_ARCH_GDN_KIT_H

#include "model/arch/moe_kit.h"

enum { SEQP_GDN_FULL = 1, SEQP_GDN_MOE = 2 };
#define GDN_LIN (1 << 0 | 1 << 2)
#define GDN_FULL (1 << 1 | 1 << 3)
#define GDN_DENSE (1 << 0 | 1 << 1)
#define GDN_MOE (1 << 2 | 1 << 3)

#define GDN_QK "lin.k.heads*lin.head_dim"
#define GDN_V "lin.heads*lin.v_head_dim"

extern const seqp_number seqp_gdn_numbers[]; /* sizes under the keys linear_... and ssm... */

/* The kind of each layer: layer_types, or every n-th full, n = full_attention_interval; experts as seqp_moe_layers says
 * unless moe is false. */
int seqp_gdn_types(seq_model *m, bool moe, seq_error *err);

#endif
