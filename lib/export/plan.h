/* SPDX-License-Identifier: MIT */
/* The file to be: its keys, and its tensors with the place of every row. */
#ifndef EXPORT_PLAN_H
#define EXPORT_PLAN_H

#include "export/imatrix.h"
#include "export/mix.h"
#include "model/build.h"
#include "seq/quantize.h"
#include "tensor/gguf_write.h"

/* Rows of a tensor, in order.  heads: they are of so many heads, whose first `rope` rows of each come interleaved
 * (first of the first half, first of the second, ...): rotary pairs from halves to neighbours. */
typedef struct seqp_piece {
	seqp_view v;
	int64_t heads, rope;
	const seqp_view *each; /* the rows are those of several matrices like v in turn, v.rows in all; NULL: of v itself */
} seqp_piece;

enum { SEQP_PIECES = 4 };

typedef struct seqp_out {
	const char *name;
	int from, to;
	int rank;
	int64_t dim[SEQ_MAX_RANK];
	int64_t rows, cols;
	size_t row_bytes;
	seqp_piece piece[SEQP_PIECES];
	int pieces;
	const seqp_importance *weight; /* NULL: none */
} seqp_out;

typedef struct seqp_plan_file {
	seqp_arena arena;
	seqp_store store;       /* GGUF */
	seq_model *model;       /* Hugging Face */
	seqp_imatrix imatrix;
	seqp_gguf_out head;     /* the keys so far */
	seqp_out *out;
	size_t n, cap;
	uint64_t bytes_in;
} seqp_plan_file;

/* Keys and tensors of the input; types are still those of the input. */
int seqp_plan_gguf(seqp_plan_file *p, seq_error *err) SEQ_MUST_USE;
int seqp_plan_hf(seqp_plan_file *p, seq_error *err) SEQ_MUST_USE;
/* One more tensor; NULL: no memory. */
seqp_out *seqp_plan_add(seqp_plan_file *p, const char *name, seq_error *err);

/* Does a head say what the model says?  Its types are of no matter. */
int seqp_hf_check(const seq_model *m, const seqp_bytes *head, uint64_t data, seq_error *err) SEQ_MUST_USE;

/* Writes head and tensors. */
int seqp_plan_write(seqp_plan_file *p, const seqp_bytes *head, const seq_quantize_opts *o, int fd, seq_quantize_sum *sum,
                    seq_error *err) SEQ_MUST_USE;

#endif
