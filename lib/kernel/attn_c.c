/* SPDX-License-Identifier: MIT */
/* attn.h in plain C: the reference. */
#include "kernel/lanes_c.h"
#include "kernel/attn_body.h"

void seqk_fill_attn_c(seqk_table *t)
{
	fill_attn(t);
}
