/* SPDX-License-Identifier: MIT */
/* attn.h in plain C: the reference. */
#include "kernel/lanes_c.h"
#define ATTN_ONE_COPY
#include "kernel/attn_body.h"

void seqk_fill_attn_c(seqk_table *t)
{
	fill_attn(t);
}
