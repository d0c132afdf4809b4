/* SPDX-License-Identifier: MIT */
#include "state/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/size.h"

size_t seqp_spec_fixed(seqp_state_spec *s, const char *name, size_t d0, size_t d1, size_t d2, float start)
{
	if (s->nfixed < SEQP_SLOT_FIXED)
		s->fixed[s->nfixed] = (seqp_fixed_spec){name, {d0, d1, d2}, start};
	return s->nfixed++;
}

size_t seqp_fixed_count(const seqp_fixed_spec *f)
{
	return f->dim[0] * f->dim[1] * f->dim[2];
}

seqp_plan *seqp_plan_new(size_t layers)
{
	seqp_plan *p = seqp_alloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->layers = layers;
	p->users = 1;
	p->spec = seqp_alloc(layers, sizeof *p->spec);
	if (!p->spec) {
		free(p);
		return NULL;
	}
	return p;
}

seqp_plan *seqp_plan_share(seqp_plan *p)
{
	__atomic_add_fetch(&p->users, 1, __ATOMIC_RELAXED);
	return p;
}

void seqp_plan_free(seqp_plan *p)
{
	if (!p || __atomic_sub_fetch(&p->users, 1, __ATOMIC_ACQ_REL))
		return;
	free(p->spec);
	free(p);
}

static bool place_fixed(seq_state *s)
{
	size_t n = 0;
	for (size_t l = 0; l < s->plan->layers; l++) {
		const seqp_state_spec *spec = &s->plan->spec[l];
		for (size_t i = 0; i < spec->nfixed; i++)
			n += seqp_round_up(seqp_fixed_count(&spec->fixed[i]), 16);
	}
	s->fixed_count = n;
	s->fixed = seqp_alloc(n, sizeof *s->fixed);
	if (!s->fixed)
		return false;
	float *at = s->fixed;
	for (size_t l = 0; l < s->plan->layers; l++) {
		s->slot[l].spec = &s->plan->spec[l];
		for (size_t i = 0; i < s->plan->spec[l].nfixed; i++) {
			s->slot[l].fixed[i] = at;
			at += seqp_round_up(seqp_fixed_count(&s->plan->spec[l].fixed[i]), 16);
		}
	}
	return true;
}

void seqp_state_start(seq_state *s)
{
	for (size_t l = 0; l < s->plan->layers; l++)
		for (size_t i = 0; i < s->plan->spec[l].nfixed; i++) {
			size_t n = seqp_fixed_count(&s->plan->spec[l].fixed[i]);
			for (size_t k = 0; k < n; k++)
				s->slot[l].fixed[i][k] = s->plan->spec[l].fixed[i].start;
		}
}

int seqp_state_new(seq_state **out, seqp_plan *plan, seq_error *err)
{
	*out = NULL;
	seq_state *s = seqp_alloc(1, sizeof *s);
	if (!s)
		return seqp_nomem(err, sizeof *s);
	s->plan = seqp_plan_share(plan);
	s->slot = seqp_alloc(plan->layers, sizeof *s->slot);
	if (!s->slot || !place_fixed(s)) {
		int rc = seqp_nomem(err, s->slot ? s->fixed_count * 4 : plan->layers * sizeof *s->slot);
		seq_state_free(s);
		return rc;
	}
	seqp_state_start(s);
	*out = s;
	return 0;
}

void seq_state_free(seq_state *s)
{
	if (!s)
		return;
	while (s->marks)
		seq_mark_free(s, s->marks);
	for (size_t l = 0; s->slot && s->fixed && l < s->plan->layers; l++)
		seqp_kv_free(&s->slot[l]);
	seqp_loading_free(s);
	seqp_plan_free(s->plan);
	free(s->slot);
	free(s->fixed);
	free(s->logits);
	free(s);
}

void seqp_state_clear(seq_state *s)
{
	for (size_t l = 0; l < s->plan->layers; l++)
		seqp_kv_free(&s->slot[l]);
	for (seq_mark *m = s->marks; m; m = m->next)
		m->lost = 1;
	seqp_state_start(s);
	s->len = 0;
	s->has_logits = 0;
}

int64_t seq_state_len(const seq_state *s)
{
	return s->len;
}

const float *seq_state_logits(const seq_state *s)
{
	return s->has_logits ? s->logits : NULL;
}

size_t seq_state_bytes(const seq_state *s)
{
	size_t n = sizeof *s + s->fixed_count * 4 + (s->logits ? s->plan->vocab * 4 : 0);
	for (size_t l = 0; l < s->plan->layers; l++) {
		const seqp_kv *kv = &s->slot[l].kv;
		n += sizeof s->slot[l] + kv->cap * sizeof *kv->block;
		n += (kv->n + kv->spare) * seqp_kv_block_bytes(s->slot[l].spec);
	}
	return n;
}

int64_t seqp_state_floor(const seq_state *s, const seqp_state_spec *spec, int64_t len)
{
	for (const seq_mark *m = s->marks; m; m = m->next)
		if (!m->lost && m->len < len)
			len = m->len;
	return seqp_kv_floor(spec, len);
}

int seqp_state_prepare(seq_state *s, int64_t n, int64_t chunk, int logits, seq_error *err)
{
	if (logits && !s->logits && !(s->logits = seqp_alloc(s->plan->vocab, sizeof *s->logits)))
		return seqp_nomem(err, s->plan->vocab * 4);
	int pinned = 0;
	for (const seq_mark *m = s->marks; m; m = m->next)
		pinned |= !m->lost;
	for (size_t l = 0; l < s->plan->layers; l++) {
		int rc = seqp_kv_prepare(&s->slot[l], s->len, n, chunk, pinned, err);
		if (rc < 0) {
			seqp_state_settle(s);
			return rc;
		}
	}
	return 0;
}

void seqp_state_extend(seq_state *s, int64_t n)
{
	for (size_t l = 0; l < s->plan->layers; l++)
		seqp_kv_extend(&s->slot[l], s->len + n);
}

void seqp_state_advance(seq_state *s, int64_t n)
{
	s->len += n;
	for (size_t l = 0; l < s->plan->layers; l++)
		if (s->slot[l].spec->window)
			seqp_kv_release(&s->slot[l], seqp_state_floor(s, s->slot[l].spec, s->len));
}

void seqp_state_settle(seq_state *s)
{
	for (size_t l = 0; l < s->plan->layers; l++)
		seqp_kv_trim(&s->slot[l], s->slot[l].spec->window ? 1 : 0);
}
