/* SPDX-License-Identifier: MIT */
/* vec.h on NEON. */
#include "kernel/arm/lanes_neon.h"

#include "kernel/vec_body.h"

void seqk_fill_vec_neon(seqk_table *t)
{
	fill_vec(t);
}
