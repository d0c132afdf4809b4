/* SPDX-License-Identifier: MIT */
#include "layer/mlp.h"

#include <string.h>

#include "base/fail.h"
#include "layer/dense.h"

static int open_dense(void **self, const seqp_bind *b, int gated, seq_error *err)
{
	size_t at = 0;
	seqp_dense *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	if (!m)
		return seqp_nomem(err, sizeof *m);
	int rc = seqp_dense_open(b, gated, m, &at, err);
	seqp_raise(&b->needs->shared, at);
	*self = m;
	return rc;
}

static int open_gated(void **self, const seqp_bind *b, seq_error *err)
{
	return open_dense(self, b, 1, err);
}

static int open_plain(void **self, const seqp_bind *b, seq_error *err)
{
	return open_dense(self, b, 0, err);
}

static void run_dense(const void *self, const seqp_ctx *ctx, const float *x, float *y)
{
	seqp_dense_inner(ctx, self, x);
	seqp_team_barrier(&ctx->lane);
	seqp_dense_outer(ctx, self, y);
}

static const seqp_mlp_row gated = {"gated", "down(act(gate x) * up x) (Shazeer: GLU variants, 2020)", open_gated, run_dense};
static const seqp_mlp_row plain = {"plain", "down(act(up x))", open_plain, run_dense};
static const seqp_mlp_row *const table[] = {
	&gated, &plain, &seqp_mlp_moe, &seqp_mlp_altup_in, &seqp_mlp_altup_predict, &seqp_mlp_altup_correct, &seqp_mlp_altup_out,
};

const seqp_mlp_row *seqp_mlp_at(size_t i)
{
	return i < sizeof table / sizeof table[0] ? table[i] : NULL;
}

const seqp_mlp_row *seqp_mlp_find(const char *name)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (!strcmp(table[i]->name, name))
			return table[i];
	return NULL;
}

int seqp_mlp_open(const seqp_bind *b, const char *kind, seqp_mlp *m, seq_error *err)
{
	*m = (seqp_mlp){.kind = seqp_mlp_find(kind)};
	if (!m->kind)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "layer %lld: no mlp is called %s", (long long)b->layer, kind);
	return m->kind->open(&m->self, b, err);
}
