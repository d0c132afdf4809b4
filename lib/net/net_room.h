/* SPDX-License-Identifier: MIT */
/* Inside net: a model bound to layers and mixers, and the arenas of a run. */
#ifndef NET_NET_ROOM_H
#define NET_NET_ROOM_H

#include "layer/embed.h"
#include "layer/linear.h"
#include "layer/mlp.h"
#include "layer/norm.h"
#include "layer/rope.h"
#include "layer/tally_inputs.h"
#include "mixer/mixer.h"
#include "model/program.h"
#include "seq/net.h"

typedef struct seqp_step {
	seqp_op op;
	const seqp_mixer_row *mixer;
	void *self; /* of the mixer */
	size_t slot; /* the layer whose state it runs on */
	seqp_norm norm;
	seqp_mlp mlp;
	seqp_linear linear;
	size_t in, in2; /* widths of src and src2 */
	float alpha, beta;
} seqp_step;

typedef struct seqp_stack {
	size_t nsteps;
	seqp_step *step;
} seqp_stack;

/* A row whose logits are wanted. */
typedef struct seqp_want {
	size_t row, span, index;
	int last; /* the last token of its span */
} seqp_want;

struct seq_net {
	const seq_model *model;
	seq_net_opts opts;
	size_t layers, width, vocab, rows; /* rows: of a chunk */
	int64_t limit;                     /* most tokens of a sequence; 0: none */
	seqp_plan *plan;
	seqp_team *team;
	seqp_arena arena;
	seqp_needs needs;
	seqp_rope_set ropes;

	seqp_embed embed;
	seqp_stack entry, *layer;
	seqp_norm out_norm;
	seqp_linear head;
	float logit_scale, logit_cap;

	seqp_tally *tallies;  /* of all linear layers, if they are wanted */
	seq_tally *tally;     /* [ntallies], and where each is counted */
	seqp_tally **counts;
	size_t ntallies;

	/* memory of a run */
	float *reg[SEQP_REGS], *carry;
	size_t reg_width;
	int keeps_embeddings;
	seqp_rope_table table[SEQP_ROPES];
	char *act, *shared, *own;
	size_t own_bytes, own_regs; /* of a lane; where its copies of registers begin */
	size_t tile;      /* rows of logits at once */
	float *head_x, *logits;

	/* the batch being run */
	seqp_batch batch;
	size_t *first, *row_seq;
	int64_t *pos, *row_pos;
	int32_t *token;
	seqp_slot **slot; /* [layers][rows] */
	seqp_want *want;  /* [rows] */
	size_t nwant;
};

/* net_run.c: the layers over the batch, on all lanes. */
void seqp_net_stack(seq_net *net);
/* net_head.c: logits of wants [w0, w0 + n), n <= tile, into net->logits. */
void seqp_net_head(seq_net *net, size_t w0, size_t n);
/* net_tally.c: the tallies under the names of their tensors. */
int seqp_net_name_tallies(seq_net *net, seq_error *err);
seqp_ctx seqp_net_ctx(const seq_net *net, const seqp_lane *lane);

#endif
