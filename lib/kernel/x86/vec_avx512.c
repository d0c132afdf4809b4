/* SPDX-License-Identifier: MIT */
/* vec.h on AVX-512. */
#include "kernel/x86/lanes_avx512.h"

#include "kernel/vec_body.h"

void seqk_fill_vec_avx512(seqk_table *t)
{
	fill_vec(t);
}
