/* SPDX-License-Identifier: MIT */
/* checkkern --bench recur [OP]: operators that are linear recurrences, from inputs to outputs, at the level in use: what a
 * mixer's heads cost beside its projections.  16 heads of 64 x 64 and of 128 x 128, 512 tokens at once and one.
 * Counted are the operations on the state alone: 2 H K V times the row's fused multiply-adds, a product counting half;
 * of rg-lru, whose state is a number a channel, its three exponentials too, 14 each. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checkkern.h"
#include "op/op_rows.h"

enum { HEADS = 16, MOST = 128, TOKENS = 512, STEPS = 2, SLOTS = 64 };

/* Of H K V; gsa and abc: of H M (K + V); rg-lru: of H V. */
static const struct row {
	const seqp_op_row *op;
	double fmas;
} rows[] = {
	{&seqp_op_linear, 2}, {&seqp_op_retention, 2.5}, {&seqp_op_simple_gla, 2.5}, {&seqp_op_gla, 2.5}, {&seqp_op_hgrn2, 2.5},
	{&seqp_op_lightnet, 2.5}, {&seqp_op_delta, 3}, {&seqp_op_gated_delta, 3.5}, {&seqp_op_kda, 3.5}, {&seqp_op_comba, 3.5},
	{&seqp_op_deltaproduct, 5.5}, {&seqp_op_gsa, 2.5}, {&seqp_op_abc, 2.5}, {&seqp_op_rwkv6, 3}, {&seqp_op_rwkv7, 4.5},
	{&seqp_op_dplr, 4.5}, {&seqp_op_ssd, 2.5}, {&seqp_op_rglru, 24},
};

static size_t floats(const seqp_op_call *c, const char *dims)
{
	size_t n = 1;
	for (const char *p = dims; *p; p++)
		n *= seqp_op_dim(c, *p);
	return n;
}

/* Log decays are small and negative, keys short, so that states stay where they are in use. */
static float *inputs(const seqp_op_call *c, const seqp_op_array *a)
{
	size_t n = floats(c, a->dims);
	float *x = seqp_alloc(n, sizeof *x);
	bool decay = !strcmp(a->name, "g") || !strcmp(a->name, "w") || !strcmp(a->name, "A");
	for (size_t i = 0; x && i < n; i++)
		x[i] = decay ? -0.1f * fabsf(check_normal()) : 0.08f * check_normal();
	return x;
}

static void open_call(seqp_op_call *c, const seqp_op_row *op, size_t D, size_t T)
{
	const char letters[] = "THKVMNGC";
	const size_t sizes[] = {T, HEADS, D, D, SLOTS, STEPS, HEADS, HEADS * D};
	*c = (seqp_op_call){.total = T};
	for (size_t i = 0; letters[i]; i++)
		c->dim[letters[i] - 'A'] = sizes[i];
	for (size_t i = 0; i < SEQP_OP_IN && op->in[i].name; i++) {
		c->in[i] = inputs(c, &op->in[i]);
		c->ld[i] = floats(c, op->in[i].dims) / T;
	}
	for (size_t i = 0; i < SEQP_OP_STATE && op->state[i].name; i++) {
		c->state[i] = seqp_alloc(floats(c, op->state[i].dims), sizeof(float));
		if (op->fresh)
			op->fresh(c, (int)i, c->state[i]);
	}
	for (size_t i = 0; op->number && op->number[i].name; i++)
		c->number[i] = op->number[i].dflt;
	c->ldo[0] = HEADS * D;
	c->out[0] = seqp_alloc(T * HEADS * D, sizeof(float));
	if (op->check && op->check(c, NULL) < 0)
		abort();
	c->scratch = seqp_alloc(op->scratch ? op->scratch(c) : 1, sizeof(float));
}

static void close_call(seqp_op_call *c)
{
	for (size_t i = 0; i < SEQP_OP_IN; i++)
		free((void *)(uintptr_t)c->in[i]);
	for (size_t i = 0; i < SEQP_OP_STATE; i++)
		free(c->state[i]);
	free(c->out[0]);
	free(c->scratch);
}

struct job {
	const seqp_op_row *op;
	seqp_op_call call;
};

static void run(void *arg)
{
	struct job *j = arg;
	j->op->run(&j->call, 0, seqp_op_dim(&j->call, j->op->split));
}

static void measure(const struct row *r, size_t D, size_t T)
{
	struct job j = {.op = r->op};
	bool slots = r->op == &seqp_op_gsa || r->op == &seqp_op_abc;
	double each = slots ? SLOTS * 2.0 * (double)D : r->op == &seqp_op_rglru ? (double)D : (double)(D * D);
	open_call(&j.call, r->op, D, T);
	double s = check_time(run, &j) / (double)T, flop = 2 * r->fmas * HEADS * each;
	printf("op %-17s %d x %3zu  %3zu token%s %9.0f tokens/s  %6.1f GFLOP/s  %3.0f %% of the peak\n", r->op->name, HEADS, D, T,
	       T > 1 ? "s" : " ", 1 / s, flop / s * 1e-9, 100 * flop / s / check_peaks()->fma);
	close_call(&j.call);
}

void bench_ops(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (size_t D = 64; (!check_only || !strcmp(check_only, rows[i].op->name)) && D <= MOST; D *= 2) {
			measure(&rows[i], D, TOKENS);
			measure(&rows[i], D, 1);
		}
}
