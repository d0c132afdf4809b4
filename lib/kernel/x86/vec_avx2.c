/* SPDX-License-Identifier: MIT */
/* vec.h on AVX2. */
#include "kernel/x86/lanes_avx2.h"

#include "kernel/vec_body.h"

void seqk_fill_vec_avx2(seqk_table *t)
{
	fill_vec(t);
}
