/* SPDX-License-Identifier: MIT */
/* Weights and numbers below a bind's role, with their shapes checked. */
#ifndef LAYER_BIND_H
#define LAYER_BIND_H

#include "layer/ctx.h"

/* Number "ROLE.key". */
double seqp_bind_number(const seqp_bind *b, const char *key, double dflt);
/* The same as a whole number in [lo, hi]; SEQ_E_UNSUPPORTED otherwise. */
int seqp_bind_int(const seqp_bind *b, const char *key, int64_t dflt, int64_t lo, int64_t hi, int64_t *out,
                  seq_error *err);
/* Number key without the role. */
double seqp_bind_global(const seqp_bind *b, const char *key, double dflt);

/* Weight "ROLE.name" (or NULL). */
const seqp_view *seqp_bind_weight(const seqp_bind *b, const char *name);
/* n floats; *out is NULL when absent and not needed. */
int seqp_bind_vector(const seqp_bind *b, const char *name, int64_t n, int needed, const float **out, seq_error *err);
/* eps of norm "ROLE" or "ROLE.name": "NAME.eps" before "norm_eps". */
float seqp_bind_eps(const seqp_bind *b, const char *name);

/* Fails with SEQ_E_FORMAT, naming layer and role. */
int seqp_bind_fail(const seqp_bind *b, const char *name, seq_error *err, const char *what);

#endif
