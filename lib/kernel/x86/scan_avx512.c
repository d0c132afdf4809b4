/* SPDX-License-Identifier: MIT */
/* scan.h on AVX-512. */
#include "kernel/x86/lanes_avx512.h"

#include "kernel/scan_body.h"

void seqk_fill_scan_avx512(seqk_table *t)
{
	fill_scan(t);
}
