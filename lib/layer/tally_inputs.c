/* SPDX-License-Identifier: MIT */
#include "layer/tally_inputs.h"

#include <string.h>

#include "base/fail.h"

int seqp_tally_new(const seqp_bind *b, const char *role, size_t cols, seqp_tally **out, seq_error *err)
{
	seqp_tally *t = seqp_arena_alloc(b->arena, 1, sizeof *t);
	double *sum = seqp_arena_alloc(b->arena, cols, sizeof *sum);
	const char *name = seqp_arena_strdup(b->arena, role, strlen(role));
	if (!t || !sum || !name)
		return seqp_nomem(err, cols * sizeof *sum);
	*t = (seqp_tally){*b->tallies, b->layer, name, cols, 0, sum};
	*b->tallies = *out = t;
	return 0;
}

void seqp_tally_add(seqp_tally *t, const seqk_act *a)
{
	for (size_t j = 0; j < a->n; j++) {
		const float *x = a->x + j * a->ldx;
		for (size_t i = 0; i < t->cols; i++)
			t->sum[i] += (double)x[i] * (double)x[i];
	}
	t->rows += a->n;
}
