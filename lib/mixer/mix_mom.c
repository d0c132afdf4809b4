/* SPDX-License-Identifier: MIT */
/* Mixture of memories (Du et al., MoM, 2025): a router (layer/route.h) chooses memories for a token; each memory is a gated
 * delta rule with projections of its own that sees its own tokens only, its convolutions' history too; their outputs are
 * summed with the router's weights.  One more memory may see every token, with weight 1.
 *
 * Weights: P.q, P.router, stacks P.k P.v P.beta P.g, of the memory for all P.sk P.sv P.sbeta P.sg; P.q.conv.w P.k.conv.w
 * P.v.conv.w (+ .b), P.A (negative), P.dt.b [heads] of all memories alike; P.gate, P.norm.w [v_head_dim], P.o.
 * Numbers: those of route.h (P.experts: memories; P.used), P.heads P.head_dim P.v_head_dim P.conv P.gate, P.shared 1: there is
 * a memory for all, P.one_kv 1: all memories project as that one does.
 *
 * Tokens are sorted by memory, then run memory by memory as sequences of their own. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/size.h"
#include "kernel/scan.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/route.h"
#include "mixer/mixer.h"
#include "op/op_rows.h"

enum { MOST = 64, Q = 0, K, V, BETA, G, STREAMS };

struct conv {
	const float *w, *b;
	size_t state;
};

struct mom {
	seqp_route route;
	seqp_linear q, gate, o;
	seqp_linear of[MOST + 1][STREAMS]; /* of each memory, the one for all last; Q unused */
	struct conv conv[V + 1];
	const float *A, *dt, *norm;
	size_t M, all, H, K, V, in, width[STREAMS], taps; /* M: with the one for all; all: 1 if it is there */
	float eps;
	int gated;
	seqp_op_call call;
	size_t fS;
	size_t pq, pgate, prouter, px, pout, psum, p[STREAMS];   /* places in the shared scratch */
	size_t pchosen, pweight, porder, pfirst, ppick;          /* in the lane's own */
};

static int read_numbers(struct mom *m, const seqp_bind *b, seq_error *err)
{
	int64_t H, k, v, taps, all, gated;
	int rc;
	if ((rc = seqp_bind_int(b, "heads", 0, 1, 65536, &H, err)) < 0 || (rc = seqp_bind_int(b, "head_dim", 0, 1, 4096, &k, err)) < 0 ||
	    (rc = seqp_bind_int(b, "v_head_dim", k, 1, 4096, &v, err)) < 0 || (rc = seqp_bind_int(b, "conv", 0, 0, 8, &taps, err)) < 0 ||
	    (rc = seqp_bind_int(b, "shared", 0, 0, 1, &all, err)) < 0 || (rc = seqp_bind_int(b, "gate", 0, 0, 1, &gated, err)) < 0 ||
	    (rc = seqp_route_open(b, &m->route, err)) < 0)
		return rc;
	if (m->route.experts > MOST || taps == 1)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "layer %lld: %zu memories (%d at most), convolutions of width %lld",
		                 (long long)b->layer, m->route.experts, MOST, (long long)taps);
	m->H = (size_t)H, m->K = (size_t)k, m->V = (size_t)v, m->taps = (size_t)taps, m->all = (size_t)all, m->gated = (int)gated;
	m->M = m->route.experts + m->all;
	m->in = (size_t)b->in;
	m->width[Q] = m->width[K] = m->H * m->K, m->width[V] = m->H * m->V, m->width[BETA] = m->width[G] = m->H;
	m->eps = seqp_bind_eps(b, "norm");
	return 0;
}

/* The matrices of a stack. */
static int open_stack(struct mom *m, const seqp_bind *b, const char *name, int stream, seq_error *err)
{
	seqp_linear l;
	const seqp_view *v = seqp_bind_weight(b, name);
	int rc = seqp_linear_open(b, name, (int64_t)m->width[stream], b->in, 1, &l, err);
	for (size_t i = 0; rc >= 0 && i < m->route.experts; i++) {
		if (!v[i].data || v[i].rows != v->rows || v[i].cols != v->cols || v[i].dtype != v->dtype)
			return seqp_bind_fail(b, name, err, "is not of one shape and type for all memories");
		m->of[i][stream] = l;
		m->of[i][stream].w = v[i];
	}
	return rc;
}

static int open_memories(struct mom *m, const seqp_bind *b, seq_error *err)
{
	static const char *const own[] = {[K] = "k", "v", "beta", "g"}, *const shared[] = {[K] = "sk", "sv", "sbeta", "sg"};
	int64_t one;
	int rc = seqp_bind_int(b, "one_kv", 0, 0, 1, &one, err);
	for (int s = K; rc >= 0 && s <= G; s++) {
		seqp_linear *l = &m->of[m->route.experts][s];
		if (one || m->all)
			rc = seqp_linear_open(b, shared[s], (int64_t)m->width[s], b->in, 1, l, err);
		for (size_t i = 0; rc >= 0 && one && i < m->route.experts; i++)
			m->of[i][s] = *l;
		if (rc >= 0 && !one)
			rc = open_stack(m, b, own[s], s, err);
	}
	return rc;
}

static int open_conv(struct mom *m, const seqp_bind *b, int stream, seqp_state_spec *spec, seq_error *err)
{
	static const char *const w[] = {"q.conv.w", "k.conv.w", "v.conv.w"}, *const bias[] = {"q.conv.b", "k.conv.b", "v.conv.b"};
	static const char *const state[] = {"conv_q", "conv_k", "conv_v"};
	struct conv *c = &m->conv[stream];
	int64_t n = (int64_t)m->width[stream];
	int rc = seqp_bind_vector(b, w[stream], n * (int64_t)m->taps, 1, &c->w, err);
	if (rc >= 0)
		rc = seqp_bind_vector(b, bias[stream], n, 0, &c->b, err);
	c->state = seqp_spec_fixed(spec, state[stream], m->M * m->width[stream], m->taps - 1, 1, 0);
	return rc;
}

static int open_rest(struct mom *m, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	int64_t H = (int64_t)m->H, V_ = (int64_t)m->width[V];
	int rc;
	if ((rc = seqp_linear_open(b, "q", (int64_t)m->width[Q], b->in, 1, &m->q, err)) < 0 ||
	    (m->gated && (rc = seqp_linear_open(b, "gate", V_, b->in, 1, &m->gate, err)) < 0) ||
	    (rc = seqp_linear_open(b, "o", b->width, V_, 1, &m->o, err)) < 0 || (rc = seqp_bind_vector(b, "A", H, 1, &m->A, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "dt.b", H, 0, &m->dt, err)) < 0 ||
	    (rc = seqp_bind_vector(b, "norm.w", (int64_t)m->V, 0, &m->norm, err)) < 0)
		return rc;
	for (int s = Q; rc >= 0 && m->taps && s <= V; s++)
		rc = open_conv(m, b, s, spec, err);
	m->fS = seqp_spec_fixed(spec, "S", m->M * m->H, m->K, m->V, 0);
	return rc;
}

static void place(struct mom *m, const seqp_bind *b)
{
	size_t at = 0, rows = b->max_rows, sorted = rows * m->route.used, all = sorted + m->all * rows;
	m->pq = seqp_place(&at, rows * m->width[Q], 4);
	m->pgate = seqp_place(&at, m->gated ? rows * m->width[V] : 0, 4);
	m->prouter = seqp_place(&at, rows * m->route.experts, 4);
	m->px = seqp_place(&at, sorted * m->in, 4);
	for (int s = 0; s < STREAMS; s++)
		m->p[s] = seqp_place(&at, all * m->width[s], 4);
	m->pout = seqp_place(&at, all * m->width[V], 4);
	m->psum = seqp_place(&at, rows * m->width[V], 4);
	seqp_raise(&b->needs->shared, at);
	at = seqp_round_up(seqp_linear_own_bytes(m->in > m->width[V] ? m->in : m->width[V]), 64);
	m->pchosen = seqp_place(&at, sorted, sizeof(int32_t));
	m->pweight = seqp_place(&at, sorted, sizeof(float));
	m->porder = seqp_place(&at, sorted, sizeof(uint32_t));
	m->pfirst = seqp_place(&at, MOST + 2, sizeof(size_t));
	m->ppick = seqp_place(&at, 2 * m->route.experts + m->route.groups, sizeof(float));
	seqp_raise(&b->needs->own, at);
	seqp_raise(&b->needs->own, seqp_op_gated_delta.scratch(&m->call) * sizeof(float));
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct mom *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	int rc;
	if (!m)
		return seqp_nomem(err, sizeof *m);
	if ((rc = read_numbers(m, b, err)) < 0 || (rc = open_memories(m, b, err)) < 0 || (rc = open_rest(m, b, spec, err)) < 0)
		return rc;
	m->call.dim['H' - 'A'] = m->H, m->call.dim['K' - 'A'] = m->K, m->call.dim['V' - 'A'] = m->V;
	m->call.number[0] = NAN;
	for (int s = 0; s < STREAMS; s++)
		m->call.ld[s] = m->width[s];
	m->call.ldo[0] = m->width[V];
	if ((rc = seqp_op_gated_delta.check(&m->call, err)) < 0)
		return rc;
	place(m, b);
	*self = m;
	return 0;
}

typedef struct work {
	const struct mom *m;
	const seqp_ctx *ctx;
	seqp_slot *const *state;
	size_t rows, sorted, h0, h1;
	int32_t *chosen;
	float *weight;
	uint32_t *order;  /* token * used + rank, by memory, then by token */
	size_t *first;    /* [memories + 1] of order */
} work;

static float *at(const work *w, size_t place)
{
	return (void *)(w->ctx->shared + place);
}

static float *stream(const work *w, int s, size_t entry)
{
	return at(w, w->m->p[s]) + entry * w->m->width[s];
}

static work begin(const struct mom *m, const seqp_ctx *ctx, seqp_slot *const *state)
{
	work w = {.m = m, .ctx = ctx, .state = state, .rows = ctx->batch->rows};
	w.sorted = w.rows * m->route.used;
	w.chosen = (void *)(ctx->own + m->pchosen), w.weight = (void *)(ctx->own + m->pweight);
	w.order = (void *)(ctx->own + m->porder), w.first = (void *)(ctx->own + m->pfirst);
	seqp_lane_split(&ctx->lane, m->H, 1, &w.h0, &w.h1);
	return w;
}

/* What reads x as it is. */
static void project(const work *w, const float *x)
{
	const struct mom *m = w->m;
	seqk_act a;
	int q = m->q.q || m->gate.q;
	for (int s = K; s <= G; s++)
		q |= m->all && m->of[m->route.experts][s].q;
	seqp_linear_act(w->ctx, &a, x, m->in, w->rows, m->in, q);
	seqp_linear_share(w->ctx, &m->q, &a, at(w, m->pq), m->width[Q]);
	seqp_linear_share(w->ctx, &m->route.router, &a, at(w, m->prouter), m->route.experts);
	if (m->gated)
		seqp_linear_share(w->ctx, &m->gate, &a, at(w, m->pgate), m->width[V]);
	for (int s = K; s <= G && m->all; s++)
		seqp_linear_share(w->ctx, &m->of[m->route.experts][s], &a, stream(w, s, w->sorted), m->width[s]);
}

/* Every lane for itself. */
static void choose(const work *w)
{
	const seqp_route *r = &w->m->route;
	float *s = (void *)(w->ctx->own + w->m->ppick);
	size_t fill[MOST], n = w->sorted;
	for (size_t row = 0; row < w->rows; row++) {
		memcpy(s, at(w, w->m->prouter) + row * r->experts, r->experts * sizeof *s);
		seqp_route_row(r, s, s + r->experts, w->chosen + row * r->used, w->weight + row * r->used);
	}
	memset(w->first, 0, (r->experts + 1) * sizeof *w->first);
	for (size_t i = 0; i < n; i++)
		w->first[w->chosen[i] + 1]++;
	for (size_t e = 0; e < r->experts; e++)
		fill[e] = w->first[e], w->first[e + 1] += w->first[e];
	for (size_t i = 0; i < n; i++)
		w->order[fill[w->chosen[i]]++] = (uint32_t)i;
}

/* x by memories, and what each makes of its tokens. */
static void project_sorted(const work *w, const float *x)
{
	const struct mom *m = w->m;
	size_t r0, r1;
	seqp_lane_split(&w->ctx->lane, w->sorted, 1, &r0, &r1);
	for (size_t e = r0; e < r1; e++)
		memcpy(at(w, m->px) + e * m->in, x + w->order[e] / m->route.used * m->in, m->in * sizeof *x);
	seqp_team_barrier(&w->ctx->lane);
	for (size_t i = 0; i < m->route.experts; i++) {
		const seqp_linear *l = m->of[i];
		size_t e = w->first[i], n = w->first[i + 1] - e;
		seqk_act a;
		if (!n)
			continue;
		for (int s = K, waited = 0; s <= G && !waited; s++)
			if ((waited = l[s].q))
				seqp_linear_next(w->ctx, &l[s]);
		seqp_linear_act(w->ctx, &a, at(w, m->px) + e * m->in, m->in, n, m->in, l[K].q || l[V].q || l[BETA].q || l[G].q);
		for (int s = K; s <= G; s++)
			seqp_linear_share(w->ctx, &l[s], &a, stream(w, s, e), m->width[s]);
	}
}

static size_t row_of(const work *w, size_t entry)
{
	return entry < w->sorted ? w->order[entry] / w->m->route.used : entry - w->sorted;
}

static void convolve(const work *w, int s, size_t memory, const seqp_slot *state, size_t e, size_t n, size_t c0, size_t c1)
{
	const struct mom *m = w->m;
	float *x = stream(w, s, e);
	size_t C = m->width[s];
	if (m->taps)
		seqk_conv(x, C, x, C, n, m->conv[s].w, m->conv[s].b, m->taps, 1, state->fixed[m->conv[s].state] + memory * C * (m->taps - 1), c0,
		          c1);
	for (size_t j = 0; j < n && !m->taps; j++)
		seqk_silu(x + j * C + c0, x + j * C + c0, c1 - c0);
}

/* Gates and lengths of an entry. */
static void finish_inputs(const work *w, size_t e)
{
	const struct mom *m = w->m;
	size_t h0 = w->h0, n = w->h1 - h0;
	float *beta = stream(w, BETA, e) + h0, *g = stream(w, G, e) + h0;
	seqk_sigmoid(beta, beta, n);
	if (m->dt)
		seqk_add(g, g, m->dt + h0, n);
	seqk_softplus(g, g, n);
	seqk_mul(g, g, m->A + h0, n);
	for (size_t h = h0; h < w->h1; h++) {
		seqk_l2norm(stream(w, Q, e) + h * m->K, stream(w, Q, e) + h * m->K, m->K, 1e-6f);
		seqk_l2norm(stream(w, K, e) + h * m->K, stream(w, K, e) + h * m->K, m->K, 1e-6f);
	}
}

/* A memory's tokens of one sequence: entries [e, e + n). */
static void remember(const work *w, size_t memory, const seqp_slot *state, size_t e, size_t n)
{
	const struct mom *m = w->m;
	size_t k0 = w->h0 * m->K, k1 = w->h1 * m->K, v0 = w->h0 * m->V, v1 = w->h1 * m->V;
	for (size_t j = 0; j < n; j++)
		memcpy(stream(w, Q, e + j) + k0, at(w, m->pq) + row_of(w, e + j) * m->width[Q] + k0, (k1 - k0) * sizeof(float));
	convolve(w, Q, memory, state, e, n, k0, k1);
	convolve(w, K, memory, state, e, n, k0, k1);
	convolve(w, V, memory, state, e, n, v0, v1);
	for (size_t j = 0; j < n; j++)
		finish_inputs(w, e + j);
	seqp_op_call c = m->call;
	c.dim['T' - 'A'] = n;
	for (int s = 0; s < STREAMS; s++)
		c.in[s] = stream(w, s, e);
	c.state[0] = state->fixed[m->fS] + memory * m->H * m->K * m->V;
	c.out[0] = at(w, m->pout) + e * m->width[V];
	c.scratch = (void *)w->ctx->own;
	seqp_op_gated_delta.run(&c, w->h0, w->h1);
}

/* The work of a lane's heads in all memories. */
static void memories(const work *w)
{
	const seqp_batch *b = w->ctx->batch;
	for (size_t i = 0; i < w->m->route.experts; i++)
		for (size_t s = 0, e = w->first[i]; s < b->nseq; s++) {
			size_t end = e;
			while (end < w->first[i + 1] && row_of(w, end) < b->first[s + 1])
				end++;
			if (end > e)
				remember(w, i, w->state[s], e, end - e);
			e = end;
		}
	for (size_t s = 0; s < b->nseq && w->m->all; s++)
		if (b->first[s + 1] > b->first[s])
			remember(w, w->m->route.experts, w->state[s], w->sorted + b->first[s], b->first[s + 1] - b->first[s]);
}

/* Sums by weight, norm, gate. */
static void combine(const work *w)
{
	const struct mom *m = w->m;
	size_t v0 = w->h0 * m->V, n = w->h1 * m->V - v0, W = m->width[V];
	float *sum = at(w, m->psum), *gate = at(w, m->pgate);
	const float *out = at(w, m->pout);
	for (size_t r = 0; r < w->rows; r++) {
		if (m->all)
			memcpy(sum + r * W + v0, out + (w->sorted + r) * W + v0, n * sizeof *sum);
		else
			memset(sum + r * W + v0, 0, n * sizeof *sum);
	}
	for (size_t e = 0; e < w->sorted; e++) {
		float *to = sum + row_of(w, e) * W + v0;
		seqk_axpby(to, w->weight[w->order[e]], out + e * W + v0, 1, to, n);
	}
	for (size_t r = 0; r < w->rows; r++) {
		for (size_t c = v0; c < v0 + n; c += m->V)
			seqk_rmsnorm(sum + r * W + c, sum + r * W + c, m->norm, m->V, m->eps);
		if (m->gated)
			seqk_silu_mul(sum + r * W + v0, gate + r * W + v0, sum + r * W + v0, n);
	}
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct mom *m = self;
	work w = begin(m, ctx, state);
	project(&w, x);
	seqp_team_barrier(&ctx->lane);
	choose(&w);
	project_sorted(&w, x);
	seqp_team_barrier(&ctx->lane);
	if (w.h0 < w.h1) {
		memories(&w);
		combine(&w);
	}
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &m->o, at(&w, m->psum), m->width[V], y, m->o.out, w.rows);
}

const seqp_mixer_row seqp_mixer_mom = {
	.name = "mom",
	.paper = "Du et al., MoM: Mixture-of-Memories, 2025",
	.open = open,
	.run = run,
};
