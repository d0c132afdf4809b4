/* SPDX-License-Identifier: MIT */
/* scan.h on NEON. */
#include "kernel/arm/lanes_neon.h"

#include "kernel/scan_body.h"

void seqk_fill_scan_neon(seqk_table *t)
{
	fill_scan(t);
}
