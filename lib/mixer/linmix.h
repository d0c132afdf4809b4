/* SPDX-License-Identifier: MIT */
/* The frame of linear-attention mixers: a recurrence of op/ between projections.
 *
 *   every input of the operator, by its name:  W x (or W W0 x) + b, convolution, map      columns over lanes
 *   head by head: q and k normed, turned by rope, repeated; the operator; map of o, norm, gate   heads over lanes
 *   Wo o
 *
 * A system is one seqp_linmix: an operator, what its inputs are mapped by, and the few functions that are its own.
 * Everything else is a number or follows from which weights there are.  Tokens run in order, the sequences of
 * a batch one after another; states are the operator's own and the last K - 1 inputs of each convolution.
 *
 * Weights below the mixer's role P, N standing for an input (q, k, v, g, beta, ...) or "gate":
 *   P.N [columns][width] and P.N.b; with P.N.0 [rank][width] (+ .b) it is [columns][rank]
 *   P.N.conv.w [columns][K], P.N.conv.b     P.A [heads or columns of g] (negative)
 *   P.q_norm.w P.k_norm.w [head_dim]        P.norm.w [group or all of o] (+ .b: layer norm)
 *   P.o [width][columns of o], P.o.b
 * A fused projection, or one convolution over [q | k | v], is rows of it by the architecture's table.  dt_bias is P.g.b.
 *
 * Numbers: P.heads P.head_dim P.v_head_dim P.slots P.steps P.inner (sizes H K V M N C of the operator), those of the
 * operator itself (P.scale ...), and
 *   P.N.heads   heads of the input when fewer: each serves several; P.tiled 1: head h takes h mod them, else h / (H / them)
 *   P.conv      width K, 0: none; absent: where weights are; P.conv.silu 1: silu behind them, before the map
 *   P.N.use     1, 0: an optional input is there or not; absent: where its weight is
 *   P.N.map     enum seqp_linmix_map; P.N.factor and P.N.floor for those that have them
 *   P.qk_norm   0 none, 1 l2, 2 divided by the sum, 3 rms with weights; P.qk_norm.eps (1e-6); P.q.norm, P.k.norm: of one alone
 *   P.rope      0 none, 1 halves, 2 adjacent
 *   P.gate      1: o is multiplied by the gate; P.gate.map (silu)
 *   P.norm      groups of o that are normed: absent: heads, 0: none, 1: the whole width; P.norm_eps
 *   P.norm_mean 1: layer norm also without P.norm.b
 *   P.o.map     of o before its norm */
#ifndef MIXER_LINMIX_H
#define MIXER_LINMIX_H

#include "layer/bind.h"
#include "layer/linear.h"
#include "mixer/mixer.h"
#include "op/op_rows.h"

enum seqp_linmix_map {
	SEQP_MAP_NONE,
	SEQP_MAP_SILU,
	SEQP_MAP_RELU,
	SEQP_MAP_ELU1,       /* elu + 1 */
	SEQP_MAP_SIGMOID,    /* factor * sigmoid(x) */
	SEQP_MAP_LOGSIGMOID, /* max(factor * log sigmoid(x), floor) */
	SEQP_MAP_DECAY,      /* max(A softplus(x), floor): log decay of Mamba and the gated delta rule */
	SEQP_MAP_BOUNDED,    /* factor * sigmoid(-A x): the same between factor (negative) and 0 */
	SEQP_MAP_CLAMP,      /* between floor and factor */
	SEQP_MAP_LOWER,      /* log(lb + (1 - lb) sigmoid(x)): HGRN's forget gate above a lower bound */
	SEQP_MAP_CAP,        /* factor * tanh(x / factor) */
	SEQP_MAPS
};

enum seqp_linmix_unit { SEQP_UNIT_NONE, SEQP_UNIT_L2, SEQP_UNIT_SUM, SEQP_UNIT_RMS };
enum { SEQP_LINMIX_GATE = SEQP_OP_IN, SEQP_LINMIX_STREAMS };

/* What becomes of an input of the operator, or of the gate. */
typedef struct seqp_linmix_stream {
	const char *name;
	seqp_linear low, w;               /* low.w.data NULL: one projection */
	size_t cols;                      /* as projected: [blocks][heads][wide] */
	size_t blocks, heads, wide, high; /* high: what a head has for the operator */
	const float *conv, *conv_b, *norm;
	size_t K, fconv;                  /* of the convolution */
	enum seqp_linmix_map map;
	const float *par;                 /* [cols] A or log lb, for maps that have it */
	float factor, floor;
	enum seqp_linmix_unit unit_norm;
	bool there, unit, apart;          /* unit: normed and turned per head; apart: the operator reads a copy */
	size_t plow, pcols, papart;       /* places in the shared scratch */
} seqp_linmix_stream;

struct seqp_linmix;

typedef struct seqp_linmix_state {
	const struct seqp_linmix *sys;
	seqp_op_call call;                /* dims, numbers, constants, strides */
	seqp_linmix_stream in[SEQP_LINMIX_STREAMS];
	seqp_linear o;
	size_t input, heads, width, group; /* columns of x; size of the split letter; columns of o; normed together, 0: no norm */
	enum seqp_linmix_map o_map;
	const float *norm, *norm_b;
	size_t norm_n;                    /* floats in norm: group or width */
	float eps, unit_eps;
	enum seqp_linmix_unit qk_norm;
	int rope;
	bool mean;                         /* the norm of o takes the mean away */
	bool low, prepares, tiled, conv_silu; /* some input is projected twice; has work per head before the operator */
	size_t rope_index, pairs;
	size_t fstate[SEQP_OP_STATE];
	size_t po, pown;
	void *own;                        /* the system's */
} seqp_linmix_state;

typedef struct seqp_linmix_input {
	const char *name;                 /* NULL ends */
	unsigned how;
	enum seqp_linmix_map map;
} seqp_linmix_input;

enum {
	SEQP_CONVOLVED = 1, /* has a convolution when P.conv is not 0 */
	SEQP_UNIT = 2,      /* normed per head and turned by rope */
	SEQP_DERIVED = 4,   /* no projection: columns or head makes it */
	SEQP_SET = 8        /* the system's open sets it, or it stays absent */
};

typedef struct seqp_linmix {
	const seqp_op_row *op;
	seqp_linmix_input in[SEQP_OP_IN];
	/* What the frame does not know; each may be NULL. */
	int (*open)(seqp_linmix_state *m, const seqp_bind *b, seq_error *err);
	/* Columns [c0, c1) of a row, all maps done: inputs of one width only. */
	void (*columns)(const seqp_linmix_state *m, float *const *row, size_t c0, size_t c1);
	/* A head of one row before norms: the blocks of the inputs as the operator will read them. */
	void (*head)(const seqp_linmix_state *m, size_t h, float *const *block);
	/* A head of input i (q or k) before that: high floats from wide. */
	void (*feature)(const seqp_linmix_state *m, int i, size_t h, const float *from, float *to);
} seqp_linmix;

int seqp_linmix_open(void **self, const seqp_bind *b, seqp_state_spec *spec, const seqp_linmix *sys, seq_error *err);
void seqp_linmix_run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y);

/* Columns [c0, c0 + n) of a row through a map; par as in seqp_linmix_stream. */
void seqp_linmix_apply(const seqp_linmix_stream *s, float *x, size_t c0, size_t n);
/* What its map needs: factor, floor, par. */
int seqp_linmix_map_open(const seqp_bind *b, seqp_linmix_stream *s, seq_error *err);

/* The row of a system in mixer_table.c. */
#define SEQP_LINMIX(symbol, title, source, system) \
	static int open_##symbol(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err) \
	{ \
		return seqp_linmix_open(self, b, spec, &system, err); \
	} \
	const seqp_mixer_row seqp_mixer_##symbol = {.name = title, .paper = source, .open = open_##symbol, .run = seqp_linmix_run}

#endif
