/* SPDX-License-Identifier: MIT */
/* attn.h on AVX-512. */
#include "kernel/x86/lanes_avx512.h"

#include "kernel/attn_body.h"

void seqk_fill_attn_avx512(seqk_table *t)
{
	fill_attn(t);
}
