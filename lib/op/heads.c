/* SPDX-License-Identifier: MIT */
#include "op/heads.h"

#include <math.h>
#include <string.h>

#include "kernel/vec.h"

const seqp_op_number seqp_heads_scale[2] = {
	{"scale", NAN, -1e30, 1e30, NULL, "factor of q; 1 / sqrt(K) unless given"}, {0},
};
const seqp_op_array seqp_heads_out[2] = {{.name = "o", .dims = "THV"}, {0}};
const seqp_op_array seqp_heads_state[2] = {{.name = "state", .dims = "HKV"}, {0}};

int seqp_heads_check(seqp_op_call *c, seq_error *err)
{
	(void)err;
	if (isnan(c->number[0]))
		c->number[0] = 1 / sqrt((double)seqp_op_dim(c, 'K'));
	return 0;
}

size_t seqp_rows_scratch(size_t K, size_t V)
{
	return SEQP_SPAN * (5 * K + 2 * V + 3);
}

size_t seqp_heads_scratch(const seqp_op_call *c)
{
	return seqp_rows_scratch(seqp_op_dim(c, 'K'), seqp_op_dim(c, 'V'));
}

static seqp_span begin(const seqp_op_call *c, enum seqk_recur_rule rule, size_t h, size_t K)
{
	seqp_span s = {.h = h, .K = K, .V = seqp_op_dim(c, 'V'), .q = c->scratch};
	s.k = s.q + SEQP_SPAN * s.K, s.a = s.k + SEQP_SPAN * s.K, s.p = s.a + SEQP_SPAN * s.K, s.x = s.p + SEQP_SPAN * s.K;
	s.a1 = s.x + SEQP_SPAN * s.K, s.beta = s.a1 + SEQP_SPAN, s.bonus = s.beta + SEQP_SPAN;
	s.r = (seqk_recur){.rule = rule, .K = s.K, .V = s.V, .S = c->state[0] + h * s.K * s.V, .ldo = c->ldo[0]};
	return s;
}

/* Rows a power of two apart push each other out of L1 and have a page each: several tokens are run close together. */
static void run_near(const seqp_op_call *c, seqp_span *s, float *v, float *o)
{
	seqk_recur r = s->r;
	for (size_t j = 0; j < s->n; j++) {
		if (r.k != s->k)
			memcpy(s->k + j * s->K, r.k + j * r.ldk, s->K * sizeof *v);
		memcpy(v + j * s->V, r.v + j * r.ldv, s->V * sizeof *v);
	}
	if (r.p == r.k)
		r.p = s->k, r.ldp = s->K;
	r.k = s->k, r.ldk = s->K, r.v = v, r.ldv = s->V, r.o = o, r.ldo = s->V;
	seqk_recur_run(&r, 0, s->V);
	for (size_t j = 0; j < s->n; j++)
		memcpy(s->r.o + j * c->ldo[0], o + j * s->V, s->V * sizeof *o);
}

void seqp_heads_rows(const seqp_op_call *c, size_t K, enum seqk_recur_rule rule, int iv, size_t h0, size_t h1,
                     seqp_span_fn *factors, seqp_span_fn *after)
{
	size_t T = seqp_op_dim(c, 'T');
	for (size_t h = h0; h < h1; h++) {
		seqp_span s = begin(c, rule, h, K);
		for (s.t = 0; s.t < T; s.t += SEQP_SPAN) {
			s.n = s.r.n = T - s.t < SEQP_SPAN ? T - s.t : SEQP_SPAN;
			s.r.v = seqp_op_in(c, iv, s.t, h * s.V), s.r.ldv = c->ld[iv];
			s.r.o = seqp_op_out(c, 0, s.t, h * s.V);
			factors(c, &s);
			if (s.n > 1)
				run_near(c, &s, s.bonus + SEQP_SPAN, s.bonus + SEQP_SPAN * (1 + s.V));
			else
				seqk_recur_run(&s.r, 0, s.V);
			if (after)
				after(c, &s);
		}
	}
}

void seqp_heads_run(const seqp_op_call *c, enum seqk_recur_rule rule, int iv, size_t h0, size_t h1, seqp_span_fn *factors,
                    seqp_span_fn *after)
{
	seqp_heads_rows(c, seqp_op_dim(c, 'K'), rule, iv, h0, h1, factors, after);
}

void seqp_span_scale(const seqp_op_call *c, const seqp_span *s, float *rows, int input, float factor)
{
	for (size_t j = 0; j < s->n; j++)
		seqk_scale(rows + j * s->K, seqp_op_in(c, input, s->t + j, s->h * s->K), factor, s->K);
}

void seqp_span_exp(const seqp_op_call *c, const seqp_span *s, float *rows, int input)
{
	for (size_t j = 0; j < s->n; j++)
		seqk_exp(rows + j * s->K, seqp_op_in(c, input, s->t + j, s->h * s->K), s->K);
}

void seqp_span_exp1(const seqp_op_call *c, const seqp_span *s, float *scalars, int input)
{
	for (size_t j = 0; j < s->n; j++)
		scalars[j] = *seqp_op_in(c, input, s->t + j, s->h);
	seqk_exp(scalars, scalars, s->n);
}

void seqp_span_query(const seqp_op_call *c, seqp_span *s, int input)
{
	seqp_span_scale(c, s, s->q, input, (float)c->number[0]);
	SEQP_MADE(s, q);
}

void seqp_span_divide(const seqp_op_call *c, seqp_span *s)
{
	for (size_t j = 0; j < s->n; j++) {
		float *o = seqp_op_out(c, 0, s->t + j, s->h * s->V);
		for (size_t i = 0; i < s->V; i++)
			o[i] /= s->bonus[j];
	}
}

void seqp_time_softmax(float *z, float *a, float *w, const float *k, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a[i] = -fabsf(z[i] - k[i]);
	seqk_softplus(w, a, n);
	for (size_t i = 0; i < n; i++) {
		float next = fmaxf(z[i], k[i]) + w[i];
		a[i] = z[i] == -INFINITY ? 0 : z[i] - next;
		w[i] = k[i] - next;
		z[i] = next;
	}
	seqk_exp(a, a, n);
	seqk_exp(w, w, n);
}
