/* SPDX-License-Identifier: MIT */
/* scan.h on AVX2. */
#include "kernel/x86/lanes_avx2.h"

#include "kernel/scan_body.h"

void seqk_fill_scan_avx2(seqk_table *t)
{
	fill_scan(t);
}
