/* SPDX-License-Identifier: MIT */
/* attn.h on AVX2. */
#include "kernel/x86/lanes_avx2.h"

#include "kernel/attn_body.h"

void seqk_fill_attn_avx2(seqk_table *t)
{
	fill_attn(t);
}
