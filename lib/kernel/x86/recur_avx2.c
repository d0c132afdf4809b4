/* SPDX-License-Identifier: MIT */
/* recur.h on AVX2. */
#include "kernel/x86/lanes_avx2.h"

#include "kernel/recur_body.h"

void seqk_fill_recur_avx2(seqk_table *t)
{
	fill_recur(t);
}
