/* SPDX-License-Identifier: MIT */
/* Mixture of experts: y = sum over the chosen experts of weight * mlp(x), + gate * shared mlp(x).
 *
 * The tokens of a batch are sorted by expert, and each expert multiplies its own at once, its weights where they lie in
 * the file.  An output is the sum over its experts in rising order of their index, then the shared one: the same
 * bits whatever else is in the batch. */
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/size.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/dense.h"
#include "layer/mlp.h"
#include "layer/route.h"

/* One projection of every expert. */
typedef struct stack {
	const seqp_view *w; /* [experts]; NULL: none */
	const float *b;     /* [experts][out] or NULL */
	size_t in, out;
	int exact;
} stack;

struct moe {
	seqp_route route;
	seqp_act act;
	stack gate, up, down;
	seqp_dense shared;       /* up.w.data NULL: none */
	seqp_linear shared_gate; /* w.data NULL: none */
	int weigh_input;         /* the weight goes to the expert's input, not its output */
	int q_in, q_down, keeps_x;
	/* places in the shared scratch */
	size_t logit, opening, chosen, weight, in_act, in_x, h, tmp, down_act, out;
	/* and in a lane's own, behind what linear layers use */
	size_t own_chosen, own_weight, score, first, order, row;
};

/* Where a lane finds what was chosen. */
struct desk {
	int32_t *chosen; /* [rows][used] */
	float *weight;
	size_t *first;   /* [experts + 1] of order */
	uint32_t *order; /* [rows * used]: token * used + rank, by expert, then by token */
};

static int check_expert(const seqp_bind *b, const char *name, const seqp_view *v, const stack *s, seq_error *err)
{
	char what[128];
	if (v->data && v->rows == (int64_t)s->out && v->cols == (int64_t)s->in && seqk_matmul_can(v->dtype, s->in))
		return 0;
	const seq_dtype_row *d = seq_dtype_get(v->dtype);
	snprintf(what, sizeof what, "an expert is %lld x %lld of type %s, expected %zu x %zu", (long long)v->rows,
	         (long long)v->cols, d ? d->name : "?", s->out, s->in);
	return seqp_bind_fail(b, name, err, what);
}

static int wants_q(const stack *s, size_t n)
{
	int q = 0;
	for (size_t i = 0; s->w && !s->exact && i < n; i++)
		q |= seqk_matmul_wants_q(s->w[i].dtype);
	return q;
}

static int all_q(const stack *s, size_t n)
{
	int all = !s->exact;
	for (size_t i = 0; s->w && i < n; i++)
		all &= seqk_matmul_wants_q(s->w[i].dtype);
	return !s->w || all;
}

static int open_stack(const seqp_bind *b, const struct moe *m, const char *name, int64_t out, int64_t in, stack *s, seq_error *err)
{
	char bias[32];
	*s = (stack){.w = seqp_bind_weight(b, name), .in = (size_t)in, .out = (size_t)out, .exact = b->exact};
	if (!s->w)
		return 0;
	for (size_t i = 0; i < m->route.experts; i++) {
		int rc = check_expert(b, name, &s->w[i], s, err);
		if (rc < 0)
			return rc;
	}
	seqp_raise(&b->needs->act_cols, s->in);
	seqp_raise(&b->needs->own, seqp_linear_own_bytes(s->in));
	snprintf(bias, sizeof bias, "%s.b", name);
	return seqp_bind_vector(b, bias, (int64_t)m->route.experts * out, 0, &s->b, err);
}

static int open_experts(const seqp_bind *b, struct moe *m, seq_error *err)
{
	const seqp_view *up = seqp_bind_weight(b, "up");
	int rc;
	if (!up)
		return seqp_bind_fail(b, "up", err, "is missing");
	if ((rc = open_stack(b, m, "up", up->rows, b->in, &m->up, err)) < 0 ||
	    (rc = open_stack(b, m, "gate", up->rows, b->in, &m->gate, err)) < 0 ||
	    (rc = open_stack(b, m, "down", b->width, up->rows, &m->down, err)) < 0)
		return rc;
	if (!m->down.w || (!m->gate.w && !seqp_act_is_plain(&m->act)))
		return seqp_bind_fail(b, m->down.w ? "gate" : "down", err, "is missing");
	size_t n = m->route.experts;
	m->q_in = wants_q(&m->gate, n) || wants_q(&m->up, n);
	m->q_down = wants_q(&m->down, n);
	m->keeps_x = !all_q(&m->gate, n) || !all_q(&m->up, n);
	return 0;
}

/* The one all tokens go through: "ROLE.shared", weighed by sigmoid of "ROLE.shared_gate" if there is one. */
static int open_shared(const seqp_bind *b, struct moe *m, size_t *at, seq_error *err)
{
	char role[64];
	if (!seqp_bind_weight(b, "shared.up"))
		return 0;
	int n = snprintf(role, sizeof role, "%s.shared", b->role);
	seqp_bind s = *b;
	s.role = seqp_arena_strdup(b->arena, role, (size_t)n);
	if (!s.role)
		return seqp_nomem(err, sizeof role);
	int rc = seqp_dense_open(&s, seqp_bind_weight(b, "shared.gate") != NULL, &m->shared, at, err);
	s.role = b->role;
	s.exact = 1;
	return rc < 0 ? rc : seqp_linear_open(&s, "shared_gate", 1, b->in, 0, &m->shared_gate, err);
}

static void place(const seqp_bind *b, struct moe *m, size_t *at)
{
	size_t rows = b->max_rows, entries = rows * m->route.used;
	m->logit = seqp_place(at, rows * m->route.experts, 4);
	m->opening = seqp_place(at, rows, 4);
	m->chosen = seqp_place(at, entries, sizeof(int32_t));
	m->weight = seqp_place(at, entries, 4);
	m->in_act = seqp_place(at, m->q_in ? seqp_linear_act_bytes(entries, m->up.in) : 0, 1);
	m->in_x = seqp_place(at, m->keeps_x ? entries * m->up.in : 0, 4);
	m->h = seqp_place(at, entries * m->up.out, 4);
	m->tmp = seqp_place(at, m->gate.w ? rows * m->up.out : 0, 4);
	m->down_act = seqp_place(at, m->q_down ? seqp_linear_act_bytes(entries, m->up.out) : 0, 1);
	m->out = seqp_place(at, rows * m->down.out, 4);
	seqp_raise(&b->needs->shared, *at);

	size_t own = seqp_round_up(seqp_linear_own_bytes(m->up.in > m->up.out ? m->up.in : m->up.out), 64);
	m->own_chosen = seqp_place(&own, SEQP_OWN_ROWS * m->route.used, sizeof(int32_t));
	m->own_weight = seqp_place(&own, SEQP_OWN_ROWS * m->route.used, 4);
	m->score = seqp_place(&own, 2 * m->route.experts + m->route.groups, 4);
	m->first = seqp_place(&own, m->route.experts + 1, sizeof(size_t));
	m->order = seqp_place(&own, entries, sizeof(uint32_t));
	m->row = seqp_place(&own, m->weigh_input ? m->up.in : 0, sizeof(float));
	seqp_raise(&b->needs->own, own);
}

static int open(void **self, const seqp_bind *b, seq_error *err)
{
	struct moe *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	size_t at = 0;
	int64_t input;
	int rc;
	if (!m)
		return seqp_nomem(err, sizeof *m);
	if ((rc = seqp_route_open(b, &m->route, err)) < 0 || (rc = seqp_act_open(b, &m->act, err)) < 0 ||
	    (rc = seqp_bind_int(b, "weigh_input", 0, 0, 1, &input, err)) < 0 || (rc = open_experts(b, m, err)) < 0 ||
	    (rc = open_shared(b, m, &at, err)) < 0)
		return rc;
	m->weigh_input = (int)input;
	place(b, m, &at);
	*self = m;
	return 0;
}

static float *at(const seqp_ctx *ctx, size_t place)
{
	return (float *)(void *)(ctx->shared + place);
}

static void set_desk(const struct moe *m, const seqp_ctx *ctx, struct desk *d)
{
	int own = ctx->batch->rows <= SEQP_OWN_ROWS;
	d->chosen = own ? (void *)(ctx->own + m->own_chosen) : (void *)(ctx->shared + m->chosen);
	d->weight = own ? (void *)(ctx->own + m->own_weight) : (void *)(ctx->shared + m->weight);
	d->first = (void *)(ctx->own + m->first);
	d->order = (void *)(ctx->own + m->order);
}

/* Few rows by every lane for itself: cheaper than to wait for others. */
static void choose(const struct moe *m, const seqp_ctx *ctx, const struct desk *d)
{
	size_t r0 = 0, r1 = ctx->batch->rows, E = m->route.experts, k = m->route.used;
	float *score = (float *)(void *)(ctx->own + m->score), *pick = score + E;
	int own = r1 <= SEQP_OWN_ROWS;
	if (!own)
		seqp_ctx_rows(ctx, &r0, &r1);
	for (size_t r = r0; r < r1; r++) {
		memcpy(score, at(ctx, m->logit) + r * E, E * sizeof *score);
		seqp_route_row(&m->route, score, pick, d->chosen + r * k, d->weight + r * k);
	}
	if (!own)
		seqp_team_barrier(&ctx->lane);
}

/* By every lane for itself. */
static void sort(const struct moe *m, size_t rows, const struct desk *d)
{
	size_t E = m->route.experts, k = m->route.used;
	memset(d->first, 0, (E + 1) * sizeof *d->first);
	for (size_t i = 0; i < rows * k; i++)
		d->first[d->chosen[i] + 1]++;
	for (size_t e = 0; e < E; e++)
		d->first[e + 1] += d->first[e];
	for (size_t i = 0; i < rows * k; i++)
		d->order[d->first[d->chosen[i]]++] = (uint32_t)i;
	memmove(d->first + 1, d->first, E * sizeof *d->first);
	d->first[0] = 0;
}

static void input(const struct moe *m, const seqp_ctx *ctx, const struct desk *d, const seqk_act *a, const float *x, size_t j)
{
	size_t n = m->up.in;
	const float *src = x + d->order[j] / m->route.used * n;
	float *dst = m->keeps_x ? at(ctx, m->in_x) + j * n : (float *)(void *)(ctx->own + m->row);
	if (m->weigh_input)
		seqk_scale(dst, src, d->weight[d->order[j]], n);
	else if (m->keeps_x)
		memcpy(dst, src, n * sizeof *dst);
	seqk_act one = seqp_linear_act_rows(a, j, 1);
	one.x = m->weigh_input || m->keeps_x ? dst : src;
	if (one.q)
		seqk_act_row(&one, 0);
}

/* What goes into the experts, sorted; one token is the same for all of them. */
static void inputs(const struct moe *m, const seqp_ctx *ctx, const struct desk *d, const float *x, seqk_act *a)
{
	size_t j0, j1, n = m->up.in, entries = ctx->batch->rows * m->route.used;
	if (ctx->batch->rows == 1 && !m->weigh_input) {
		seqp_linear_act(ctx, a, x, n, 1, n, m->q_in);
		return;
	}
	*a = (seqk_act){.ldx = n, .n = entries, .k = n};
	if (m->q_in)
		seqp_linear_act_place(a, ctx->shared + m->in_act, entries, n);
	if (m->keeps_x)
		a->x = at(ctx, m->in_x);
	seqp_lane_split(&ctx->lane, entries, 1, &j0, &j1);
	for (size_t j = j0; j < j1; j++)
		input(m, ctx, d, a, x, j);
	seqp_team_barrier(&ctx->lane);
}

static void part(const seqp_ctx *ctx, const stack *s, size_t e, const seqk_act *a, float *y, size_t r0, size_t r1)
{
	seqp_linear l = {.w = s->w[e], .b = s->b ? s->b + e * s->out : NULL, .in = s->in, .out = s->out,
		.q = !s->exact && seqk_matmul_wants_q(s->w[e].dtype)};
	seqp_linear_part(ctx, &l, a, y, s->out, r0, r1);
}

static void inner(const struct moe *m, const seqp_ctx *ctx, const struct desk *d, const seqk_act *a)
{
	size_t r0, r1, width = m->up.out;
	float *tmp = at(ctx, m->tmp);
	seqp_lane_split(&ctx->lane, width, SEQK_MATMUL_GRAIN, &r0, &r1);
	for (size_t e = 0; e < m->route.experts; e++) {
		size_t n = d->first[e + 1] - d->first[e];
		float *h = at(ctx, m->h) + d->first[e] * width;
		seqk_act mine = a->n == 1 ? *a : seqp_linear_act_rows(a, d->first[e], n);
		if (!n)
			continue;
		part(ctx, m->gate.w ? &m->gate : &m->up, e, &mine, h, r0, r1);
		if (m->gate.w)
			part(ctx, &m->up, e, &mine, tmp, r0, r1);
		for (size_t i = r0; i < n * width; i += width) {
			if (m->gate.w)
				seqp_act_mul(&m->act, h + i, tmp + i, r1 - r0);
			else
				seqp_act_run(&m->act, h + i, h + i, r1 - r0);
		}
	}
}

/* y += w * x, this lane's columns. */
static void add(float *y, float w, const float *x, size_t c0, size_t c1)
{
	seqk_axpby(y + c0, w, x + c0, 1, y + c0, c1 - c0);
}

static void outer(const struct moe *m, const seqp_ctx *ctx, const struct desk *d, float *y)
{
	size_t c0, c1, in = m->down.in, width = m->down.out, entries = ctx->batch->rows * m->route.used;
	float *out = at(ctx, m->out);
	seqp_ctx c = *ctx;
	seqk_act a;
	c.act = ctx->shared + m->down_act;
	seqp_linear_act(&c, &a, at(ctx, m->h), in, entries, in, m->q_down);
	seqp_linear_columns(&ctx->lane, width, &c0, &c1);
	for (size_t r = 0; r < ctx->batch->rows; r++)
		memset(y + r * width + c0, 0, (c1 - c0) * sizeof *y);
	for (size_t e = 0; e < m->route.experts; e++) {
		size_t j0 = d->first[e], n = d->first[e + 1] - j0;
		seqk_act mine = seqp_linear_act_rows(&a, j0, n);
		if (n)
			part(ctx, &m->down, e, &mine, out, c0, c1);
		for (size_t i = 0; i < n; i++)
			add(y + d->order[j0 + i] / m->route.used * width, m->weigh_input ? 1 : d->weight[d->order[j0 + i]],
			    out + i * width, c0, c1);
	}
}

static void add_shared(const struct moe *m, const seqp_ctx *ctx, float *y)
{
	size_t c0, c1, width = m->down.out;
	float *out = at(ctx, m->out), open = 1;
	seqp_dense_outer(ctx, &m->shared, out);
	seqp_linear_columns(&ctx->lane, width, &c0, &c1);
	for (size_t r = 0; r < ctx->batch->rows; r++) {
		if (m->shared_gate.w.data)
			seqk_sigmoid(&open, at(ctx, m->opening) + r, 1);
		add(y + r * width, open, out + r * width, c0, c1);
	}
}

static void run(const void *self, const seqp_ctx *ctx, const float *x, float *y)
{
	const struct moe *m = self;
	size_t rows = ctx->batch->rows;
	struct desk d;
	seqk_act a;
	set_desk(m, ctx, &d);
	seqp_linear_run(ctx, &m->route.router, x, m->up.in, at(ctx, m->logit), m->route.experts, rows);
	if (m->shared_gate.w.data)
		seqp_linear_run(ctx, &m->shared_gate, x, m->up.in, at(ctx, m->opening), 1, rows);
	if (m->shared.up.w.data)
		seqp_dense_inner(ctx, &m->shared, x);
	seqp_team_barrier(&ctx->lane);
	choose(m, ctx, &d);
	sort(m, rows, &d);
	inputs(m, ctx, &d, x, &a);
	inner(m, ctx, &d, &a);
	seqp_team_barrier(&ctx->lane);
	outer(m, ctx, &d, y);
	if (m->shared.up.w.data)
		add_shared(m, ctx, y);
}

const seqp_mlp_row seqp_mlp_moe = {
	.name = "moe",
	.about = "sum of w * mlp(x) over the experts that a router chooses, + a shared one (Shazeer et al., 2017)",
	.open = open,
	.run = run,
};
