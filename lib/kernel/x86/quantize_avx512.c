/* SPDX-License-Identifier: MIT */
/* quantize.h on AVX-512. */
#include "kernel/x86/lanes_avx512.h"

#include "kernel/quantize_body.h"

void seqk_fill_quantize_avx512(seqk_table *t)
{
	fill_quantize(t);
}
