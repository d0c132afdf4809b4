/* SPDX-License-Identifier: MIT */
/* quantize.h on AVX2. */
#include "kernel/x86/lanes_avx2.h"

#include "kernel/quantize_body.h"

void seqk_fill_quantize_avx2(seqk_table *t)
{
	fill_quantize(t);
}
