/* SPDX-License-Identifier: MIT */
/* Choosing the next token.
 *
 *     seq_sampler_opts o = SEQ_SAMPLER_DEFAULTS;
 *     o.temp = 0.8f; o.top_p = 0.95f;
 *     seq_sampler *s;
 *     seq_sampler_new(&s, V, &o, &err);
 *     int32_t id = seq_sample(s, logits, history, nhistory, sequence, position);
 *
 * The choice depends on (logits, options, history, seed, sequence, position) only:
 * random numbers come from a counter generator. A sampler belongs to one thread. */
#ifndef SEQ_GEN_H
#define SEQ_GEN_H

#include <stddef.h>
#include <stdint.h>

#include "seq/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct seq_bias {
	int32_t id;
	float add; /* added to the logit; -INFINITY forbids */
} seq_bias;

typedef struct seq_sampler_opts {
	float temp;      /* 0: greedy, ties to the lowest id */
	int top_k;       /* 0: off */
	float top_p;     /* 1: off */
	float min_p;     /* 0: off */
	float typical;   /* 1: off */
	float repetition; /* 1: off; Keskar et al., CTRL, 2019 */
	float presence, frequency; /* 0: off */
	int last_n;      /* history that penalties see; -1: all */
	const seq_bias *bias;
	size_t nbias;
	uint64_t seed;
	float epsilon, eta; /* 0: off; Hewitt et al., 2022 */
	int no_repeat;      /* 0: off; n: no n-gram is said twice */
	float n_sigma;      /* 0: off; Tang et al., 2024 */
} seq_sampler_opts;

#define SEQ_SAMPLER_DEFAULTS {0.8f, 0, 0.95f, 0.05f, 1.0f, 1.0f, 0.0f, 0.0f, 64, NULL, 0, 0, 0.0f, 0.0f, 0, 0.0f}

typedef struct seq_sampler seq_sampler;
int seq_sampler_new(seq_sampler **out, size_t vocab, const seq_sampler_opts *o, seq_error *err) SEQ_MUST_USE;
void seq_sampler_free(seq_sampler *s);

/* The chosen id, >= 0; SEQ_E_FORMAT (negative) when a logit is NaN or +inf, or nothing is allowed.
 * The order: bias, repetition, presence and frequency, no-repeat; temperature, top-n-sigma, top-k, top-p, min-p, typical,
 * epsilon, eta, each over what the earlier ones left; then the first id in vocabulary order whose cumulative
 * probability exceeds a uniform number.  Ties: top-k keeps all equals of the k-th, top-p the lower ids. */
int32_t seq_sample(seq_sampler *s, const float *logits, const int32_t *history, size_t nhistory,
                   uint32_t sequence, uint64_t position);

/* Log-probability of id under softmax(logits) (before any filter); float64 accumulation. */
double seq_logprob(const float *logits, size_t vocab, int32_t id);

#ifdef __cplusplus
}
#endif
#endif
