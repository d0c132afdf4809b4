/* SPDX-License-Identifier: MIT */
/* Normalised linear attention: with phi on q and k, S += outer(k, v), z += k, o = q S / (q . z + eps).
 * Katharopoulos et al., Transformers are RNNs, 2020 (elu + 1). */
#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V };
enum { MAP, EPS };
enum { IDENTITY, ELU1, RELU, EXP };

static void feature(int map, float *y, const float *x, size_t n)
{
	if (map == EXP || map == ELU1)
		seqk_exp(y, x, n);
	for (size_t i = 0; i < n && map != EXP; i++)
		y[i] = map == IDENTITY ? x[i] : map == RELU ? (x[i] > 0 ? x[i] : 0) : x[i] > 0 ? x[i] + 1 : y[i];
}

static void factors(const seqp_op_call *c, seqp_span *s)
{
	float *z = c->state[1] + s->h * s->K;
	int map = (int)c->number[MAP];
	for (size_t j = 0; j < s->n; j++) {
		float *q = s->q + j * s->K, *k = s->k + j * s->K;
		feature(map, q, seqp_op_in(c, Q, s->t + j, s->h * s->K), s->K);
		feature(map, k, seqp_op_in(c, K, s->t + j, s->h * s->K), s->K);
		seqk_add(z, z, k, s->K);
		s->bonus[j] = seqk_dot(q, z, s->K) + (float)c->number[EPS];
	}
	SEQP_MADE(s, q);
	SEQP_MADE(s, k);
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	seqp_heads_run(c, SEQK_OUTER, V, h0, h1, factors, seqp_span_divide);
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"}, {0}};
static const seqp_op_array state[] = {{.name = "state", .dims = "HKV"}, {.name = "z", .dims = "HK"}, {0}};
static const char *const maps[] = {"identity", "elu+1", "relu", "exp", NULL};
static const seqp_op_number number[] = {{"feature_map", ELU1, 0, 3, maps, "phi: identity, elu+1, relu or exp"},
	{"eps", 1e-6, 0, 1, NULL, "added to the denominator"}, {0}};

const seqp_op_row seqp_op_linear_norm = {
	.name = "linear-norm", .paper = "Katharopoulos et al., Transformers are RNNs, 2020",
	.bytes = "H K V + H K", .cost = "2 H K V + 2 H K", .in = in, .state = state, .out = seqp_heads_out,
	.number = number, .split = 'H', .scratch = seqp_heads_scratch, .run = run,
};
