/* SPDX-License-Identifier: MIT */
#include "gen/logits.h"

#include <math.h>
#include <string.h>

#include "gen/exp64.h"

static int known(int32_t id, size_t vocab)
{
	return id >= 0 && (size_t)id < vocab;
}

void seqp_penalise(float *x, size_t vocab, int32_t *count, const int32_t *history, size_t n, float repetition,
                   float presence, float frequency)
{
	for (size_t i = 0; i < n; i++)
		if (known(history[i], vocab))
			count[history[i]]++;
	for (size_t i = 0; i < n; i++) {
		int32_t id = history[i];
		if (!known(id, vocab) || !count[id])
			continue;
		if (repetition != 1)
			x[id] = x[id] > 0 ? x[id] / repetition : x[id] * repetition;
		x[id] -= presence + frequency * (float)count[id];
		count[id] = 0;
	}
}

void seqp_no_repeat(float *x, size_t vocab, const int32_t *history, size_t n, size_t ngram)
{
	if (ngram == 0 || n + 1 < ngram)
		return;
	const int32_t *tail = history + n - (ngram - 1);
	for (size_t i = 0; i + ngram <= n; i++)
		if (!memcmp(history + i, tail, (ngram - 1) * sizeof *tail) && known(history[i + ngram - 1], vocab))
			x[history[i + ngram - 1]] = -INFINITY;
}

void seqp_bias(float *x, size_t vocab, const seq_bias *bias, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (known(bias[i].id, vocab))
			x[bias[i].id] += bias[i].add;
}

double seq_logprob(const float *logits, size_t vocab, int32_t id)
{
	if (!known(id, vocab))
		return NAN;
	float top = logits[0];
	for (size_t i = 1; i < vocab; i++)
		top = logits[i] > top ? logits[i] : top;
	double part[4] = {0, 0, 0, 0};
	for (size_t i = 0; i < vocab; i++)
		part[i & 3] += seqp_exp64((double)logits[i] - top);
	return (double)logits[id] - top - log((part[0] + part[1]) + (part[2] + part[3]));
}
