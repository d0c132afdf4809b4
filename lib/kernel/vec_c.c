/* SPDX-License-Identifier: MIT */
/* vec.h in plain C: the reference. */
#include "kernel/lanes_c.h"
#include "kernel/vec_body.h"

void seqk_fill_vec_c(seqk_table *t)
{
	fill_vec(t);
}
