/* SPDX-License-Identifier: MIT */
#include "token/encoder.h"

#include <stdlib.h>

#include "base/fail.h"

int seq_encoder_new(seq_encoder **out, const seq_vocab *v, unsigned flags, seq_error *err)
{
	seq_encoder *e = seqp_alloc(1, sizeof(*e));
	if (!e)
		return seqp_nomem(err, sizeof(*e));
	e->v = v;
	e->flags = flags;
	e->cache = calloc(SEQP_CACHE, sizeof(*e->cache)); /* what a text does not touch costs nothing */
	if (!e->cache || !seqp_merger_room(&e->merger, 4096) || seqp_bytes_room(&e->buf, 2 * SEQP_BLOCK, err) < 0) {
		seq_encoder_free(e);
		return seqp_nomem(err, SEQP_CACHE * sizeof(*e->cache));
	}
	*out = e;
	return 0;
}

void seq_encoder_free(seq_encoder *e)
{
	if (!e)
		return;
	seqp_merger_free(&e->merger);
	seqp_lattice_free(e);
	seqp_norm_free(e);
	free(e->cache);
	free(e->buf.p);
	free(e->held.p);
	free(e->cut.p);
	free(e);
}

int seqp_bytes_room(seqp_bytes *b, size_t more, seq_error *err)
{
	if (more > SIZE_MAX / 4 - b->n)
		return seqp_nomem(err, more);
	size_t need = b->n + more, cap = b->cap ? b->cap : 256;
	if (need <= b->cap)
		return 0;
	while (cap < need)
		cap *= 2;
	uint8_t *p = realloc(b->p, cap + SEQP_PAD);
	if (!p)
		return seqp_nomem(err, cap);
	memset(p + cap, 0, SEQP_PAD);
	b->p = p;
	b->cap = cap;
	return 0;
}

int seqp_bytes_put(seqp_bytes *b, const uint8_t *p, size_t n, seq_error *err)
{
	int rc = seqp_bytes_room(b, n, err);
	if (rc == 0 && n) {
		memcpy(b->p + b->n, p, n);
		b->n += n;
	}
	return rc;
}

void seqp_flush(seq_encoder *e)
{
	if (e->outs && e->rc >= 0)
		e->rc = e->sink(e->arg, e->out, e->outs, e->err);
	e->outs = 0;
}

void seqp_emit_bytes(seq_encoder *e, const uint8_t *p, size_t n)
{
	const seq_vocab *v = e->v;
	if (!v->has_bytes) {
		if (v->unk >= 0 && !(v->fuse_unk && e->last_unk))
			seqp_emit(e, v->unk);
		e->last_unk = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		seqp_emit(e, v->byte_id[p[i]]);
}

static void forget(seq_encoder *e)
{
	e->begun = e->prefixed = e->part = e->in_long = e->last_unk = false;
	seqp_norm_reset(e);
	seqp_lattice_reset(e);
	e->held.n = e->cut.n = e->buf.n = e->pos = e->retry = 0;
}

int seq_encode(seq_encoder *e, const char *text, size_t len, int end, seq_id_sink sink, void *arg, seq_error *err)
{
	const uint8_t *p = (const uint8_t *)text;
	int rc = 0;
	e->sink = sink;
	e->arg = arg;
	e->err = err;
	e->rc = 0;
	if (!e->begun && (e->flags & SEQ_ENCODE_BOS) && e->v->bos >= 0)
		seqp_emit(e, e->v->bos);
	e->begun = true;
	for (size_t n; len && rc >= 0 && e->rc >= 0; p += n, len -= n) {
		n = len < SEQP_BLOCK ? len : SEQP_BLOCK;
		rc = seqp_special_feed(e, p, n, false);
	}
	if (end && rc >= 0)
		rc = seqp_special_feed(e, p, 0, true);
	if (end && rc >= 0 && (e->flags & SEQ_ENCODE_EOS) && e->v->eos >= 0)
		seqp_emit(e, e->v->eos);
	if (rc >= 0)
		seqp_flush(e);
	e->outs = 0;
	rc = rc < 0 ? rc : e->rc;
	if (end || rc < 0)
		forget(e);
	return rc < 0 ? rc : 0;
}

/* --- one text into memory -------------------------------------------------------- */

struct all {
	int32_t *id;
	size_t n, cap;
};

static int gather(void *arg, const int32_t *id, size_t n, seq_error *err)
{
	struct all *a = arg;
	if (!seqp_grow(&a->id, &a->cap, a->n + n, sizeof(*a->id)))
		return seqp_nomem(err, (a->n + n) * sizeof(*a->id));
	memcpy(a->id + a->n, id, n * sizeof(*id));
	a->n += n;
	return 0;
}

int seq_encode_all(const seq_vocab *v, unsigned flags, const char *text, size_t len, int32_t **ids, size_t *n,
                   seq_error *err)
{
	struct all a = {0};
	seq_encoder *e;
	int rc = seq_encoder_new(&e, v, flags, err);
	if (rc < 0)
		return rc;
	rc = seq_encode(e, text, len, 1, gather, &a, err);
	seq_encoder_free(e);
	if (rc == 0 && !a.id)
		a.id = malloc(sizeof(*a.id));
	if (rc == 0 && !a.id)
		rc = seqp_nomem(err, sizeof(*a.id));
	if (rc < 0) {
		free(a.id);
		return rc;
	}
	*ids = a.id;
	*n = a.n;
	return 0;
}
