/* SPDX-License-Identifier: MIT */
/* Filters over candidates for the next token.
 *
 * A candidate has an id and d = (logit - greatest logit) / temperature, so d <= 0 and the best has 0.  Candidates stay in
 * vocabulary order; a filter removes some and never all.  Each filter sees probabilities normalised over what the
 * earlier ones left.  No filter sorts: cuts are found by radix selection (select.h). */
#ifndef GEN_FILTER_H
#define GEN_FILTER_H

#include <stddef.h>
#include <stdint.h>

typedef struct seqp_cand {
	size_t n;
	int32_t *id;
	double *d;
	double *w;     /* exp(d) */
	uint64_t *key; /* work space of the filters */
} seqp_cand;

/* Sum of w, in order. */
double seqp_cand_total(const seqp_cand *c);

/* Keeps the k largest; candidates equal to the k-th stay too. */
void seqp_filter_top_k(seqp_cand *c, size_t k);
/* Keeps d >= -n * (standard deviation of all d); before any other filter.  Tang et al., Top-n-sigma: Not All Logits
 * Are You Need, 2024.  Uses d alone. */
void seqp_filter_sigma(seqp_cand *c, double n);
/* Keeps a candidate while the probability of the better ones is below p (among equals: the lower id is better).
 * Holtzman et al., The Curious Case of Neural Text Degeneration, 2019. */
void seqp_filter_top_p(seqp_cand *c, double p);
/* Keeps probability >= p * greatest probability.  Nguyen et al., Turning Up the Heat: Min-p Sampling, 2024. */
void seqp_filter_min_p(seqp_cand *c, double p);
/* Sorts in thought by |-log p - entropy|; keeps up to and including the one that reaches the mass, and its equals.
 * Meister et al., Locally Typical Sampling, 2022. */
void seqp_filter_typical(seqp_cand *c, double mass);
/* Keeps probability >= epsilon, and the best.  Hewitt et al., Truncation Sampling as Language Model Desmoothing, 2022. */
void seqp_filter_epsilon(seqp_cand *c, double epsilon);
/* The same with min(epsilon, sqrt(epsilon) exp(-entropy)); same paper. */
void seqp_filter_eta(seqp_cand *c, double epsilon);

/* The id of the first candidate whose cumulative probability exceeds u, 0 <= u < 1. */
int32_t seqp_pick(const seqp_cand *c, double u);

#endif
