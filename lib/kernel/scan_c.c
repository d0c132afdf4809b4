/* SPDX-License-Identifier: MIT */
/* scan.h in plain C: the reference. */
#include "kernel/lanes_c.h"
#include "kernel/scan_body.h"

void seqk_fill_scan_c(seqk_table *t)
{
	fill_scan(t);
}
