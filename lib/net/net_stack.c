/* SPDX-License-Identifier: MIT */
/* The interpreter: a batch through every layer's program, then logits.  One run of
 * the team for the whole stack; barriers inside. */
#include <string.h>

#include "kernel/vec.h"
#include "net/net_room.h"

seqp_ctx seqp_net_ctx(const seq_net *net, const seqp_lane *lane)
{
	return (seqp_ctx){.lane = *lane, .batch = &net->batch, .rope = net->table, .act = net->act, .shared = net->shared,
		.own = net->own + (size_t)lane->tid * net->own_bytes, .carry = net->carry};
}

/* By columns, as mixers and mlps leave them: no lane reads what another wrote. */
static void add(const seqp_ctx *ctx, const seqp_step *s, const float *x, const float *x2, float *y)
{
	size_t c0, c1, width = s->in;
	seqp_linear_columns(&ctx->lane, width, &c0, &c1);
	for (size_t i = c0; i < ctx->batch->rows * width; i += width) {
		if (s->alpha == 1 && s->beta == 1)
			seqk_add(y + i, x + i, x2 + i, c1 - c0);
		else
			seqk_axpby(y + i, s->alpha, x + i, s->beta, x2 + i, c1 - c0);
	}
}

static void cat(const seqp_ctx *ctx, const seqp_step *s, const float *x, const float *x2, float *y)
{
	size_t r0, r1, width = s->in + s->in2;
	seqp_ctx_rows(ctx, &r0, &r1);
	for (size_t r = r0; r < r1; r++) {
		memcpy(y + r * width, x + r * s->in, s->in * sizeof *y);
		memcpy(y + r * width + s->in, x2 + r * s->in2, s->in2 * sizeof *y);
	}
}

/* Few rows are normed by every lane for itself, into a copy of its own, unless the result must outlive the layer. */
static float *norm(const seq_net *net, const seqp_ctx *ctx, const seqp_step *s, const float *x)
{
	size_t rows = ctx->batch->rows, width = s->in;
	float *y = net->reg[s->op.dst];
	if (rows > SEQP_OWN_ROWS || s->op.dst == SEQP_X || s->op.dst == SEQP_E) {
		seqp_norm_run(ctx, &s->norm, x, y);
		return y;
	}
	y = (float *)(void *)(ctx->own + net->own_regs) + (size_t)s->op.dst * SEQP_OWN_ROWS * net->reg_width;
	for (size_t i = 0; i < rows * width; i += width)
		seqp_norm_one(&s->norm, y + i, x + i);
	return y;
}

/* Must lanes meet after s?  Not before an ADD, which reads its own columns only, and not after a norm that every
 * lane made for itself; but none may overwrite what another still norms. */
static int meets(const seq_net *net, const seqp_step *s, const seqp_step *next, const float *y)
{
	int add = next && next->op.code == SEQP_ADD;
	if (s->op.code == SEQP_NORM)
		return y == net->reg[s->op.dst] || (next && next->op.code != SEQP_MIX && next->op.code != SEQP_MLP);
	return !add || s->op.code == SEQP_CAT;
}

/* at: where this lane finds each register. */
static void step(const seq_net *net, const seqp_ctx *ctx, const seqp_step *s, const seqp_step *next, float **at)
{
	const float *x = at[s->op.src];
	float *y = net->reg[s->op.dst];
	switch (s->op.code) {
	case SEQP_NORM:
		y = norm(net, ctx, s, x);
		break;
	case SEQP_ADD:
		add(ctx, s, x, at[s->op.src2], y);
		break;
	case SEQP_CAT:
		cat(ctx, s, x, at[s->op.src2], y);
		break;
	case SEQP_LINEAR:
		seqp_linear_run(ctx, &s->linear, x, s->in, y, net->width, ctx->batch->rows);
		break;
	case SEQP_MIX:
		s->mixer->run(s->self, ctx, net->slot + s->slot * net->rows, x, y);
		break;
	case SEQP_MLP:
		seqp_mlp_run(ctx, &s->mlp, x, y);
		break;
	}
	at[s->op.dst] = y;
	if (meets(net, s, next, y))
		seqp_team_barrier(&ctx->lane);
}

static void steps(const seq_net *net, const seqp_ctx *ctx, const seqp_stack *stack, float **at)
{
	const seqp_step *s = stack->step, *end = s + stack->nsteps;
	for (; s < end; s++)
		step(net, ctx, s, s + 1 < end ? s + 1 : NULL, at);
}

static void stack(void *arg, const seqp_lane *lane)
{
	const seq_net *net = arg;
	seqp_ctx ctx = seqp_net_ctx(net, lane);
	seqp_embed_run(&ctx, &net->embed, net->reg[SEQP_X]);
	seqp_rope_fill(&ctx, &net->ropes, net->table);
	seqp_team_barrier(lane);
	float *at[SEQP_REGS];
	memcpy(at, net->reg, sizeof at);
	steps(net, &ctx, &net->entry, at);
	if (net->keeps_embeddings) {
		size_t i0, i1;
		seqp_ctx_flat(&ctx, net->width, &i0, &i1);
		memcpy(net->reg[SEQP_E] + i0, net->reg[SEQP_X] + i0, (i1 - i0) * sizeof(float));
		seqp_team_barrier(lane);
	}
	for (size_t l = 0; l < net->layers; l++)
		steps(net, &ctx, &net->layer[l], at);
}

void seqp_net_stack(seq_net *net)
{
	seqp_team_run(net->team, stack, net);
}

struct head {
	seq_net *net;
	size_t w0, n;
};

static void head(void *arg, const seqp_lane *lane)
{
	const struct head *h = arg;
	seq_net *net = h->net;
	seqp_ctx ctx = seqp_net_ctx(net, lane);
	size_t r0, r1, width = net->width, V = net->vocab;
	seqk_act a;
	seqp_lane_split(lane, h->n, 1, &r0, &r1);
	for (size_t r = r0; r < r1; r++)
		seqp_norm_one(&net->out_norm, net->head_x + r * width, net->reg[SEQP_X] + net->want[h->w0 + r].row * width);
	seqp_team_barrier(lane);
	seqp_linear_act(&ctx, &a, net->head_x, width, h->n, width, net->head.q);
	seqp_lane_split(lane, V, SEQK_MATMUL_GRAIN, &r0, &r1);
	seqp_linear_part(&ctx, &net->head, &a, net->logits, V, r0, r1);
	for (size_t r = 0; r < h->n; r++) {
		float *y = net->logits + r * V + r0;
		if (net->logit_scale != 1)
			seqk_scale(y, y, net->logit_scale, r1 - r0);
		if (net->logit_cap > 0)
			seqk_softcap(y, y, net->logit_cap, r1 - r0);
	}
}

void seqp_net_head(seq_net *net, size_t w0, size_t n)
{
	struct head h = {net, w0, n};
	seqp_team_run(net->team, head, &h);
}
