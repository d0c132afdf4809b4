/* SPDX-License-Identifier: MIT */
/* From the text as it is to the text that is cut: each vocabulary's normalisation. */
#include "token/encoder.h"

static int drain(seq_encoder *e, bool end)
{
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

static int put(seq_encoder *e, const uint8_t *p, size_t n)
{
	int rc = 0;
	if (!n)
		return 0;
	if (!e->part && e->v->space_prefix)
		rc = e->v->escape_space ? put_escaped(e, (const uint8_t *)" ", 1) :
		                          seqp_bytes_put(&e->buf, (const uint8_t *)" ", 1, e->err);
	e->part = true;
	if (rc < 0)
		return rc;
	return e->v->escape_space ? put_escaped(e, p, n) : seqp_bytes_put(&e->buf, p, n, e->err);
}

int seqp_normal_feed(seq_encoder *e, const uint8_t *p, size_t n, bool end)
{
	int rc = put(e, p, n);
	if (rc >= 0)
		rc = drain(e, end);
	if (end)
		e->part = false;
	return rc;
}
