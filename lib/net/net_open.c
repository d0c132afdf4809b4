/* SPDX-License-Identifier: MIT */
/* Binding a model: every weight found, every shape checked, all memory of a run taken. */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/size.h"
#include "kernel/cpu.h"
#include "layer/bind.h"
#include "net/net_room.h"

enum { CHUNK = 512, CHUNK_MOST = 65536, TILE_BYTES = 16 << 20, TILE_MOST = 64 };

static const seqp_view *weight(const void *from, int64_t layer, const char *role)
{
	return seqp_model_weight(from, layer, role);
}

static double number(const void *from, int64_t layer, const char *key, double dflt)
{
	return seqp_model_number(from, layer, key, dflt);
}

static seqp_bind binder(seq_net *net, int64_t layer, const char *role)
{
	return (seqp_bind){.from = net->model, .weight = weight, .number = number, .layer = layer, .role = role,
		.width = (int64_t)net->width, .in = (int64_t)net->width, .context = net->opts.context, .max_rows = net->rows,
		.lanes = seqp_team_size(net->team), .exact = net->opts.exact, .kv_dtype = net->opts.kv_dtype,
		.arena = &net->arena, .ropes = &net->ropes, .needs = &net->needs,
		.tallies = net->opts.tally ? &net->tallies : NULL};
}

static int open_mixer(seq_net *net, seqp_bind *b, seqp_step *s, seq_error *err)
{
	if (b->layer < 0)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "a mixer before the first layer");
	seqp_state_spec *spec = &net->plan->spec[b->layer];
	double from = seqp_bind_number(b, "kv_from", -1);
	s->mixer = seqp_mixer_find(s->op.kind);
	if (!s->mixer)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "layer %lld: no mixer is called %s", (long long)b->layer, s->op.kind);
	s->slot = (size_t)b->layer;
	if (from >= 0) {
		if (from != (double)(int64_t)from || from > (double)b->layer || !net->plan->spec[(size_t)from].heads)
			return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: layer %g has no keys and values to share", (long long)b->layer,
			                 from);
		s->slot = (size_t)from;
		b->lender = &net->plan->spec[s->slot];
	}
	int rc = s->mixer->open(&s->self, b, spec, err);
	if (rc >= 0 && spec->nfixed > SEQP_SLOT_FIXED)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "layer %lld: more than %d arrays of state", (long long)b->layer,
		                 SEQP_SLOT_FIXED);
	return rc;
}

static int open_add(seqp_bind *b, seqp_step *s, seq_error *err)
{
	if (s->in != s->in2)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: a sum of %zu and %zu columns", (long long)b->layer, s->in, s->in2);
	s->alpha = s->op.alpha ? (float)seqp_bind_global(b, s->op.alpha, 1) : 1;
	s->beta = s->op.beta ? (float)seqp_bind_global(b, s->op.beta, 1) : 1;
	return 0;
}

/* width: of each register; *s has its op. */
static int open_step(seq_net *net, int64_t layer, seqp_step *s, size_t width[SEQP_REGS], seq_error *err)
{
	const seqp_op *op = &s->op;
	seqp_bind b = binder(net, layer, op->role ? op->role : "");
	s->in = width[op->src];
	s->in2 = width[op->src2];
	b.in = (int64_t)s->in;
	net->keeps_embeddings |= op->src == SEQP_E || op->src2 == SEQP_E;
	width[op->dst] = op->code == SEQP_CAT ? s->in + s->in2 : op->code == SEQP_MIX || op->code == SEQP_MLP ||
	                 op->code == SEQP_LINEAR ? net->width : s->in;
	if (net->reg_width < width[op->dst])
		net->reg_width = width[op->dst];
	switch (op->code) {
	case SEQP_NORM:
		return seqp_norm_open(&b, op->kind, &s->norm, err);
	case SEQP_MLP:
		return seqp_mlp_open(&b, op->kind, &s->mlp, err);
	case SEQP_LINEAR:
		return seqp_linear_open(&b, "", b.width, b.in, 1, &s->linear, err);
	case SEQP_MIX:
		return open_mixer(net, &b, s, err);
	case SEQP_ADD:
		return open_add(&b, s, err);
	case SEQP_CAT:
		return 0;
	}
	return seqp_fail(err, SEQ_E_UNSUPPORTED, "layer %lld: operation %d is not known", (long long)layer, (int)op->code);
}

static int open_stack(seq_net *net, int64_t layer, seqp_stack *s, seq_error *err)
{
	size_t width[SEQP_REGS];
	const seqp_op *op = seqp_model_program(net->model, layer, &s->nsteps);
	s->step = seqp_arena_alloc(&net->arena, s->nsteps, sizeof *s->step);
	if (!s->step && s->nsteps)
		return seqp_nomem(err, s->nsteps * sizeof *s->step);
	for (int r = 0; r < SEQP_REGS; r++)
		width[r] = net->width;
	int rc = 0;
	for (size_t i = 0; i < s->nsteps && rc >= 0; i++) {
		s->step[i].op = op[i];
		rc = open_step(net, layer, &s->step[i], width, err);
	}
	return rc;
}

static int open_layers(seq_net *net, seq_error *err)
{
	net->layer = seqp_arena_alloc(&net->arena, net->layers, sizeof *net->layer);
	if (!net->layer)
		return seqp_nomem(err, net->layers * sizeof *net->layer);
	net->reg_width = net->width;
	int rc = open_stack(net, -1, &net->entry, err);
	for (size_t l = 0; l < net->layers && rc >= 0; l++)
		rc = open_stack(net, (int64_t)l, &net->layer[l], err);
	return rc;
}

/* The last norm is of the kind the layers use. */
static const char *norm_kind(const seq_net *net)
{
	for (size_t l = 0; l < net->layers; l++)
		for (size_t i = 0; i < net->layer[l].nsteps; i++)
			if (net->layer[l].step[i].op.code == SEQP_NORM)
				return net->layer[l].step[i].op.kind;
	return "rms";
}

static int open_ends(seq_net *net, seq_error *err)
{
	seqp_bind b = binder(net, -1, ""), n = binder(net, -1, "out_norm");
	int rc = seqp_embed_open(&b, (int64_t)net->vocab, &net->embed, err);
	if (rc < 0 || (rc = seqp_norm_open(&n, norm_kind(net), &net->out_norm, err)) < 0)
		return rc;
	const char *head = seqp_bind_weight(&b, "head") ? "head" : "embed";
	rc = seqp_linear_open(&b, head, (int64_t)net->vocab, (int64_t)net->width, 1, &net->head, err);
	if (rc < 0 || (rc = seqp_bind_vector(&b, "head.b", (int64_t)net->vocab, 0, &net->head.b, err)) < 0)
		return rc;
	net->logit_scale = (float)seqp_bind_global(&b, "logit_scale", 1);
	net->logit_cap = (float)seqp_bind_global(&b, "logit_cap", 0);
	net->limit = net->opts.context;
	if (net->embed.pos.data && (!net->limit || net->limit > net->embed.pos.rows))
		net->limit = net->embed.pos.rows;
	return 0;
}

/* Not cleared: pages that a run does not touch cost nothing. */
static void *take(size_t count, size_t size, bool *ok)
{
	size_t bytes;
	if (!*ok || !seqp_mul(count, size, &bytes) || bytes > SIZE_MAX / 2) {
		*ok = false;
		return NULL;
	}
	void *p = aligned_alloc(64, seqp_round_up(bytes ? bytes : 1, 64));
	*ok = p != NULL;
	return p;
}

static int take_memory(seq_net *net, seq_error *err)
{
	bool ok = true;
	size_t rows = net->rows, lanes = (size_t)seqp_team_size(net->team);
	for (int r = 0; r < SEQP_REGS; r++)
		if (r != SEQP_E || net->keeps_embeddings)
			net->reg[r] = take(rows * net->reg_width, 4, &ok);
	for (size_t i = 0; i < net->ropes.n; i++) {
		net->table[i].cos = take(rows * net->ropes.rope[i].pairs, 4, &ok);
		net->table[i].sin = take(rows * net->ropes.rope[i].pairs, 4, &ok);
	}
	net->tile = TILE_BYTES / 4 / net->vocab;
	net->tile = net->tile < 8 ? 8 : net->tile > TILE_MOST ? TILE_MOST : net->tile;
	net->own_regs = seqp_round_up(net->needs.own, 64);
	net->own_bytes = seqp_round_up(net->own_regs + SEQP_REGS * SEQP_OWN_ROWS * net->reg_width * 4 + 64, 4096);
	net->carry = take(rows * net->needs.carry, 4, &ok);
	net->act = take(seqp_linear_act_bytes(rows > net->tile ? rows : net->tile, net->needs.act_cols), 1, &ok);
	net->shared = take(net->needs.shared, 1, &ok);
	net->own = take(lanes, net->own_bytes, &ok);
	net->head_x = take(net->tile * net->width, 4, &ok);
	net->logits = take(net->tile * net->vocab, 4, &ok);
	net->first = take(rows + 1, sizeof *net->first, &ok);
	net->row_seq = take(rows, sizeof *net->row_seq, &ok);
	net->pos = take(rows, sizeof *net->pos, &ok);
	net->row_pos = take(rows, sizeof *net->row_pos, &ok);
	net->token = take(rows, sizeof *net->token, &ok);
	net->slot = take(rows * net->layers, sizeof *net->slot, &ok);
	net->want = take(rows, sizeof *net->want, &ok);
	return ok ? 0 : seqp_fail(err, SEQ_E_NOMEM, "the memory of a run cannot be had; a smaller chunk needs less");
}

static int read_opts(seq_net *net, const seq_net_opts *o, seq_error *err)
{
	if (o)
		net->opts = *o;
	seq_net_opts *p = &net->opts;
	if (!p->kv_set)
		p->kv_dtype = SEQ_F16;
	if (p->threads < 0 || p->chunk < 0 || p->chunk > CHUNK_MOST || p->context < 0)
		return seqp_fail(err, SEQ_E_ARG, "threads, chunk (at most %d) and context cannot be %d, %d, %lld", CHUNK_MOST,
		                 p->threads, p->chunk, (long long)p->context);
	if (p->kv_dtype != SEQ_F16 && p->kv_dtype != SEQ_F32 && p->kv_dtype != SEQ_BF16 && p->kv_dtype != SEQ_Q8_0)
		return seqp_fail(err, SEQ_E_ARG, "keys and values are kept as F32, F16, BF16 or Q8_0");
	net->rows = p->chunk ? (size_t)p->chunk : CHUNK;
	return seqk_cpu_init(err);
}

static int open_all(seq_net *net, const seq_net_opts *opts, seq_error *err)
{
	int rc = read_opts(net, opts, err);
	if (rc < 0)
		return rc;
	net->layers = (size_t)seq_model_layers(net->model);
	net->width = (size_t)seq_model_width(net->model);
	net->vocab = (size_t)seq_model_vocab(net->model);
	if (!net->width || !net->vocab || net->vocab > INT32_MAX)
		return seqp_fail(err, SEQ_E_FORMAT, "the model has no width or no vocabulary");
	net->team = seqp_team_new(net->opts.threads);
	net->plan = seqp_plan_new(net->layers);
	if (!net->team || !net->plan)
		return seqp_fail(err, SEQ_E_NOMEM, "%d threads cannot be had", net->opts.threads);
	if ((rc = open_layers(net, err)) < 0 || (rc = open_ends(net, err)) < 0)
		return rc;
	if (net->opts.tally && (rc = seqp_net_name_tallies(net, err)) < 0)
		return rc;
	net->plan->vocab = net->vocab;
	net->plan->kv_dtype = net->opts.kv_dtype;
	net->plan->frozen = net->ropes.frozen;
	return take_memory(net, err);
}

int seq_net_open(seq_net **out, const seq_model *m, const seq_net_opts *opts, seq_error *err)
{
	*out = NULL;
	seq_net *net = seqp_alloc(1, sizeof *net);
	if (!net)
		return seqp_nomem(err, sizeof *net);
	net->model = m;
	int rc = open_all(net, opts, err);
	if (rc < 0)
		seq_net_free(net);
	else
		*out = net;
	return rc < 0 ? rc : 0;
}

void seq_net_free(seq_net *net)
{
	if (!net)
		return;
	for (int r = 0; r < SEQP_REGS; r++)
		free(net->reg[r]);
	for (size_t i = 0; i < SEQP_ROPES; i++) {
		free(net->table[i].cos);
		free(net->table[i].sin);
	}
	void *blocks[] = {net->carry, net->act, net->shared, net->own, net->head_x, net->logits, net->first, net->row_seq, net->pos,
		net->row_pos, net->token, net->slot, net->want};
	for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
		free(blocks[i]);
	if (net->team)
		seqp_team_free(net->team);
	seqp_plan_free(net->plan);
	seqp_arena_free(&net->arena);
	free(net);
}

const seq_model *seq_net_model(const seq_net *net)
{
	return net->model;
}

int seq_state_new(seq_state **out, seq_net *net, seq_error *err)
{
	return seqp_state_new(out, net->plan, err);
}
