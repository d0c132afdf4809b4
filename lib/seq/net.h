/* SPDX-License-Identifier: MIT */
/* Running a model: prompts and steps, any number of sequences at once.
 *
 *     seq_net *net;  seq_state *s;  float *logits = malloc(4 * V);
 *     seq_net_open(&net, model, NULL, &err);
 *     seq_state_new(&s, net, &err);
 *     seq_span span = {s, ids, n};
 *     seq_net_run(net, &span, 1, SEQ_LOGITS_LAST, logits, &err);
 *
 * For a given model, options and tokens the logits have the same bits whatever the
 * threads, the batch, the chunking and the saves in between.  A net runs one
 * call at a time; a state belongs to one net at a time. */
#ifndef SEQ_NET_H
#define SEQ_NET_H

#include <stddef.h>
#include <stdint.h>

#include "seq/error.h"
#include "seq/frame.h"
#include "seq/model.h"
#include "seq/state.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct seq_net seq_net;

typedef struct seq_net_opts {
	int threads;     /* 0: physical cores */
	int chunk;       /* rows of a batch run at once; 0: 512 */
	int exact;       /* 1: f32 activations for quantised weights (--act f32) */
	int kv_dtype;    /* SEQ_F16 (default when kv_set is 0), SEQ_F32, SEQ_BF16, SEQ_Q8_0 */
	int kv_set;
	int tally;       /* 1: count what goes into each weight matrix; see seq_net_tally */
	int64_t context; /* most tokens of a sequence; 0: no limit but memory (and the model's learnt positions) */
} seq_net_opts;

/* The model must outlive the net.  opts NULL: all defaults. */
int seq_net_open(seq_net **out, const seq_model *m, const seq_net_opts *opts, seq_error *err) SEQ_MUST_USE;
void seq_net_free(seq_net *net);
const seq_model *seq_net_model(const seq_net *net);

/* An empty sequence; what else a state can do is in seq/state.h. */
int seq_state_new(seq_state **out, seq_net *net, seq_error *err) SEQ_MUST_USE;

/* Tokens to be run on one state. */
typedef struct seq_span {
	seq_state *state;
	const int32_t *token;
	size_t n;
} seq_span;

enum seq_logits { SEQ_LOGITS_NONE, SEQ_LOGITS_LAST, SEQ_LOGITS_ALL };

/* Runs every span's tokens (a state may appear once).  out, when not NULL: LAST: [nspan][V];
 * ALL: [sum of n][V], span after span.  With LAST and ALL each state keeps its last logits.
 * A token outside the vocabulary or a context overflow is refused before anything
 * runs.  On error after that (memory) the states are as before. */
int seq_net_run(seq_net *net, const seq_span *span, size_t nspan, enum seq_logits want, float *out,
                seq_error *err) SEQ_MUST_USE;

/* The same, handing out ALL logits row by row without holding them: sink is called in order
 * (span, index in the span, float32 [V]); a negative return stops. */
typedef int (*seq_logits_sink)(void *arg, size_t span, size_t index, const float *logits, seq_error *err);
int seq_net_run_each(seq_net *net, const seq_span *span, size_t nspan, seq_logits_sink sink, void *arg,
                     seq_error *err) SEQ_MUST_USE;

/* The inputs of a weight matrix so far, by columns: sums of squares over the rows it was given. */
typedef struct seq_tally {
	const char *name;  /* of the tensor, as in GGUF */
	size_t cols;
	uint64_t rows;
	const double *sum; /* [cols] */
} seq_tally;

/* The i-th, NULL past the last (at once without opts.tally).  The same on any number of threads. */
const seq_tally *seq_net_tally(const seq_net *net, size_t i);

#ifdef __cplusplus
}
#endif
#endif
