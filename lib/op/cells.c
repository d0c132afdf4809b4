/* SPDX-License-Identifier: MIT */
/* Gated cells with a full recurrence.
 * LSTM (Hochreiter, Schmidhuber, 1997; gates i, f, g, o):  c = f c + i g, h = o tanh(c).
 * GRU (Cho et al., 2014; gates r, z, n; z keeps the old state, r multiplies the recurrent product with its bias):
 *   h = (1 - z) n + z h.   Weights as PyTorch keeps them: W_ih [G][I], W_hh [G][H], two biases [G]. */
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "op/op_rows.h"

enum { X, W_IH, W_HH, B_IH, B_HH };

static void affine(float *y, const float *w, const float *b, const float *x, size_t rows, size_t n)
{
	for (size_t i = 0; i < rows; i++)
		y[i] = seqk_dot(w + i * n, x, n) + (b ? b[i] : 0);
}

/* What x and h contribute to the gates of token t: two rows of G. */
static void gates(const seqp_op_call *c, size_t t, float *from_x, float *from_h)
{
	size_t G = seqp_op_dim(c, 'G');
	affine(from_x, c->in[W_IH], c->in[B_IH], seqp_op_in(c, X, t, 0), G, seqp_op_dim(c, 'I'));
	affine(from_h, c->in[W_HH], c->in[B_HH], c->state[0], G, seqp_op_dim(c, 'H'));
}

static void lstm(const seqp_op_call *c, size_t t)
{
	size_t H = seqp_op_dim(c, 'H'), G = 4 * H;
	float *g = c->scratch, *u = g + G, *h = c->state[0], *cell = c->state[1];
	gates(c, t, g, u);
	seqk_add(g, g, u, G);
	seqk_sigmoid(g, g, 2 * H);
	seqk_tanh(g + 2 * H, g + 2 * H, H);
	seqk_sigmoid(g + 3 * H, g + 3 * H, H);
	seqk_mul(cell, g + H, cell, H);
	seqk_mul(u, g, g + 2 * H, H);
	seqk_add(cell, cell, u, H);
	seqk_tanh(u, cell, H);
	seqk_mul(h, g + 3 * H, u, H);
}

static void gru(const seqp_op_call *c, size_t t)
{
	size_t H = seqp_op_dim(c, 'H'), G = 3 * H;
	float *g = c->scratch, *u = g + G, *h = c->state[0];
	gates(c, t, g, u);
	seqk_add(g, g, u, 2 * H);
	seqk_sigmoid(g, g, 2 * H);
	seqk_mul(u + 2 * H, g, u + 2 * H, H);
	seqk_add(g + 2 * H, g + 2 * H, u + 2 * H, H);
	seqk_tanh(g + 2 * H, g + 2 * H, H);
	for (size_t i = 0; i < H; i++)
		h[i] = (1 - g[H + i]) * g[2 * H + i] + g[H + i] * h[i];
}

static void march(const seqp_op_call *c, void (*cell)(const seqp_op_call *, size_t))
{
	for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++) {
		cell(c, t);
		memcpy(seqp_op_out(c, 0, t, 0), c->state[0], seqp_op_dim(c, 'H') * sizeof(float));
	}
}

static void run_lstm(const seqp_op_call *c, size_t i0, size_t i1)
{
	(void)i0, (void)i1;
	march(c, lstm);
}

static void run_gru(const seqp_op_call *c, size_t i0, size_t i1)
{
	(void)i0, (void)i1;
	march(c, gru);
}

static int check_gates(const seqp_op_call *c, size_t n, seq_error *err)
{
	size_t G = seqp_op_dim(c, 'G'), H = seqp_op_dim(c, 'H');
	if (G != n * H)
		return seqp_fail(err, SEQ_E_MISMATCH, "%zu rows of gates for %zu hidden units; %zu are wanted", G, H, n * H);
	return 0;
}

static int check_lstm(seqp_op_call *c, seq_error *err) { return check_gates(c, 4, err); }
static int check_gru(seqp_op_call *c, seq_error *err) { return check_gates(c, 3, err); }

static size_t scratch(const seqp_op_call *c)
{
	return 2 * seqp_op_dim(c, 'G');
}

static const seqp_op_array in[] = {{.name = "x", .dims = "TI"}, {.name = "W_ih", .dims = "GI"}, {.name = "W_hh", .dims = "GH"},
	{.name = "b_ih", .dims = "G", .how = SEQP_OP_OPT}, {.name = "b_hh", .dims = "G", .how = SEQP_OP_OPT}, {0}};
static const seqp_op_array state_lstm[] = {{.name = "hidden", .dims = "H", .from = "h0"}, {.name = "c", .dims = "H"}, {0}};
static const seqp_op_array state_gru[] = {{.name = "hidden", .dims = "H", .from = "h0"}, {0}};
static const seqp_op_array out[] = {{.name = "h", .dims = "TH"}, {0}};

const seqp_op_row seqp_op_lstm = {
	.name = "lstm", .paper = "Hochreiter, Schmidhuber, Long Short-Term Memory, 1997",
	.bytes = "2 H", .cost = "4 H (H + I)", .in = in, .state = state_lstm, .out = out, .check = check_lstm, .scratch = scratch,
	.run = run_lstm,
};
const seqp_op_row seqp_op_gru = {
	.name = "gru", .paper = "Cho et al., Learning Phrase Representations, 2014",
	.bytes = "H", .cost = "3 H (H + I)", .in = in, .state = state_gru, .out = out, .check = check_gru, .scratch = scratch,
	.run = run_gru,
};
