/* SPDX-License-Identifier: MIT */
/* Operators: one sequence mixer over named arrays, without a model.
 *
 *     seq_op *op;
 *     seq_op_open(&op, "gla", &err);
 *     seq_op_set(op, "scale", "1", &err);
 *     seq_op_give(op, &q, &err); ...            tensors by their names: q, k, v, g, state0
 *     seq_op_start(op, threads, &err);
 *     seq_op_run(op, n, &err);                  tokens [0, n), then the next ...
 *     const seq_tensor *o = seq_op_out(op, 0);
 *
 * Every array is F32.  Sizes are letters: "THK" is [T][H][K], T is time.  Inputs stay the
 * caller's and unchanged until seq_op_close; outputs and states belong to the op.  The result does not
 * depend on threads, nor on how the tokens are cut.  One thread uses an op at a time. */
#ifndef SEQ_OP_H
#define SEQ_OP_H

#include <stddef.h>
#include <stdint.h>

#include "seq/error.h"
#include "seq/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the table says of an operator; i counts from 0. */
typedef struct seq_op_about {
	const char *name, *paper;
	const char *bytes; /* floats of state: "H K V" */
	const char *cost;  /* fused multiply-adds a token */
	int whole;         /* 1: not causal, wants all tokens in one run */
} seq_op_about;
int seq_op_list(size_t i, seq_op_about *about); /* 0: past the last */

/* Its arrays and numbers, for a manual: i counts inputs, states, outputs, numbers. */
typedef struct seq_op_slot {
	const char *kind; /* "input", "state", "output", "number" */
	const char *name, *dims, *about;
	int optional;
} seq_op_slot;
int seq_op_slots(const char *name, size_t i, seq_op_slot *slot); /* 0: past the last */

typedef struct seq_op seq_op;
int seq_op_open(seq_op **op, const char *name, seq_error *err) SEQ_MUST_USE; /* SEQ_E_ARG: unknown */
void seq_op_close(seq_op *op);

/* A number, or a word where the number has words. */
int seq_op_set(seq_op *op, const char *key, const char *value, seq_error *err) SEQ_MUST_USE;
/* An input, or an initial state (NAME0, where the state is NAME).  SEQ_E_ARG: no such array;
 * SEQ_E_FORMAT: not F32 or a wrong rank. */
int seq_op_give(seq_op *op, const seq_tensor *t, seq_error *err) SEQ_MUST_USE;
/* A state as seq_op_state gave it, by the name of the state; overrides NAME0. */
int seq_op_resume(seq_op *op, const seq_tensor *t, seq_error *err) SEQ_MUST_USE;
/* Begins at token t of the inputs. */
int seq_op_seek(seq_op *op, int64_t t, seq_error *err) SEQ_MUST_USE;
/* Checks that all is there and agrees.  threads 0: one per physical core.  SEQ_E_ARG,
 * SEQ_E_MISMATCH: sizes that contradict each other. */
int seq_op_start(seq_op *op, int threads, seq_error *err) SEQ_MUST_USE;
int64_t seq_op_tokens(const seq_op *op); /* T of the inputs, 0 when none has one */
int64_t seq_op_done(const seq_op *op);   /* tokens run or passed over */
/* The next n tokens; n <= what is left. */
int seq_op_run(seq_op *op, int64_t n, seq_error *err) SEQ_MUST_USE;
const seq_tensor *seq_op_out(const seq_op *op, size_t i);   /* NULL past the last */
const seq_tensor *seq_op_state(const seq_op *op, size_t i);

#ifdef __cplusplus
}
#endif
#endif
