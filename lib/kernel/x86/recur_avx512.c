/* SPDX-License-Identifier: MIT */
/* recur.h on AVX-512. */
#include "kernel/x86/lanes_avx512.h"

#include "kernel/recur_body.h"

void seqk_fill_recur_avx512(seqk_table *t)
{
	fill_recur(t);
}
