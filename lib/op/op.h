/* SPDX-License-Identifier: MIT */
/* An operator: a sequence mixer by itself, arithmetic over named arrays with a state.  One
 * paper, one file, one row in op_table.c.  The mixers of models call the same rows.
 *
 * Arrays are f32.  Their sizes are words of letters, outermost first: "THK" is [T][H][K].  T is time:
 * an array that begins with T has a row per token, ld floats apart; every other array is without gaps.
 * A letter has one size in a call, a digit is its own.  Calls that follow one another on the same state give
 * the bits of one call over all tokens; calls over parts of the split letter give the bits of the whole. */
#ifndef OP_OP_H
#define OP_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seq/error.h"

enum { SEQP_OP_IN = 13, SEQP_OP_STATE = 4, SEQP_OP_OUT = 3, SEQP_OP_NUMBERS = 4 };

typedef struct seqp_op_array {
	const char *name; /* NULL ends a list */
	const char *dims;
	unsigned how;
	const char *from; /* of a state: the name of the initial one, when it is not NAME0 */
} seqp_op_array;

enum { SEQP_OP_OPT = 1 }; /* an input that may be absent; an output that is made when its sizes are known */

typedef struct seqp_op_number {
	const char *name; /* NULL ends */
	double dflt;      /* NAN: has to be given, unless check fills it in */
	double lo, hi;
	const char *const *words; /* names of the values 0, 1, ...; NULL: a number */
	const char *about;
} seqp_op_number;

typedef struct seqp_op_call {
	const float *in[SEQP_OP_IN]; /* by place in row->in; NULL: absent */
	size_t ld[SEQP_OP_IN];       /* of those with T */
	float *out[SEQP_OP_OUT];     /* NULL: not wanted */
	size_t ldo[SEQP_OP_OUT];
	float *state[SEQP_OP_STATE];
	double number[SEQP_OP_NUMBERS];
	size_t dim[26];              /* by letter, 0: unknown; 'T' is the tokens of this call */
	int64_t pos;                 /* tokens before this call */
	size_t total;                /* tokens there are in all */
	float *made;                 /* what make() computed from the constants, if the row has it */
	float *scratch;              /* the caller's own, scratch() floats */
} seqp_op_call;

typedef struct seqp_op_row {
	const char *name, *paper;
	const char *bytes;  /* of the state, in floats: "H K V" */
	const char *cost;   /* fused multiply-adds a token: "3 H K V" */
	const seqp_op_array *in, *state, *out;
	const seqp_op_number *number; /* may be NULL */
	char split;                   /* the letter whose range a call may be cut by; 0: none */
	bool whole;                   /* not causal: all tokens in one call */
	/* Numbers that follow from sizes, relations between sizes; may be NULL. */
	int (*check)(seqp_op_call *c, seq_error *err);
	/* Constants made once from the inputs without T: floats they take, and making them in c->made.  NULL: none. */
	size_t (*made)(const seqp_op_call *c);
	int (*make)(const seqp_op_call *c, seq_error *err);
	/* Fills a state that begins with something else than zeros (it is zero before); may be NULL. */
	void (*fresh)(const seqp_op_call *c, int which, float *state);
	size_t (*scratch)(const seqp_op_call *c); /* floats; NULL: none */
	void (*run)(const seqp_op_call *c, size_t i0, size_t i1);
} seqp_op_row;

const seqp_op_row *seqp_op_find(const char *name); /* NULL: none */
const seqp_op_row *seqp_op_at(size_t i);           /* NULL past the last */

static inline size_t seqp_op_dim(const seqp_op_call *c, char letter)
{
	return c->dim[letter - 'A'];
}

/* Token t of an input, from element i on. */
static inline const float *seqp_op_in(const seqp_op_call *c, int which, size_t t, size_t i)
{
	return c->in[which] + t * c->ld[which] + i;
}

static inline float *seqp_op_out(const seqp_op_call *c, int which, size_t t, size_t i)
{
	return c->out[which] + t * c->ldo[which] + i;
}

#endif
