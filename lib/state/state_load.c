/* SPDX-License-Identifier: MIT */
/* A state from frames.  They fill a state of their own; only a commit that
 * agrees puts it in the place of the old one. */
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/fail.h"
#include "kernel/attn.h"
#include "state/state_frames.h"

struct seqp_loading {
	seq_state *t;
	seqp_digest *digest;
	size_t frames;
	struct got {
		unsigned fixed;      /* bit a fixed array */
		size_t keys, values; /* blocks */
	} *got;                      /* [layers] */
};

void seqp_loading_free(seq_state *s)
{
	struct seqp_loading *d = s->loading;
	s->loading = NULL;
	if (!d)
		return;
	seq_state_free(d->t);
	if (d->digest)
		seqp_digest_free(d->digest);
	free(d->got);
	free(d);
}

static int begin(seq_state *s, seq_error *err)
{
	struct seqp_loading *d = seqp_alloc(1, sizeof *d);
	if (!d)
		return seqp_nomem(err, sizeof *d);
	s->loading = d;
	d->digest = seqp_digest_new();
	d->got = seqp_alloc(s->plan->layers, sizeof *d->got);
	if (!d->digest || !d->got)
		return seqp_nomem(err, s->plan->layers * sizeof *d->got);
	return seqp_state_new(&d->t, s->plan, err);
}

static const char *dtype_name(int t)
{
	const seq_dtype_row *r = seq_dtype_get(t);
	return r ? r->name : "an unknown type";
}

/* Is f shaped as want says? */
static int check(const seq_frame *f, const seq_frame *want, const char *what, seq_error *err)
{
	int same = f->dtype == want->dtype && f->rank == want->rank && f->bytes == want->bytes &&
	           (!f->name[0] || !strcmp(f->name, want->name));
	for (int i = 0; same && i < want->rank; i++)
		same = f->dim[i] == want->dim[i];
	if (same)
		return 0;
	return seqp_fail(err, SEQ_E_MISMATCH, "state, layer %u: %s have another name, type or shape than this model's (%s, %zu bytes; "
	                 "here %s, %zu bytes)", f->layer, what, dtype_name(f->dtype), f->bytes, dtype_name(want->dtype), want->bytes);
}

static int load_logits(struct seqp_loading *d, const seq_frame *f, seq_error *err)
{
	size_t vocab = d->t->plan->vocab;
	seq_frame want = {.dtype = SEQ_F32, .rank = 1, .dim = {(uint32_t)vocab}, .name = "logits", .bytes = vocab * 4};
	int rc = check(f, &want, "last logits", err);
	if (rc < 0)
		return rc;
	if (f->layer != d->t->plan->layers || d->t->has_logits)
		return seqp_fail(err, SEQ_E_FORMAT, "state: last logits in the wrong place");
	d->t->logits = seqp_alloc(vocab, 4);
	if (!d->t->logits)
		return seqp_nomem(err, vocab * 4);
	memcpy(d->t->logits, f->payload, f->bytes);
	d->t->has_logits = 1;
	return 0;
}

static int load_fixed(struct seqp_loading *d, const seq_frame *f, seq_error *err)
{
	seqp_slot *s = &d->t->slot[f->layer];
	size_t i = (size_t)f->role - SEQP_ROLE_FIXED;
	seq_frame want;
	seqp_fixed_frame(&want, &s->spec->fixed[i], f->layer, i);
	int rc = check(f, &want, s->spec->fixed[i].name, err);
	if (rc < 0)
		return rc;
	if (d->got[f->layer].fixed & 1u << i)
		return seqp_fail(err, SEQ_E_FORMAT, "state, layer %u: %s comes twice", f->layer, s->spec->fixed[i].name);
	memcpy(s->fixed[i], f->payload, f->bytes);
	d->got[f->layer].fixed |= 1u << i;
	return 0;
}

static int load_kv(struct seqp_loading *d, const seq_frame *f, int values, seq_error *err)
{
	seqp_slot *s = &d->t->slot[f->layer];
	struct got *got = &d->got[f->layer];
	size_t part = s->spec->heads * (values ? s->spec->value_bytes : s->spec->key_bytes), n = f->dim[0];
	seq_frame want;
	if (!f->rank || n > f->bytes / part)
		n = 0;
	seqp_kv_frame(&want, s->spec, f->layer, values, n);
	if (f->dtype != want.dtype)
		return seqp_fail(err, SEQ_E_MISMATCH, "state, layer %u: keys and values are kept as %s, this run keeps %s: "
		                 "states are not converted, choose the same type with --kv", f->layer,
		                 dtype_name(f->dtype == SEQ_U8 ? SEQ_Q8_0 : f->dtype), dtype_name(s->spec->dtype));
	int rc = check(f, &want, values ? "values" : "keys", err);
	if (rc < 0)
		return rc;
	size_t *at = values ? &got->values : &got->keys;
	if (!n || (values && *at + n > got->keys))
		return seqp_fail(err, SEQ_E_FORMAT, "state, layer %u: values without their keys", f->layer);
	if (!values) {
		rc = seqp_kv_prepare(s, (int64_t)*at * SEQK_ATTN_BLOCK, (int64_t)n * SEQK_ATTN_BLOCK, 0, 1, err);
		if (rc < 0)
			return rc;
		seqp_kv_extend(s, (int64_t)(*at + n) * SEQK_ATTN_BLOCK);
	}
	for (size_t i = 0; i < n; i++)
		memcpy(values ? seqp_kv_values(s, (int64_t)(*at + i), 0) : seqp_kv_keys(s, (int64_t)(*at + i), 0),
		       (const char *)f->payload + i * part, part);
	*at += n;
	return 0;
}

static int load_array(struct seqp_loading *d, const seq_frame *f, seq_error *err)
{
	seqp_plan *plan = d->t->plan;
	d->frames++;
	seqp_digest_frame(d->digest, f);
	if (f->role == SEQP_ROLE_LOGITS)
		return load_logits(d, f, err);
	if (f->layer >= plan->layers)
		return seqp_fail(err, SEQ_E_MISMATCH, "state of layer %u, but the model has %zu layers", f->layer, plan->layers);
	const seqp_state_spec *spec = &plan->spec[f->layer];
	if (f->role >= SEQP_ROLE_FIXED && (size_t)(f->role - SEQP_ROLE_FIXED) < spec->nfixed)
		return load_fixed(d, f, err);
	if (spec->heads && (f->role == SEQP_ROLE_KEYS || f->role == SEQP_ROLE_VALUES))
		return load_kv(d, f, f->role == SEQP_ROLE_VALUES, err);
	return seqp_fail(err, SEQ_E_MISMATCH, "state, layer %u: array %u, which this model's layer does not have", f->layer, f->role);
}

static int check_arrays(struct seqp_loading *d, int64_t len, seq_error *err)
{
	for (size_t l = 0; l < d->t->plan->layers; l++) {
		seqp_slot *s = &d->t->slot[l];
		int64_t floor = seqp_kv_floor(s->spec, len), n = len / SEQK_ATTN_BLOCK + (len % SEQK_ATTN_BLOCK != 0) - floor;
		if (d->got[l].fixed != (1u << s->spec->nfixed) - 1)
			return seqp_fail(err, SEQ_E_FORMAT, "state, layer %zu: an array is missing", l);
		if (s->spec->heads && ((int64_t)d->got[l].keys != n || d->got[l].values != d->got[l].keys))
			return seqp_fail(err, SEQ_E_FORMAT, "state, layer %zu: %zu blocks of keys, %zu of values, expected %lld", l,
			                 d->got[l].keys, d->got[l].values, (long long)n);
	}
	return 0;
}

static int check_commit(struct seqp_loading *d, const seq_frame *f, int64_t *len, seq_error *err)
{
	const uint8_t *c = f->payload;
	const seqp_plan *p = d->t->plan;
	uint8_t digest[16];
	if (f->bytes != SEQP_COMMIT_BYTES)
		return seqp_fail(err, SEQ_E_FORMAT, "state commit of %zu bytes, expected %d", f->bytes, SEQP_COMMIT_BYTES);
	if (seqp_get32(c) != SEQP_COMMIT_VERSION)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "state commit of version %u, this reads %d", seqp_get32(c), SEQP_COMMIT_VERSION);
	if (seqp_get32(c + 28) & ~(uint32_t)SEQP_COMMIT_LOGITS || seqp_get64(c + 40))
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "state commit with bits set that this does not know");
	uint64_t tokens = seqp_get64(c + 8);
	if (seqp_get32(c + 4) != p->layers || seqp_get32(c + 36) != p->vocab)
		return seqp_fail(err, SEQ_E_MISMATCH, "state of a model with %u layers and %u tokens, this has %zu and %zu",
		                 seqp_get32(c + 4), seqp_get32(c + 36), p->layers, p->vocab);
	if ((int)seqp_get32(c + 24) != p->kv_dtype)
		return seqp_fail(err, SEQ_E_MISMATCH, "state made with a cache of %s, this run keeps %s: choose the same type with --kv",
		                 dtype_name((int)seqp_get32(c + 24)), dtype_name(p->kv_dtype));
	if (seqp_get64(c + 16) != (uint64_t)p->frozen)
		return seqp_fail(err, SEQ_E_MISMATCH, "state whose rope was scaled for another context (%llu, here %lld): choose the "
		                 "same --context", (unsigned long long)seqp_get64(c + 16), (long long)p->frozen);
	if (tokens > (uint64_t)INT64_MAX / 4 || seqp_get32(c + 32) != d->frames ||
	    !(seqp_get32(c + 28) & SEQP_COMMIT_LOGITS) != !d->t->has_logits)
		return seqp_fail(err, SEQ_E_FORMAT, "state commit does not fit the %zu arrays before it", d->frames);
	seqp_digest_get(d->digest, digest);
	if (memcmp(digest, c + 48, sizeof digest))
		return seqp_fail(err, SEQ_E_FORMAT, "state digest differs: the arrays are not those that were saved");
	*len = (int64_t)tokens;
	return check_arrays(d, *len, err);
}

static int commit(seq_state *s, const seq_frame *f, seq_error *err)
{
	int64_t len = 0;
	struct seqp_loading *d = s->loading;
	int rc = check_commit(d, f, &len, err);
	if (rc < 0)
		return rc;
	seq_state *t = d->t;
	for (size_t l = 0; l < s->plan->layers; l++)
		t->slot[l].kv.first = seqp_kv_floor(t->slot[l].spec, len);
	t->len = len;
	for (seq_mark *m = s->marks; m; m = m->next)
		m->lost = 1;
	seq_state old = *s;
	*s = *t;
	*t = old;
	s->marks = old.marks;
	s->loading = d;
	t->marks = NULL;
	t->loading = NULL;
	seqp_loading_free(s);
	return 1;
}

int seq_state_load(seq_state *s, const seq_frame *f, seq_error *err)
{
	int rc = 0;
	if (f->kind != SEQ_STATE && f->kind != SEQ_COMMIT)
		return seqp_fail(err, SEQ_E_ARG, "a frame of kind %u is no part of a state", f->kind);
	if (!s->loading)
		rc = begin(s, err);
	if (rc == 0)
		rc = f->kind == SEQ_STATE ? load_array(s->loading, f, err) : commit(s, f, err);
	if (rc < 0)
		seqp_loading_free(s);
	return rc;
}

int seq_state_kv(const seq_frame *f)
{
	if (f->kind != SEQ_STATE || (f->role != SEQP_ROLE_KEYS && f->role != SEQP_ROLE_VALUES))
		return -1;
	return f->dtype == SEQ_U8 ? SEQ_Q8_0 : f->dtype;
}
