/* SPDX-License-Identifier: MIT */
/* The model under construction: what the files of this room share. */
#ifndef MODEL_BUILD_H
#define MODEL_BUILD_H

#include "base/mem.h"
#include "model/store.h"
#include "seq/model.h"
#include "tensor/view.h"

struct seqp_arch;
struct seqp_part;

typedef struct seqp_value {
	const char *key;
	double all;   /* of the model; NAN: not set */
	double *of;   /* [layers], NAN: as all; or NULL */
} seqp_value;

typedef struct seqp_weight {
	const char *role;
	seqp_view *view;   /* [layers + 1]: the model's own first */
	seqp_view **stack; /* [layers + 1] of a stack: its matrices; NULL: no layer has one */
} seqp_weight;

enum seqp_use { SEQP_UNUSED, SEQP_USED, SEQP_SKIPPED };

struct seq_model {
	seqp_arena arena;
	seqp_store src;
	const struct seqp_arch *arch;
	const char *path, *name, *prefix;
	int64_t layers, width, vocab, context;
	uint64_t weights, bytes;
	seqp_value *value;
	size_t values, value_cap;
	seqp_weight *weight;
	size_t roles, role_cap;
	unsigned char *use; /* enum seqp_use of each tensor */
	uint8_t fingerprint[16];
};

/* From m->src (opened) to a model; m then needs seq_model_free whatever is returned. */
int seqp_model_build(seq_model *m, seq_error *err) SEQ_MUST_USE;

/* numbers.c */
int seqp_numbers_read(seq_model *m, seq_error *err) SEQ_MUST_USE;
int seqp_number_set(seq_model *m, int64_t layer, const char *key, double v, seq_error *err) SEQ_MUST_USE;
bool seqp_number_has(const seq_model *m, int64_t layer, const char *key);
/* Sums and products of whole numbers, keys, parentheses; / rounds down.  Whole and 0 to
 * 2^53, or an error that names the expression. */
int seqp_expr(const seq_model *m, int64_t layer, const char *expr, int64_t *out, seq_error *err) SEQ_MUST_USE;

/* weights.c */
int seqp_weights_find_embed(seq_model *m, seq_error *err) SEQ_MUST_USE;
int seqp_weights_read(seq_model *m, seq_error *err) SEQ_MUST_USE;
int seqp_weight_set(seq_model *m, int64_t layer, const char *role, const seqp_view *v, seq_error *err) SEQ_MUST_USE;
/* NULL: none.  Of a stack: the first of its matrices, the others behind it. */
const seqp_view *seqp_weight_own(const seq_model *m, int64_t layer, const char *role);
/* Matrices of a stack: the number "experts" of the role's prefix. */
int64_t seqp_weight_stack(const seq_model *m, const struct seqp_part *p, int64_t layer);
/* The head that is the embedding. */
bool seqp_weight_tied(const seq_model *m, const char *role);
/* Do layers of this type have the part? */
bool seqp_weight_in_layer(const seq_model *m, const struct seqp_part *p, int64_t layer);
/* prefix and name with the layer for its "%"; false: longer than size. */
bool seqp_weight_format(const char *prefix, const char *name, int64_t layer, char *out, size_t size);

/* part_view.c: what row p asks for out of t. */
int seqp_part_view(seq_model *m, const struct seqp_part *p, int64_t layer, const seq_tensor *t, seqp_view *v,
		   seq_error *err) SEQ_MUST_USE;
/* The row's transforms that are to be done to this model's files. */
unsigned seqp_part_how(const seq_model *m, const struct seqp_part *p);
/* Number "what" of the prefix of a part's role. */
int64_t seqp_prefix_number(const seq_model *m, const struct seqp_part *p, int64_t layer, const char *what);
/* Matrix i of one tensor of rank 3. */
seq_tensor seqp_tensor_slab(const seq_tensor *t, int64_t i);

/* transform.c: out gets F32 in t's order, n columns from first on, each step-th, as rows, or part
 * `which` of [groups][parts][size] rows; memory is the model's. */
int seqp_make_f32(seq_model *m, const seq_tensor *t, unsigned how, seqp_view *out, seq_error *err) SEQ_MUST_USE;
int seqp_make_transposed(seq_model *m, const seq_tensor *t, int64_t first, int64_t step, int64_t n, seqp_view *out,
			 seq_error *err) SEQ_MUST_USE;
/* Each matrix of a tensor of rank 3, below each other. */
int seqp_make_blocks_turned(seq_model *m, const seq_tensor *t, seqp_view *out, seq_error *err) SEQ_MUST_USE;
int seqp_make_gathered(seq_model *m, seqp_view v, int64_t groups, int64_t whole, int64_t first, int64_t n, seqp_view *out,
		       seq_error *err) SEQ_MUST_USE;

/* rope_numbers.c: what follows from the numbers of attention, once all are read. */
int seqp_attn_numbers(seq_model *m, seq_error *err) SEQ_MUST_USE;

int seqp_fingerprint(seq_model *m, seq_error *err) SEQ_MUST_USE;

#endif
