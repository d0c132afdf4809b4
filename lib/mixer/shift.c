/* SPDX-License-Identifier: MIT */
#include "mixer/shift.h"

#include <string.h>

#include "base/fail.h"
#include "layer/bind.h"

void seqp_shift_open(seqp_shift *s, const char *name, size_t width, seqp_state_spec *spec)
{
	s->width = width;
	s->fixed = seqp_spec_fixed(spec, name, width, 1, 1, 0);
}

int seqp_shift_factors(const seqp_bind *b, const char *name, size_t n, const float **mu, seq_error *err)
{
	int rc = seqp_bind_vector(b, name, (int64_t)n, 1, mu, err);
	if (rc < 0 || seqp_bind_number(b, "mix_self", 0) == 0)
		return rc;
	float *other = seqp_arena_alloc(b->arena, n, sizeof *other);
	if (!other)
		return seqp_nomem(err, n * sizeof *other);
	for (size_t i = 0; i < n; i++)
		other[i] = 1 - (*mu)[i];
	*mu = other;
	return 0;
}

static const float *before(const seqp_shift *s, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, size_t row)
{
	size_t seq = ctx->batch->row_seq[row];
	return row > ctx->batch->first[seq] ? x + (row - 1) * s->width : state[seq]->fixed[s->fixed];
}

void seqp_shift_mix(const seqp_shift *s, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, const float *mu,
                    size_t ldmu, float *y, size_t c0, size_t c1)
{
	for (size_t r = 0; r < ctx->batch->rows; r++) {
		const float *p = before(s, ctx, state, x, r), *q = x + r * s->width, *m = mu + r * ldmu;
		float *to = y + r * s->width;
		for (size_t c = c0; c < c1; c++)
			to[c] = q[c] + (p[c] - q[c]) * m[c];
	}
}

void seqp_shift_keep(const seqp_shift *s, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, size_t c0, size_t c1)
{
	for (size_t i = 0; i < ctx->batch->nseq; i++) {
		size_t end = ctx->batch->first[i + 1];
		if (end > ctx->batch->first[i])
			memcpy(state[i]->fixed[s->fixed] + c0, x + (end - 1) * s->width + c0, (c1 - c0) * sizeof *x);
	}
}
