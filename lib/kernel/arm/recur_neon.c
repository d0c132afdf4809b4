/* SPDX-License-Identifier: MIT */
/* recur.h on NEON. */
#include "kernel/arm/lanes_neon.h"

#include "kernel/recur_body.h"

void seqk_fill_recur_neon(seqk_table *t)
{
	fill_recur(t);
}
