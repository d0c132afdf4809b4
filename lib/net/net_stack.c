/* SPDX-License-Identifier: MIT */
/* The interpreter: a batch through every layer's program, then logits.  One run of
 * the team for the whole stack; barriers inside. */
#include <string.h>

#include "kernel/vec.h"
#include "net/net_room.h"

seqp_ctx seqp_net_ctx(const seq_net *net, const seqp_lane *lane)
{
	return (seqp_ctx){.lane = *lane, .batch = &net->batch, .rope = net->table, .act = net->act, .shared = net->shared,
		.own = net->own + (size_t)lane->tid * net->own_bytes};
}

static void add(const seq_net *net, const seqp_ctx *ctx, const seqp_op *op)
{
	size_t i0, i1;
	const float *a = net->reg[op->src], *b = net->reg[op->src2];
	float *y = net->reg[op->dst];
	seqp_ctx_flat(ctx, net->width, &i0, &i1);
	if (op->alpha == 1 && op->beta == 1)
		seqk_add(y + i0, a + i0, b + i0, i1 - i0);
	else
		seqk_axpby(y + i0, op->alpha, a + i0, op->beta, b + i0, i1 - i0);
}

static void step(const seq_net *net, const seqp_ctx *ctx, size_t layer, const seqp_step *s)
{
	const float *x = net->reg[s->op.src];
	float *y = net->reg[s->op.dst];
	switch (s->op.code) {
	case SEQP_NORM:
		seqp_norm_run(ctx, &s->norm, x, y);
		seqp_team_barrier(&ctx->lane);
		break;
	case SEQP_ADD:
		add(net, ctx, &s->op);
		seqp_team_barrier(&ctx->lane);
		break;
	case SEQP_MIX:
		s->mixer->run(s->self, ctx, net->slot + layer * net->rows, x, y);
		break;
	case SEQP_MLP:
		seqp_mlp_run(ctx, &s->mlp, x, y);
		break;
	}
}

static void stack(void *arg, const seqp_lane *lane)
{
	const seq_net *net = arg;
	seqp_ctx ctx = seqp_net_ctx(net, lane);
	seqp_embed_run(&ctx, &net->embed, net->reg[SEQP_X]);
	seqp_rope_fill(&ctx, &net->ropes, net->table);
	seqp_team_barrier(lane);
	if (net->keeps_embeddings) {
		size_t i0, i1;
		seqp_ctx_flat(&ctx, net->width, &i0, &i1);
		memcpy(net->reg[SEQP_E] + i0, net->reg[SEQP_X] + i0, (i1 - i0) * sizeof(float));
		seqp_team_barrier(lane);
	}
	for (size_t l = 0; l < net->layers; l++)
		for (size_t i = 0; i < net->layer[l].nsteps; i++)
			step(net, &ctx, l, &net->layer[l].step[i]);
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
