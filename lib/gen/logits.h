/* SPDX-License-Identifier: MIT */
/* What is done to logits before any filter: bias, then penalties for what was said already. */
#ifndef GEN_LOGITS_H
#define GEN_LOGITS_H

#include <stddef.h>
#include <stdint.h>

#include "seq/gen.h"

/* x[V] is changed in place.  count[V] is zero before and after.  history: what the penalties see.
 *   repetition: every distinct token once: positive logits are divided, others multiplied.
 *   presence, frequency: x -= presence + frequency * (times seen). */
void seqp_penalise(float *x, size_t vocab, int32_t *count, const int32_t *history, size_t n, float repetition,
                   float presence, float frequency);
/* Forbids every token that would complete an n-gram already in the history. */
void seqp_no_repeat(float *x, size_t vocab, const int32_t *history, size_t n, size_t ngram);
void seqp_bias(float *x, size_t vocab, const seq_bias *bias, size_t n);

#endif
