/* SPDX-License-Identifier: MIT */
/* A state as frames; the layout is in seq-stream(5).  Payloads are the bytes the engine
 * computes with: written as they lie, keys and values gathered block by block. */
#include "state/state_frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/fail.h"
#include "kernel/attn.h"

void seqp_digest_frame(seqp_digest *d, const seq_frame *f)
{
	uint8_t h[32] = {0};
	seqp_put16(h, f->role);
	seqp_put32(h + 4, f->layer);
	for (int i = 0; i < f->rank; i++)
		seqp_put32(h + 8 + 4 * i, f->dim[i]);
	h[2] = f->dtype;
	h[3] = f->rank;
	seqp_digest_add(d, h, sizeof h);
	seqp_digest_add(d, f->payload, f->bytes);
}

void seqp_fixed_frame(seq_frame *f, const seqp_fixed_spec *spec, size_t layer, size_t index)
{
	*f = (seq_frame){.kind = SEQ_STATE, .role = (uint16_t)(SEQP_ROLE_FIXED + index), .dtype = SEQ_F32, .rank = 3,
		.layer = (uint32_t)layer, .bytes = seqp_fixed_count(spec) * 4};
	snprintf(f->name, sizeof f->name, "%s", spec->name);
	while (f->rank > 1 && spec->dim[f->rank - 1] == 1)
		f->rank--;
	for (int i = 0; i < f->rank; i++)
		f->dim[i] = (uint32_t)spec->dim[i];
}

void seqp_kv_frame(seq_frame *f, const seqp_state_spec *spec, size_t layer, int values, size_t n)
{
	size_t each = values ? spec->value_bytes : spec->key_bytes;
	*f = (seq_frame){.kind = SEQ_STATE, .role = values ? SEQP_ROLE_VALUES : SEQP_ROLE_KEYS, .dtype = (uint8_t)spec->dtype,
		.rank = 4, .dim = {(uint32_t)n, (uint32_t)spec->heads, SEQK_ATTN_BLOCK, (uint32_t)(values ? spec->dv : spec->d)},
		.layer = (uint32_t)layer, .bytes = n * spec->heads * each};
	snprintf(f->name, sizeof f->name, "%s", values ? "values" : "keys");
	if (spec->dtype == SEQ_Q8_0) {
		f->dtype = SEQ_U8;
		f->rank = 3;
		f->dim[2] = (uint32_t)each;
		f->dim[3] = 0;
	}
}

struct saving {
	seq_writer *w;
	uint32_t seq;
	seqp_digest *digest;
	char *gather; /* PIECE bytes or one block */
	size_t frames;
};

enum { PIECE = 16 << 20 };

static int put(struct saving *v, seq_frame *f, const void *payload, seq_error *err)
{
	f->seq = v->seq;
	f->payload = payload;
	v->frames++;
	seqp_digest_frame(v->digest, f);
	return seq_writer_put(v->w, f, err);
}

static int save_kv(struct saving *v, const seqp_slot *s, size_t layer, int64_t len, int values, seq_error *err)
{
	const seqp_state_spec *spec = s->spec;
	size_t part = spec->heads * (values ? spec->value_bytes : spec->key_bytes), most = PIECE / part ? PIECE / part : 1;
	int64_t b = seqp_kv_floor(spec, len), end = s->kv.first + (int64_t)s->kv.n;
	while (b < end) {
		size_t n = (size_t)(end - b) < most ? (size_t)(end - b) : most;
		for (size_t i = 0; i < n; i++)
			memcpy(v->gather + i * part,
			       values ? seqp_kv_values(s, b + (int64_t)i, 0) : seqp_kv_keys(s, b + (int64_t)i, 0), part);
		seq_frame f;
		seqp_kv_frame(&f, spec, layer, values, n);
		int rc = put(v, &f, v->gather, err);
		if (rc < 0)
			return rc;
		b += (int64_t)n;
	}
	return 0;
}

static int save_layer(struct saving *v, const seq_state *s, size_t l, seq_error *err)
{
	const seqp_slot *slot = &s->slot[l];
	int rc = 0;
	for (size_t i = 0; rc >= 0 && i < slot->spec->nfixed; i++) {
		seq_frame f;
		seqp_fixed_frame(&f, &slot->spec->fixed[i], l, i);
		rc = put(v, &f, slot->fixed[i], err);
	}
	for (int values = 0; rc >= 0 && slot->spec->heads && values < 2; values++)
		rc = save_kv(v, slot, l, s->len, values, err);
	return rc;
}

static int save_end(struct saving *v, const seq_state *s, seq_error *err)
{
	if (s->has_logits) {
		seq_frame f = {.kind = SEQ_STATE, .role = SEQP_ROLE_LOGITS, .dtype = SEQ_F32, .rank = 1,
			.dim = {(uint32_t)s->plan->vocab}, .layer = (uint32_t)s->plan->layers, .name = "logits", .bytes = s->plan->vocab * 4};
		int rc = put(v, &f, s->logits, err);
		if (rc < 0)
			return rc;
	}
	_Alignas(64) uint8_t c[SEQP_COMMIT_BYTES] = {0};
	seqp_put32(c, SEQP_COMMIT_VERSION);
	seqp_put32(c + 4, (uint32_t)s->plan->layers);
	seqp_put64(c + 8, (uint64_t)s->len);
	seqp_put64(c + 16, (uint64_t)s->plan->frozen);
	seqp_put32(c + 24, (uint32_t)s->plan->kv_dtype);
	seqp_put32(c + 28, s->has_logits ? SEQP_COMMIT_LOGITS : 0);
	seqp_put32(c + 32, (uint32_t)v->frames);
	seqp_put32(c + 36, (uint32_t)s->plan->vocab);
	seqp_digest_get(v->digest, c + 48);
	seq_frame f = {.kind = SEQ_COMMIT, .dtype = SEQ_U8, .rank = 1, .dim = {sizeof c}, .seq = v->seq, .payload = c,
		.bytes = sizeof c};
	return seq_writer_put(v->w, &f, err);
}

static size_t gather_bytes(const seq_state *s)
{
	size_t n = 64;
	for (size_t l = 0; l < s->plan->layers; l++) {
		size_t bytes = seqp_kv_block_bytes(&s->plan->spec[l]), all = bytes * s->slot[l].kv.n;
		if (all > PIECE)
			all = bytes > PIECE ? bytes : PIECE;
		n = all > n ? all : n;
	}
	return n;
}

int seq_state_save(const seq_state *s, seq_writer *w, uint32_t seq, seq_error *err)
{
	size_t bytes = gather_bytes(s);
	struct saving v = {.w = w, .seq = seq, .digest = seqp_digest_new(), .gather = aligned_alloc(64, (bytes + 63) & ~63ul)};
	int rc = v.digest && v.gather ? 0 : seqp_nomem(err, bytes);
	for (size_t l = 0; rc >= 0 && l < s->plan->layers; l++)
		rc = save_layer(&v, s, l, err);
	if (rc >= 0)
		rc = save_end(&v, s, err);
	if (v.digest)
		seqp_digest_free(v.digest);
	free(v.gather);
	return rc < 0 ? rc : 0;
}
