/* SPDX-License-Identifier: MIT */
/* attn.h on NEON. */
#include "kernel/arm/lanes_neon.h"

#include "kernel/attn_body.h"

void seqk_fill_attn_neon(seqk_table *t)
{
	fill_attn(t);
}
