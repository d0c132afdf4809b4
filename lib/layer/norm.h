/* SPDX-License-Identifier: MIT */
/* Norms over a row: a table of kinds. */
#ifndef LAYER_NORM_H
#define LAYER_NORM_H

#include "layer/ctx.h"

typedef struct seqp_norm_row {
	const char *name;  /* "rms" */
	const char *about; /* one line for the manual */
	void (*row)(float *y, const float *x, const float *w, const float *b, size_t n, float eps);
} seqp_norm_row;

const seqp_norm_row *seqp_norm_find(const char *name); /* NULL: none */
const seqp_norm_row *seqp_norm_at(size_t i);           /* NULL past the last */

typedef struct seqp_norm {
	const seqp_norm_row *kind;
	const float *w, *b; /* NULL: 1, 0 */
	size_t n;
	float eps;
} seqp_norm;

/* Weights "ROLE.w" and "ROLE.b". */
int seqp_norm_open(const seqp_bind *b, const char *kind, seqp_norm *out, seq_error *err);
static inline void seqp_norm_one(const seqp_norm *m, float *y, const float *x)
{
	m->kind->row(y, x, m->w, m->b, m->n, m->eps);
}
/* Rows [rows][n] of the batch, split over lanes; x may be y; no barrier at the end. */
void seqp_norm_run(const seqp_ctx *ctx, const seqp_norm *m, const float *x, float *y);

#endif
