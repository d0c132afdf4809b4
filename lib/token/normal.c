/* SPDX-License-Identifier: MIT */
/* From the text as it is to the text that is cut: each vocabulary's normalisation. */
#include "token/encoder.h"

static int drain(seq_encoder *e, bool end)
{
	if (e->v->kind == SEQP_RWKV)
		return seqp_greedy_drain(e, end);
	if (e->v->kind == SEQP_UNIGRAM)
		return seqp_lattice_drain(e, end);
	return seqp_words_drain(e, end);
}

/* Blanks become U+2581. */
static int put_escaped(seq_encoder *e, const uint8_t *p, size_t n)
{
	int rc = seqp_bytes_room(&e->buf, 3 * n, e->err);
	if (rc < 0)
		return rc;
	uint8_t *to = e->buf.p + e->buf.n;
	for (size_t i = 0; i < n; i++) {
		if (p[i] != ' ') {
			*to++ = p[i];
			continue;
		}
		memcpy(to, "\xe2\x96\x81", 3);
		to += 3;
	}
	e->buf.n = (size_t)(to - e->buf.p);
	return 0;
}

/* The blank in front of a text, when its first bytes come. */
static int put_prefix(seq_encoder *e, uint8_t first)
{
	const seq_vocab *v = e->v;
	bool wanted = v->space_prefix && !(v->prefix_once && e->prefixed) &&
	              !(v->prefix_unless_blank && first == ' ');
	e->part = e->prefixed = true;
	if (!wanted)
		return 0;
	return v->escape_space ? put_escaped(e, (const uint8_t *)" ", 1) :
	                         seqp_bytes_put(&e->buf, (const uint8_t *)" ", 1, e->err);
}

static int put(seq_encoder *e, const uint8_t *p, size_t n, bool end)
{
	const seq_vocab *v = e->v;
	int rc = n && !e->part ? put_prefix(e, p[0]) : 0;
	if (rc < 0)
		return rc;
	if (v->kind == SEQP_WORDPIECE)
		return seqp_bert_put(e, p, n, end);
	if (v->nfc && !(e->flags & SEQ_ENCODE_NO_NFC))
		return seqp_nfc_put(e, p, n, end);
	return v->escape_space ? put_escaped(e, p, n) : seqp_bytes_put(&e->buf, p, n, e->err);
}

int seqp_normal_feed(seq_encoder *e, const uint8_t *p, size_t n, bool end)
{
	int rc = put(e, p, n, end);
	if (rc >= 0)
		rc = drain(e, end);
	if (end)
		e->part = false;
	return rc;
}
