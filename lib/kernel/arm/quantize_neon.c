/* SPDX-License-Identifier: MIT */
/* quantize.h on NEON. */
#include "kernel/arm/lanes_neon.h"

#include "kernel/quantize_body.h"

void seqk_fill_quantize_neon(seqk_table *t)
{
	fill_quantize(t);
}
