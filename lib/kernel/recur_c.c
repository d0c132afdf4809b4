/* SPDX-License-Identifier: MIT */
/* recur.h in plain C: the reference. */
#include "kernel/lanes_c.h"

#define RECUR_ONE_COPY
#include "kernel/recur_body.h"

void seqk_fill_recur_c(seqk_table *t)
{
	fill_recur(t);
}
