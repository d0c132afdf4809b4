/* SPDX-License-Identifier: MIT */
/* Spans to chunks: everything that can fail is checked and taken before the
 * first chunk is run. */
#include <string.h>

#include "base/fail.h"
#include "net/net_room.h"

struct run {
	seq_net *net;
	const seq_span *span;
	size_t nspan;
	enum seq_logits want;
	seq_logits_sink sink;
	void *arg;
	size_t at, done; /* next span, tokens of it already run */
};

static int check_span(const seq_net *net, const seq_span *s, size_t i, seq_error *err)
{
	if (!s->state || s->state->plan != net->plan)
		return seqp_fail(err, SEQ_E_ARG, "span %zu: the state belongs to another net", i);
	if (s->state->busy)
		return seqp_fail(err, SEQ_E_ARG, "span %zu: a state appears twice", i);
	if (s->n > (size_t)INT64_MAX / 4 || (net->limit && (int64_t)s->n > net->limit - s->state->len))
		return seqp_fail(err, SEQ_E_ARG, "span %zu: %lld tokens and %zu more exceed the context of %lld", i,
		                 (long long)s->state->len, s->n, (long long)net->limit);
	for (size_t k = 0; k < s->n; k++)
		if (s->token[k] < 0 || (size_t)s->token[k] >= net->vocab)
			return seqp_fail(err, SEQ_E_ARG, "span %zu: token %d at place %zu is outside the vocabulary of %zu", i,
			                 (int)s->token[k], k, net->vocab);
	return 0;
}

static int check_all(struct run *r, seq_error *err)
{
	int rc = 0;
	size_t i = 0;
	for (; rc == 0 && i < r->nspan; i++) {
		rc = check_span(r->net, &r->span[i], i, err);
		if (rc == 0)
			r->span[i].state->busy = 1;
	}
	for (size_t k = 0; k < i; k++)
		if (r->span[k].state && (rc == 0 || k + 1 < i))
			r->span[k].state->busy = 0;
	return rc;
}

static int prepare_all(struct run *r, seq_error *err)
{
	int rc = 0;
	size_t i = 0;
	for (; rc == 0 && i < r->nspan; i++)
		rc = seqp_state_prepare(r->span[i].state, (int64_t)r->span[i].n, (int64_t)r->net->rows, r->want != SEQ_LOGITS_NONE, err);
	for (size_t k = 0; rc < 0 && k < i; k++)
		seqp_state_settle(r->span[k].state);
	return rc;
}

static void add_want(struct run *r, size_t row, size_t index)
{
	int last = index + 1 == r->span[r->at].n;
	if (r->want == SEQ_LOGITS_ALL || (r->want == SEQ_LOGITS_LAST && last))
		r->net->want[r->net->nwant++] = (seqp_want){row, r->at, index, last};
}

/* Puts up to n more tokens of the span at hand into the batch. */
static void add_piece(struct run *r, size_t n)
{
	seq_net *net = r->net;
	seqp_batch *b = &net->batch;
	seq_state *s = r->span[r->at].state;
	size_t i = b->nseq++;
	net->pos[i] = s->len;
	for (size_t l = 0; l < net->layers; l++)
		net->slot[l * net->rows + i] = &s->slot[l];
	for (size_t k = 0; k < n; k++) {
		net->row_pos[b->rows] = s->len + (int64_t)k;
		net->row_seq[b->rows] = i;
		net->token[b->rows] = r->span[r->at].token[r->done + k];
		add_want(r, b->rows++, r->done + k);
	}
	net->first[i + 1] = b->rows;
	seqp_state_extend(s, (int64_t)n);
}

static void fill(struct run *r)
{
	seq_net *net = r->net;
	net->batch = (seqp_batch){.first = net->first, .pos = net->pos, .row_pos = net->row_pos, .row_seq = net->row_seq,
		.token = net->token};
	net->first[0] = net->nwant = 0;
	while (r->at < r->nspan) {
		size_t left = r->span[r->at].n - r->done, room = net->rows - net->batch.rows;
		size_t n = left < room ? left : room;
		if (left && !n)
			return;
		if (n)
			add_piece(r, n);
		r->done += n;
		if (r->done < r->span[r->at].n)
			return;
		r->at++;
		r->done = 0;
	}
}

static void advance(struct run *r, size_t first_span, size_t first_done)
{
	size_t span = first_span, done = first_done;
	for (size_t i = 0; i < r->net->batch.nseq; i++, span++, done = 0) {
		while (r->span[span].n == done)
			span++, done = 0;
		seq_state *s = r->span[span].state;
		seqp_state_advance(s, (int64_t)(r->net->first[i + 1] - r->net->first[i]));
		s->has_logits = 0;
	}
}

static int emit(struct run *r, seq_error *err)
{
	seq_net *net = r->net;
	for (size_t w = 0; w < net->nwant; w += net->tile) {
		size_t n = net->nwant - w < net->tile ? net->nwant - w : net->tile;
		seqp_net_head(net, w, n);
		for (size_t k = 0; k < n; k++) {
			const seqp_want *want = &net->want[w + k];
			const float *row = net->logits + k * net->vocab;
			seq_state *s = r->span[want->span].state;
			if (want->last) {
				memcpy(s->logits, row, net->vocab * sizeof *row);
				s->has_logits = 1;
			}
			int rc = r->sink ? r->sink(r->arg, want->span, want->index, row, err) : 0;
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static int run(struct run *r, seq_error *err)
{
	int rc = check_all(r, err);
	if (rc < 0 || (rc = prepare_all(r, err)) < 0)
		return rc;
	while (rc >= 0 && r->at < r->nspan) {
		size_t span = r->at, done = r->done;
		fill(r);
		if (!r->net->batch.rows)
			break;
		seqp_net_stack(r->net);
		advance(r, span, done);
		rc = emit(r, err);
	}
	for (size_t i = 0; i < r->nspan; i++)
		seqp_state_settle(r->span[i].state);
	return rc < 0 ? rc : 0;
}

int seq_net_run_each(seq_net *net, const seq_span *span, size_t nspan, seq_logits_sink sink, void *arg, seq_error *err)
{
	struct run r = {.net = net, .span = span, .nspan = nspan, .want = SEQ_LOGITS_ALL, .sink = sink, .arg = arg};
	return run(&r, err);
}

struct copy {
	float *out;
	size_t vocab, row;
	int last;
};

static int copy_row(void *arg, size_t span, size_t index, const float *logits, seq_error *err)
{
	struct copy *c = arg;
	(void)index;
	(void)err;
	memcpy(c->out + (c->last ? span : c->row++) * c->vocab, logits, c->vocab * sizeof *logits);
	return 0;
}

/* A span of no tokens has the last logits its state holds. */
static int copy_held(const seq_net *net, const seq_span *span, size_t nspan, float *out, seq_error *err)
{
	for (size_t i = 0; i < nspan; i++) {
		if (span[i].n || !span[i].state || span[i].state->plan != net->plan)
			continue;
		const float *held = seq_state_logits(span[i].state);
		if (!held)
			return seqp_fail(err, SEQ_E_ARG, "span %zu: no tokens, and its state holds no logits", i);
		if (out)
			memcpy(out + i * net->vocab, held, net->vocab * sizeof *held);
	}
	return 0;
}

int seq_net_run(seq_net *net, const seq_span *span, size_t nspan, enum seq_logits want, float *out, seq_error *err)
{
	struct copy c = {.out = out, .vocab = net->vocab, .last = want == SEQ_LOGITS_LAST};
	struct run r = {.net = net, .span = span, .nspan = nspan, .want = want, .sink = out ? copy_row : NULL, .arg = &c};
	int rc = want == SEQ_LOGITS_LAST ? copy_held(net, span, nspan, out, err) : 0;
	return rc < 0 ? rc : run(&r, err);
}
