/* SPDX-License-Identifier: MIT */
/* Points to come back to, and copies. */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "state/state.h"

static float *dup_floats(const float *src, size_t n)
{
	float *p = seqp_alloc(n, sizeof *p);
	if (p)
		memcpy(p, src, n * sizeof *p);
	return p;
}

int seq_state_mark(seq_mark **out, seq_state *s, seq_error *err)
{
	*out = NULL;
	seq_mark *m = seqp_alloc(1, sizeof *m);
	if (!m)
		return seqp_nomem(err, sizeof *m);
	m->len = s->len;
	m->fixed = dup_floats(s->fixed, s->fixed_count);
	m->logits = s->has_logits ? dup_floats(s->logits, s->plan->vocab) : NULL;
	if (!m->fixed || (s->has_logits && !m->logits)) {
		free(m->fixed);
		free(m->logits);
		free(m);
		return seqp_nomem(err, (s->fixed_count + s->plan->vocab) * 4);
	}
	m->next = s->marks;
	s->marks = m;
	*out = m;
	return 0;
}

int seq_state_rollback(seq_state *s, const seq_mark *m, seq_error *err)
{
	const seq_mark *k = s->marks;
	while (k && k != m)
		k = k->next;
	if (!k)
		return seqp_fail(err, SEQ_E_ARG, "the mark belongs to another state");
	if (m->lost)
		return seqp_fail(err, SEQ_E_ARG, "the mark at token %lld is gone: the state was rolled back behind it or loaded anew",
		                 (long long)m->len);
	for (size_t l = 0; l < s->plan->layers; l++)
		seqp_kv_cut(&s->slot[l], m->len, s->len);
	for (seq_mark *o = s->marks; o; o = o->next)
		o->lost |= o->len > m->len;
	memcpy(s->fixed, m->fixed, s->fixed_count * sizeof *s->fixed);
	if (m->logits)
		memcpy(s->logits, m->logits, s->plan->vocab * sizeof *s->logits);
	s->has_logits = m->logits != NULL;
	s->len = m->len;
	seqp_state_settle(s);
	return 0;
}

void seq_mark_free(seq_state *s, seq_mark *m)
{
	if (!m)
		return;
	for (seq_mark **k = &s->marks; *k; k = &(*k)->next)
		if (*k == m) {
			*k = m->next;
			break;
		}
	free(m->fixed);
	free(m->logits);
	free(m);
	for (size_t l = 0; l < s->plan->layers; l++)
		if (s->slot[l].spec->window)
			seqp_kv_release(&s->slot[l], seqp_state_floor(s, s->slot[l].spec, s->len));
	seqp_state_settle(s);
}

static int copy_kv(seqp_slot *to, const seqp_slot *from, int64_t len, seq_error *err)
{
	const seqp_kv *kv = &from->kv;
	to->kv.first = kv->first;
	int rc = seqp_kv_prepare(to, kv->first * 64, (int64_t)kv->n * 64, (int64_t)kv->n * 64, 1, err);
	if (rc < 0)
		return rc;
	seqp_kv_extend(to, len);
	for (size_t i = 0; i < kv->n; i++)
		memcpy(to->kv.block[i], kv->block[i], seqp_kv_block_bytes(from->spec));
	return 0;
}

int seq_state_copy(seq_state **out, const seq_state *s, seq_error *err)
{
	seq_state *c;
	int rc = seqp_state_new(&c, s->plan, err);
	*out = NULL;
	if (rc < 0)
		return rc;
	for (size_t l = 0; rc == 0 && l < s->plan->layers; l++)
		rc = copy_kv(&c->slot[l], &s->slot[l], s->len, err);
	if (rc == 0 && s->has_logits && !(c->logits = dup_floats(s->logits, s->plan->vocab)))
		rc = seqp_nomem(err, s->plan->vocab * 4);
	if (rc < 0) {
		seq_state_free(c);
		return rc;
	}
	memcpy(c->fixed, s->fixed, s->fixed_count * sizeof *s->fixed);
	c->has_logits = s->has_logits;
	c->len = s->len;
	for (size_t l = 0; l < s->plan->layers; l++) /* what only marks of s needed */
		if (c->slot[l].spec->window)
			seqp_kv_release(&c->slot[l], seqp_kv_floor(c->slot[l].spec, c->len));
	seqp_state_settle(c);
	*out = c;
	return 0;
}
