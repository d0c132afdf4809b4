/* SPDX-License-Identifier: MIT */
/* Flowformer: linear attention with conserved flows; phi = sigmoid on q and k, eps added to the vectors.
 * Causal form by running sums (Kc, Qc, KO, QI) in sums [4][H][K], Z and S; the other form sees everything.
 * Wu et al., Flowformer, 2022. */
#include <math.h>
#include <string.h>

#include "kernel/vec.h"
#include "op/heads.h"
#include "op/op_rows.h"

enum { Q, K, V };
enum { EPS, BEFORE };

/* (x + eps) . (y + eps) over n */
static float flow(const float *x, const float *y, float eps, size_t n)
{
	return seqk_dot(x, y, n) + eps * (seqk_sum(x, n) + seqk_sum(y, n)) + eps * eps * (float)n;
}

static float clamp1(float x)
{
	return x < -1 ? -1 : x > 1 ? 1 : x;
}

/* The weight of v into bonus, the factor of the read into beta. */
static void token(const seqp_op_call *c, seqp_span *s, size_t j)
{
	size_t step = seqp_op_dim(c, 'H') * s->K;
	float *Kc = c->state[1] + s->h * s->K, *Qc = Kc + step, *KO = Qc + step, *QI = KO + step, *Z = c->state[2] + s->h;
	float *q = s->q + j * s->K, *k = s->k + j * s->K, eps = (float)c->number[EPS];
	float n = (float)(c->number[BEFORE] + (double)c->pos + (double)(s->t + j) + 1);
	seqk_sigmoid(q, seqp_op_in(c, Q, s->t + j, s->h * s->K), s->K);
	seqk_sigmoid(k, seqp_op_in(c, K, s->t + j, s->h * s->K), s->K);
	seqk_add(Kc, Kc, k, s->K);
	seqk_add(Qc, Qc, q, s->K);
	float I = n / flow(q, Kc, eps, s->K), O = n / flow(k, Qc, eps, s->K);
	seqk_axpby(KO, O, k, 1, KO, s->K);
	seqk_axpby(QI, I, q, 1, QI, s->K);
	float e = clamp1(flow(k, QI, eps, s->K) / n), gate = flow(q, KO, eps, s->K) / n;
	seqk_exp(&e, &e, 1);
	seqk_sigmoid(&gate, &gate, 1);
	*Z += e;
	seqk_scale(k, k, n * e / *Z, s->K);
	seqk_scale(q, q, gate * (I / n), s->K);
}

static void factors(const seqp_op_call *c, seqp_span *s)
{
	for (size_t j = 0; j < s->n; j++)
		token(c, s, j);
	SEQP_MADE(s, q);
	SEQP_MADE(s, k);
}

static void run(const seqp_op_call *c, size_t h0, size_t h1)
{
	seqp_heads_run(c, SEQK_OUTER, V, h0, h1, factors, NULL);
}

/* The two passes of the other form, one head.  Scratch: S [K][V], four sums [K], q, k [K], I [T], O [S], w [S]. */
typedef struct flows {
	float *S, *sum[4], *q, *k, *I, *O, *w;
} flows;

static flows places(const seqp_op_call *c)
{
	size_t K_ = seqp_op_dim(c, 'K');
	flows f = {.S = c->scratch};
	float *p = f.S + K_ * seqp_op_dim(c, 'V');
	for (int i = 0; i < 4; i++, p += K_)
		f.sum[i] = p;
	f.q = p, f.k = p + K_, f.I = p + 2 * K_, f.O = f.I + seqp_op_dim(c, 'T'), f.w = f.O + seqp_op_dim(c, 'S');
	return f;
}

static const float *query(const seqp_op_call *c, const flows *f, size_t i, size_t h)
{
	seqk_sigmoid(f->q, seqp_op_in(c, Q, i, h * seqp_op_dim(c, 'K')), seqp_op_dim(c, 'K'));
	return f->q;
}

static const float *key(const seqp_op_call *c, const flows *f, size_t j, size_t h)
{
	size_t n = seqp_op_dim(c, 'K');
	seqk_sigmoid(f->k, c->in[K] + (j * seqp_op_dim(c, 'H') + h) * n, n);
	return f->k;
}

static void both(const seqp_op_call *c, const flows *f, size_t h)
{
	size_t n = seqp_op_dim(c, 'K'), Nq = seqp_op_dim(c, 'T'), Nk = seqp_op_dim(c, 'S');
	float eps = (float)c->number[EPS];
	memset(f->sum[0], 0, 4 * n * sizeof(float));
	for (size_t j = 0; j < Nk; j++)
		seqk_add(f->sum[0], f->sum[0], key(c, f, j, h), n);
	for (size_t i = 0; i < Nq; i++)
		seqk_add(f->sum[1], f->sum[1], query(c, f, i, h), n);
	for (size_t i = 0; i < Nq; i++) {
		f->I[i] = 1 / flow(query(c, f, i, h), f->sum[0], eps, n);
		seqk_axpby(f->sum[2], f->I[i], f->q, 1, f->sum[2], n);
	}
	for (size_t j = 0; j < Nk; j++) {
		f->O[j] = 1 / flow(key(c, f, j, h), f->sum[1], eps, n);
		seqk_axpby(f->sum[3], f->O[j], f->k, 1, f->sum[3], n);
		f->w[j] = clamp1(flow(f->k, f->sum[2], eps, n));
	}
	seqk_softmax(f->w, f->w, Nk);
}

static void head(const seqp_op_call *c, const flows *f, size_t h)
{
	size_t n = seqp_op_dim(c, 'K'), W = seqp_op_dim(c, 'V'), Nq = seqp_op_dim(c, 'T'), Nk = seqp_op_dim(c, 'S');
	seqk_recur r = {.k = f->k, .S = f->S, .n = 1, .K = n, .V = W};
	both(c, f, h);
	memset(f->S, 0, n * W * sizeof(float));
	for (size_t j = 0; j < Nk; j++) {
		seqk_scale(f->k, key(c, f, j, h), f->w[j] * (float)Nk, n);
		r.v = c->in[V] + (j * seqp_op_dim(c, 'H') + h) * W;
		seqk_recur_run(&r, 0, W);
	}
	r.rule = SEQK_READ, r.q = f->q;
	for (size_t i = 0; i < Nq; i++) {
		float gate = flow(query(c, f, i, h), f->sum[3], (float)c->number[EPS], n) * ((float)Nq / (float)Nk);
		seqk_sigmoid(&gate, &gate, 1);
		seqk_scale(f->q, f->q, gate * f->I[i], n);
		r.o = seqp_op_out(c, 0, i, h * W);
		seqk_recur_run(&r, 0, W);
	}
}

static void run_both(const seqp_op_call *c, size_t h0, size_t h1)
{
	flows f = places(c);
	for (size_t h = h0; h < h1; h++)
		head(c, &f, h);
}

static size_t scratch_both(const seqp_op_call *c)
{
	return seqp_op_dim(c, 'K') * (seqp_op_dim(c, 'V') + 6) + seqp_op_dim(c, 'T') + 2 * seqp_op_dim(c, 'S');
}

static const seqp_op_array in[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "THK"}, {.name = "v", .dims = "THV"}, {0}};
static const seqp_op_array in_both[] = {{.name = "q", .dims = "THK"}, {.name = "k", .dims = "SHK"}, {.name = "v", .dims = "SHV"}, {0}};
static const seqp_op_array state[] = {{.name = "S", .dims = "HKV"}, {.name = "sums", .dims = "4HK"}, {.name = "Z", .dims = "H"}, {0}};
static const seqp_op_number number[] = {{"eps", 1e-6, 0, 1, NULL, "added to the vectors"},
	{"n0", 0, 0, 1e15, NULL, "tokens that the initial state has seen"}, {0}};

const seqp_op_row seqp_op_flowformer = {
	.name = "flowformer-causal", .paper = "Wu et al., Flowformer, 2022",
	.bytes = "H K V + 4 H K + H", .cost = "2 H K V", .in = in, .state = state, .out = seqp_heads_out, .number = number,
	.split = 'H', .scratch = seqp_heads_scratch, .run = run,
};
const seqp_op_row seqp_op_flowformer_both = {
	.name = "flowformer", .paper = "Wu et al., Flowformer, 2022",
	.bytes = "none kept", .cost = "2 H K V", .in = in_both, .out = seqp_heads_out, .number = number, .split = 'H', .whole = true,
	.scratch = scratch_both, .run = run_both,
};
