/* SPDX-License-Identifier: MIT */
/* The chain: bias, repetition, presence and frequency, no-repeat; then, unless greedy, temperature, top-n-sigma, top-k, top-p,
 * min-p, typical, epsilon, eta; then one uniform number picks by the inverse cumulative distribution in vocabulary order. */
#include "seq/gen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/size.h"
#include "gen/exp64.h"
#include "gen/filter.h"
#include "gen/logits.h"

struct seq_sampler {
	seq_sampler_opts o;
	size_t vocab;
	seq_bias *bias;
	float *x;
	int32_t *count;
	seqp_cand cand;
};

static int in_range(double v, double lo, double hi)
{
	return v >= lo && v <= hi;
}

static int check(const seq_sampler_opts *o, size_t vocab, seq_error *err)
{
	if (vocab == 0 || vocab > INT32_MAX)
		return seqp_fail(err, SEQ_E_ARG, "sampler: a vocabulary of %zu", vocab);
	if (!in_range(o->temp, 0, 1e6) || o->top_k < 0 || !in_range(o->top_p, 0, 1) || !in_range(o->min_p, 0, 1) ||
	    !in_range(o->typical, 0, 1) || !in_range(o->epsilon, 0, 1) || !in_range(o->eta, 0, 1) ||
	    !(o->repetition > 0) || !isfinite(o->repetition) || !isfinite(o->presence) || !isfinite(o->frequency) ||
	    o->last_n < -1 || o->no_repeat < 0 || !in_range(o->n_sigma, 0, 1e6))
		return seqp_fail(err, SEQ_E_ARG, "sampler: an option is out of its range");
	for (size_t i = 0; i < o->nbias; i++) {
		if (o->bias[i].id < 0 || (size_t)o->bias[i].id >= vocab)
			return seqp_fail(err, SEQ_E_ARG, "sampler: bias for token %d, which is not in the vocabulary of %zu",
			                 (int)o->bias[i].id, vocab);
		if (isnan(o->bias[i].add) || o->bias[i].add == INFINITY)
			return seqp_fail(err, SEQ_E_ARG, "sampler: the bias for token %d is no finite number", (int)o->bias[i].id);
	}
	return SEQ_OK;
}

static int allocate(seq_sampler *s)
{
	size_t v = s->vocab;
	s->bias = seqp_alloc(s->o.nbias, sizeof *s->bias);
	s->x = seqp_alloc(v, sizeof *s->x);
	s->count = seqp_alloc(v, sizeof *s->count);
	s->cand.id = seqp_alloc(v, sizeof *s->cand.id);
	s->cand.d = seqp_alloc(v, sizeof *s->cand.d);
	s->cand.w = seqp_alloc(v, sizeof *s->cand.w);
	s->cand.key = seqp_alloc(v, sizeof *s->cand.key);
	return s->bias && s->x && s->count && s->cand.id && s->cand.d && s->cand.w && s->cand.key;
}

int seq_sampler_new(seq_sampler **out, size_t vocab, const seq_sampler_opts *o, seq_error *err)
{
	static const seq_sampler_opts defaults = SEQ_SAMPLER_DEFAULTS;
	*out = NULL;
	if (!o)
		o = &defaults;
	int r = check(o, vocab, err);
	if (r < 0)
		return r;
	seq_sampler *s = calloc(1, sizeof *s);
	if (!s)
		return seqp_nomem(err, sizeof *s);
	s->o = *o;
	s->vocab = vocab;
	if (!allocate(s)) {
		seq_sampler_free(s);
		return seqp_nomem(err, vocab * 36);
	}
	if (o->nbias)
		memcpy(s->bias, o->bias, o->nbias * sizeof *s->bias);
	s->o.bias = s->bias;
	*out = s;
	return SEQ_OK;
}

void seq_sampler_free(seq_sampler *s)
{
	if (!s)
		return;
	free(s->bias);
	free(s->x);
	free(s->count);
	free(s->cand.id);
	free(s->cand.d);
	free(s->cand.w);
	free(s->cand.key);
	free(s);
}

/* The greatest logit's first index, or -1 when there is none or one is no number. */
static int32_t best(const float *x, size_t n)
{
	size_t at = 0;
	int bad = 0;
	for (size_t i = 0; i < n; i++) {
		bad |= !(x[i] < INFINITY);
		at = x[i] > x[at] ? i : at;
	}
	return bad || x[at] == -INFINITY ? -1 : (int32_t)at;
}

static void adjust(seq_sampler *s, const float *logits, const int32_t *history, size_t n)
{
	const seq_sampler_opts *o = &s->o;
	size_t seen = o->last_n >= 0 && (size_t)o->last_n < n ? (size_t)o->last_n : n;
	memcpy(s->x, logits, s->vocab * sizeof *s->x);
	seqp_bias(s->x, s->vocab, o->bias, o->nbias);
	if (seen && (o->repetition != 1 || o->presence != 0 || o->frequency != 0))
		seqp_penalise(s->x, s->vocab, s->count, history + (n - seen), seen, o->repetition, o->presence,
		              o->frequency);
	if (n && o->no_repeat)
		seqp_no_repeat(s->x, s->vocab, history, n, (size_t)o->no_repeat);
}

static void gather(seq_sampler *s, double top)
{
	seqp_cand *c = &s->cand;
	double temp = s->o.temp;
	c->n = 0;
	for (size_t i = 0; i < s->vocab; i++) {
		double d = ((double)s->x[i] - top) / temp;
		if (d == -INFINITY)
			continue;
		c->id[c->n] = (int32_t)i;
		c->d[c->n] = d;
		c->n++;
	}
	/* these two look at d alone: the exponentials are for the few they leave */
	if (s->o.n_sigma > 0)
		seqp_filter_sigma(c, s->o.n_sigma);
	if (s->o.top_k)
		seqp_filter_top_k(c, (size_t)s->o.top_k);
	for (size_t i = 0; i < c->n; i++)
		c->w[i] = seqp_exp64(c->d[i]);
}

static void filter(seq_sampler *s)
{
	const seq_sampler_opts *o = &s->o;
	if (o->top_p < 1)
		seqp_filter_top_p(&s->cand, o->top_p);
	if (o->min_p > 0)
		seqp_filter_min_p(&s->cand, o->min_p);
	if (o->typical < 1)
		seqp_filter_typical(&s->cand, o->typical);
	if (o->epsilon > 0)
		seqp_filter_epsilon(&s->cand, o->epsilon);
	if (o->eta > 0)
		seqp_filter_eta(&s->cand, o->eta);
}

int32_t seq_sample(seq_sampler *s, const float *logits, const int32_t *history, size_t nhistory, uint32_t sequence,
                   uint64_t position)
{
	adjust(s, logits, history, nhistory);
	int32_t top = best(s->x, s->vocab);
	if (top < 0)
		return SEQ_E_FORMAT;
	if (s->o.temp == 0)
		return top;
	gather(s, s->x[top]);
	filter(s);
	return seqp_pick(&s->cand, seqp_uniform(s->o.seed, sequence, position, 0));
}
