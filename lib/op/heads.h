/* SPDX-License-Identifier: MIT */
/* Heads of a linear recurrence (kernel/recur.h) over spans of tokens: what most
 * rows of the table are.  A row says only how its inputs become factors. */
#ifndef OP_HEADS_H
#define OP_HEADS_H

#include "kernel/recur.h"
#include "op/op.h"

enum { SEQP_SPAN = 32 };

/* One head over up to SEQP_SPAN tokens: a call of the kernel, and room for rows of factors. */
typedef struct seqp_span {
	seqk_recur r;   /* v, o and S are set; the row sets the others */
	size_t h, t, n, K, V;                /* K: rows of S */
	float *q, *k, *a, *p, *x;          /* [SEQP_SPAN][K] to write into */
	float *a1, *beta, *bonus;          /* [SEQP_SPAN] */
} seqp_span;

typedef void seqp_span_fn(const seqp_op_call *c, seqp_span *s);

/* Runs heads [h0, h1) (letters H, K, V; v is input iv [T][H][V], o output 0, S state 0).
 * factors sets s->r for tokens s->t .. s->t + s->n of head s->h; after, which may be NULL, sees what came out. */
void seqp_heads_run(const seqp_op_call *c, enum seqk_recur_rule rule, int iv, size_t h0, size_t h1, seqp_span_fn *factors,
                    seqp_span_fn *after);
/* The same with K rows in a head's state. */
void seqp_heads_rows(const seqp_op_call *c, size_t K, enum seqk_recur_rule rule, int iv, size_t h0, size_t h1,
                     seqp_span_fn *factors, seqp_span_fn *after);

/* Floats of scratch they need. */
size_t seqp_heads_scratch(const seqp_op_call *c);
size_t seqp_rows_scratch(size_t K, size_t V);

/* Sets a pointer and stride of the kernel to rows of input i as they are, [T][H][K] or [T][H]. */
#define SEQP_ROWS(s, c, field, i) \
	((s)->r.field = seqp_op_in(c, i, (s)->t, (s)->h * (s)->K), (s)->r.ld##field = (c)->ld[i])
#define SEQP_SCALARS(s, c, field, i) ((s)->r.field = seqp_op_in(c, i, (s)->t, (s)->h), (s)->r.ld##field = (c)->ld[i])
/* ... or to what the row made. */
#define SEQP_MADE(s, field) ((s)->r.field = (s)->field, (s)->r.ld##field = (s)->K)
#define SEQP_MADE_SCALARS(s, field) ((s)->r.field = (s)->field, (s)->r.ld##field = 1)

/* The same input times a factor, its exponential, ... into rows of the span. */
void seqp_span_scale(const seqp_op_call *c, const seqp_span *s, float *rows, int input, float factor);
void seqp_span_exp(const seqp_op_call *c, const seqp_span *s, float *rows, int input);
void seqp_span_exp1(const seqp_op_call *c, const seqp_span *s, float *scalars, int input);

/* q times number scale (number 0), as almost every row has it. */
void seqp_span_query(const seqp_op_call *c, seqp_span *s, int input);

/* A softmax over time whose normaliser runs along: z, its logarithm, is -inf at first; k goes into it; a = exp(z_old - z)
 * is what older weights are multiplied by, w = exp(k - z) the new one. */
void seqp_time_softmax(float *z, float *a, float *w, const float *k, size_t n);

/* An after: o divided by bonus. */
seqp_span_fn seqp_span_divide;

/* check() of those: scale is 1 / sqrt(K) unless given. */
int seqp_heads_check(seqp_op_call *c, seq_error *err);
extern const seqp_op_number seqp_heads_scale[2];
/* o [T][H][V] and state [H][K][V]. */
extern const seqp_op_array seqp_heads_out[2], seqp_heads_state[2];

#endif
