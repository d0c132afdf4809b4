/* SPDX-License-Identifier: MIT */
/* The sequences of a stream: histories, states, tokens to be run. */
#include <stdlib.h>
#include <string.h>

#include "porch.h"

enum { PIECE = 1024 }; /* tokens of a sequence between two looks at the clock */

/* --- finding one by its id ------------------------------------------------------- */

static size_t place(const tool_seqs *s, uint32_t id)
{
	size_t i = (size_t)(id * UINT32_C(2654435761)) & (s->slots - 1);
	while (s->slot[i] && s->at[s->slot[i] - 1]->id != id)
		i = (i + 1) & (s->slots - 1);
	return i;
}

static void rehash(tool_seqs *s)
{
	s->slots = s->slots ? 2 * s->slots : 64;
	free(s->slot);
	s->slot = tool_alloc(s->slots, sizeof *s->slot);
	for (size_t i = 0; i < s->n; i++)
		s->slot[place(s, s->at[i]->id)] = (uint32_t)(i + 1);
}

static tool_seq *find(tool_seqs *s, uint32_t id)
{
	if (2 * (s->n + 1) > s->slots)
		rehash(s);
	size_t i = place(s, id);
	if (s->slot[i])
		return s->at[s->slot[i] - 1];
	s->at = tool_grow(s->at, &s->cap, s->n + 1, sizeof *s->at);
	tool_seq *q = tool_alloc(1, sizeof *q);
	q->id = id;
	s->at[s->n++] = q;
	s->slot[i] = (uint32_t)s->n;
	return q;
}

void tool_seqs_free(tool_seqs *s)
{
	for (size_t i = 0; i < s->n; i++) {
		seq_state_free(s->at[i]->state);
		free(s->at[i]->token);
		free(s->at[i]);
	}
	free(s->at);
	free(s->slot);
	*s = (tool_seqs){0};
}

/* --- filling them ------------------------------------------------------------------- */

void tool_seq_push(tool_seq *q, const int32_t *id, size_t n)
{
	if (!n)
		return;
	q->token = tool_grow(q->token, &q->cap, q->n + n, sizeof *q->token);
	memcpy(q->token + q->n, id, n * sizeof *id);
	q->n += n;
}

void tool_seq_state(tool_seq *q, seq_net *net)
{
	seq_error err;
	if (!q->state && seq_state_new(&q->state, net, &err) < 0)
		tool_fail(&err);
}

static void take_tokens(tool_seq *q, const seq_frame *f, int64_t vocab)
{
	size_t n = f->bytes / 4;
	if (f->dtype != SEQ_I32)
		tool_die("sequence %u: a tokens frame that does not hold 32-bit ids", q->id);
	const int32_t *id = f->payload;
	for (size_t i = 0; i < n; i++)
		if (id[i] < 0 || id[i] >= vocab)
			tool_die("sequence %u, token %zu: id %d is not in the vocabulary of %lld", q->id, q->n + i,
			         (int)id[i], (long long)vocab);
	size_t new = q->n - q->history;
	tool_seq_push(q, id, n);
	if (f->role != SEQ_TOKENS_PAST)
		return;
	/* what is past stands before what is new, wherever it comes in the stream */
	if (new) {
		memmove(q->token + q->history + n, q->token + q->history, new * sizeof *id);
		memcpy(q->token + q->history, id, n * sizeof *id);
	}
	q->history += n;
}

static void take_state(tool_seq *q, const seq_frame *f, seq_net *net)
{
	seq_error err;
	if (q->committed)
		tool_die("sequence %u has two states", q->id);
	if (q->n > q->history)
		tool_die("sequence %u: new tokens come before its state", q->id);
	tool_seq_state(q, net);
	int r = seq_state_load(q->state, f, &err);
	if (r < 0)
		tool_die("sequence %u: %s", q->id, err.text);
	if (r == 0)
		return;
	q->committed = 1;
}

static void check_complete(const tool_seqs *s)
{
	for (size_t i = 0; i < s->n && !tool_is_broken(); i++) {
		if (s->at[i]->state && !s->at[i]->committed)
			tool_broken("sequence %u: its state ends without a commit", s->at[i]->id);
		if (!s->at[i]->state) /* a past without a state has to be run again */
			s->at[i]->history = 0;
	}
}

static seq_net *open_net(const seq_model *m, const seq_net_opts *o, const seq_frame *f)
{
	seq_error err;
	seq_net *net;
	seq_net_opts own = *o;
	int kv = f ? seq_state_kv(f) : -1;
	own.threads = tool.threads;
	if (!own.kv_set && kv >= 0) {
		own.kv_dtype = kv;
		own.kv_set = 1;
	}
	if (seq_net_open(&net, m, &own, &err) < 0)
		tool_fail(&err);
	return net;
}

seq_net *tool_gather(tool_seqs *s, const seq_model *m, const seq_net_opts *o, seq_writer *w)
{
	seq_net *net = NULL;
	seq_frame f;
	*s = (tool_seqs){0};
	while (tool_frame(&f)) {
		if (!tool_in_list("--seq", tool.seqs, f.seq))
			continue;
		if (f.kind == SEQ_TOKENS) {
			take_tokens(find(s, f.seq), &f, seq_model_vocab(m));
		} else if (f.kind == SEQ_STATE || f.kind == SEQ_COMMIT) {
			if (!net)
				net = open_net(m, o, &f);
			take_state(find(s, f.seq), &f, net);
		} else if (w) {
			tool_put(w, &f);
		}
	}
	check_complete(s);
	tool_check_origin(tool_origin(), m);
	return net ? net : open_net(m, o, NULL);
}

/* --- running and writing them ---------------------------------------------------------- */

static size_t to_run(tool_seq **q, size_t n)
{
	size_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += q[i]->n - q[i]->history;
	return sum;
}

void tool_run(tool_seq **q, size_t n, seq_net *net, enum seq_logits want)
{
	seq_error err;
	seq_span *span = tool_alloc(n, sizeof *span);
	size_t all = to_run(q, n), left;
	while ((left = to_run(q, n))) {
		size_t k = 0;
		for (size_t i = 0; i < n; i++) {
			size_t new = q[i]->n - q[i]->history;
			if (!new)
				continue;
			tool_seq_state(q[i], net);
			span[k++] = (seq_span){q[i]->state, q[i]->token + q[i]->history, new < PIECE ? new : PIECE};
			q[i]->history += span[k - 1].n;
		}
		if (seq_net_run(net, span, k, want, NULL, &err) < 0)
			tool_fail(&err);
		if (all > PIECE)
			tool_progress(all - to_run(q, n), all);
	}
	free(span);
}

static void put_tokens(seq_writer *w, const tool_seq *q, uint16_t role, const int32_t *id, size_t n)
{
	enum { MOST = 1 << 24 }; /* ids in a frame */
	do {
		size_t k = n < MOST ? n : MOST;
		seq_frame f = {.kind = SEQ_TOKENS, .dtype = SEQ_I32, .rank = 1, .dim = {(uint32_t)k}, .seq = q->id,
		               .role = role, .payload = id, .bytes = 4 * k};
		tool_put(w, &f);
		id += k;
		n -= k;
	} while (n);
}

void tool_put_tokens(seq_writer *w, const tool_seq *q, const int32_t *id, size_t n)
{
	put_tokens(w, q, SEQ_TOKENS_NEW, id, n);
}

void tool_put_state(seq_writer *w, const tool_seq *q)
{
	seq_error err;
	put_tokens(w, q, SEQ_TOKENS_PAST, q->token, q->n);
	if (seq_state_save(q->state, w, q->id, &err) < 0)
		tool_fail(&err);
}
