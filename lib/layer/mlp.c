/* SPDX-License-Identifier: MIT */
#include "layer/mlp.h"

#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"

static const struct {
	const char *name;
	seqp_act_fn fn;
} acts[] = {
	{"silu", seqk_silu}, {"gelu_tanh", seqk_gelu_tanh}, {"gelu_erf", seqk_gelu_erf}, {"relu", seqk_relu},
	{"relu2", seqk_relu2},
};

seqp_act_fn seqp_act_find(int number)
{
	return number >= 0 && (size_t)number < sizeof acts / sizeof acts[0] ? acts[number].fn : NULL;
}

const char *seqp_act_name(int number)
{
	return number >= 0 && (size_t)number < sizeof acts / sizeof acts[0] ? acts[number].name : NULL;
}

static int open_gated(seqp_mlp *m, const seqp_bind *b, int64_t inner, seq_error *err)
{
	int rc = seqp_linear_open(b, "gate", inner, b->in, 1, &m->gate, err);
	return rc < 0 ? rc : seqp_linear_open(b, "up", inner, b->in, 1, &m->up, err);
}

static void inner_gated(const seqp_mlp *m, const seqp_ctx *ctx, const seqk_act *a, float *h, float *tmp, size_t r0,
                        size_t r1)
{
	seqp_linear_part(ctx, &m->gate, a, h, m->inner, r0, r1);
	seqp_linear_part(ctx, &m->up, a, tmp, m->inner, r0, r1);
	for (size_t j = 0; j < a->n; j++) {
		float *g = h + j * m->inner + r0, *u = tmp + j * m->inner + r0;
		if (m->act == seqk_silu) {
			seqk_silu_mul(g, g, u, r1 - r0);
		} else {
			m->act(g, g, r1 - r0);
			seqk_mul(g, g, u, r1 - r0);
		}
	}
}

static int open_plain(seqp_mlp *m, const seqp_bind *b, int64_t inner, seq_error *err)
{
	return seqp_linear_open(b, "up", inner, b->in, 1, &m->up, err);
}

static void inner_plain(const seqp_mlp *m, const seqp_ctx *ctx, const seqk_act *a, float *h, float *tmp, size_t r0,
                        size_t r1)
{
	(void)tmp;
	seqp_linear_part(ctx, &m->up, a, h, m->inner, r0, r1);
	for (size_t j = 0; j < a->n; j++)
		m->act(h + j * m->inner + r0, h + j * m->inner + r0, r1 - r0);
}

static const seqp_mlp_row table[] = {
	{"gated", "down(act(gate x) * up x) (Shazeer: GLU variants, 2020)", open_gated, inner_gated},
	{"plain", "down(act(up x))", open_plain, inner_plain},
};

const seqp_mlp_row *seqp_mlp_at(size_t i)
{
	return i < sizeof table / sizeof table[0] ? &table[i] : NULL;
}

const seqp_mlp_row *seqp_mlp_find(const char *name)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

int seqp_mlp_open(const seqp_bind *b, const char *kind, seqp_mlp *m, seq_error *err)
{
	int64_t act;
	*m = (seqp_mlp){.kind = seqp_mlp_find(kind)};
	if (!m->kind)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "layer %lld: no mlp is called %s", (long long)b->layer, kind);
	int rc = seqp_bind_int(b, "act", 0, 0, sizeof acts / sizeof acts[0] - 1, &act, err);
	if (rc < 0)
		return rc;
	m->act = acts[act].fn;
	const seqp_view *up = seqp_bind_weight(b, "up");
	if (!up)
		return seqp_bind_fail(b, "up", err, "is missing");
	if ((rc = m->kind->open(m, b, up->rows, err)) < 0)
		return rc;
	m->inner = (size_t)up->rows;
	if ((rc = seqp_linear_open(b, "down", b->width, up->rows, 1, &m->down, err)) < 0)
		return rc;
	size_t at = 0;
	m->h = seqp_place(&at, b->max_rows * m->inner, 4);
	m->tmp = seqp_place(&at, b->max_rows * m->inner, 4);
	seqp_raise(&b->needs->shared, at);
	return 0;
}

void seqp_mlp_run(const seqp_ctx *ctx, const seqp_mlp *m, const float *x, float *y)
{
	size_t r0, r1, rows = ctx->batch->rows, width = m->up.in;
	float *h = (float *)(void *)(ctx->shared + m->h), *tmp = (float *)(void *)(ctx->shared + m->tmp);
	seqk_act a;
	seqp_linear_act(ctx, &a, x, width, rows, width, m->up.q || m->gate.q);
	seqp_lane_split(&ctx->lane, m->inner, SEQK_MATMUL_GRAIN, &r0, &r1);
	m->kind->inner(m, ctx, &a, h, tmp, r0, r1);
	seqp_team_barrier(&ctx->lane);
	seqp_linear_run(ctx, &m->down, h, m->inner, y, m->down.out, rows);
}
