/* SPDX-License-Identifier: MIT */
/* The linear recurrence that linear attentions, retention, gated delta rules and RWKV
 * share, marching through time: one head of one sequence, state S [K][V], rows are key channels.
 *
 * For each token t, with e, u and o rows of V:
 *   outer   o = q S (before only);  S[i] = fma(k[i], v, a[i] * S[i]);  o = q S (else)
 *   delta   e = p S;  u = beta * (v - e);  S[i] = fma(k[i], u, a[i] * S[i]);  o = q S
 *   read    o = q S alone
 *   rank1   e = p S;  S[i] = fma(k[i], v, fma(x[i], e, a[i] * S[i]));  o = q S
 * p S and q S: four chains, chain = i mod 4, chain = fma(row[i], S[i], chain) in order of i from
 * +0, then (0 + 2) + (1 + 3).  before adds the token itself: o = fma(bonus, v, q S).
 * a is one for each row (a), one for all (a1) or, outer only, one for each column (av: S[i][j] = fma(k[i], v[j],
 * av[j] * S[i][j])); none of them: 1, no product.  Decays are factors here, not logarithms.
 * Serial; same bits for any cut of time or of columns.
 * Papers: Katharopoulos et al. 2020; Yang et al., GLA 2023, DeltaNet 2024, Gated DeltaNet 2024; Peng et al., RWKV. */
#ifndef KERNEL_RECUR_H
#define KERNEL_RECUR_H

#include <stdbool.h>
#include <stddef.h>

enum seqk_recur_rule { SEQK_OUTER, SEQK_DELTA, SEQK_RANK1, SEQK_READ };

typedef struct seqk_recur {
	enum seqk_recur_rule rule;
	bool before;                     /* outer only */
	const float *q, *k, *v;          /* [n][ldq], [n][ldk], [n][ldv]; q NULL: no read, o is left alone */
	const float *a, *p, *x;          /* [n][lda], ... factors of the rows; p for delta and rank1, x for rank1 */
	const float *a1, *av;            /* [n][lda1], [n][ldav >= V] */
	const float *beta, *bonus;       /* [n][ldbeta], [n][ldbonus] */
	size_t ldq, ldk, ldv, lda, ldp, ldx, lda1, ldav, ldbeta, ldbonus;
	float *o;                        /* [n][ldo] */
	size_t ldo;
	float *S;                        /* [K][V] */
	size_t n, K, V;
} seqk_recur;

/* Columns [v0, v1) of v, S and o. */
void seqk_recur_run(const seqk_recur *r, size_t v0, size_t v1);

#endif
