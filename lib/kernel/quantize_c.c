/* SPDX-License-Identifier: MIT */
/* quantize.h in plain C: the reference. */
#include "kernel/lanes_c.h"

#include "kernel/quantize_body.h"

void seqk_fill_quantize_c(seqk_table *t)
{
	fill_quantize(t);
}
