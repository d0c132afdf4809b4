/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/fail.h"
#include "token/utf8.h"
#include "token/vocab.h"

struct seq_decoder {
	const seq_vocab *v;
	unsigned flags;
	bool first;       /* nothing of the text was written yet */
	uint8_t held[4];  /* the beginning of a character */
	size_t helds;
	uint8_t *out;
	size_t cap;
};

int seq_decoder_new(seq_decoder **out, const seq_vocab *v, unsigned flags, seq_error *err)
{
	seq_decoder *d = seqp_alloc(1, sizeof(*d));
	if (!d)
		return seqp_nomem(err, sizeof(*d));
	d->v = v;
	d->flags = flags;
	d->first = !(flags & SEQ_DECODE_CONTINUE);
	*out = d;
	return 0;
}

void seq_decoder_free(seq_decoder *d)
{
	if (!d)
		return;
	free(d->out);
	free(d);
}

/* The bytes of one id, without the blank that encoding puts in front of a text. */
static struct seqp_spelling bytes_of(seq_decoder *d, int32_t id)
{
	const seq_vocab *v = d->v;
	struct seqp_spelling s = v->text[id];
	if (seq_vocab_is_special(v, id))
		return d->flags & SEQ_DECODE_SPECIAL ? v->piece[id] : (struct seqp_spelling){s.p, 0};
	if (d->first && v->strip_first && s.n && s.p[0] == ' ' && v->type[id] != SEQP_BYTE) {
		s.p++;
		s.n--;
		d->first = false;
	}
	if (s.n)
		d->first = false;
	return s;
}

int seq_decode(seq_decoder *d, int32_t id, const char **text, size_t *len, seq_error *err)
{
	if (id < 0 || (size_t)id >= d->v->n)
		return seqp_fail(err, SEQ_E_ARG, "token id %d: the vocabulary has 0 to %zu", (int)id, d->v->n - 1);
	if (!seqp_grow(&d->out, &d->cap, SEQP_MAX_PIECE / 64 > d->v->piece[id].n + 8 ? SEQP_MAX_PIECE / 64 :
	               d->v->piece[id].n + 8, 1))
		return seqp_nomem(err, d->v->piece[id].n);
	struct seqp_spelling s = bytes_of(d, id);
	memcpy(d->out, d->held, d->helds);
	if (s.n)
		memcpy(d->out + d->helds, s.p, s.n);
	size_t n = d->helds + s.n, tail = seqp_utf8_tail(d->out, n);
	memcpy(d->held, d->out + n - tail, tail);
	d->helds = tail;
	*text = (char *)d->out;
	*len = n - tail;
	return 0;
}

int seq_decode_end(seq_decoder *d, const char **text, size_t *len, seq_error *err)
{
	if (!seqp_grow(&d->out, &d->cap, 4, 1))
		return seqp_nomem(err, 4);
	memcpy(d->out, d->held, d->helds);
	*text = (char *)d->out;
	*len = d->helds;
	d->helds = 0;
	d->first = !(d->flags & SEQ_DECODE_CONTINUE);
	return 0;
}
