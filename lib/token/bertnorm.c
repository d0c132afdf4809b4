/* SPDX-License-Identifier: MIT */
/* BERT's normalisation: control characters go, spaces become blanks, CJK ideographs stand alone,
 * characters are decomposed and lose their non-spacing marks, letters become small. */
#include "token/encoder.h"

#include <utf8proc.h>

#include "base/fail.h"
#include "token/category.h"
#include "token/utf8.h"

static bool ideograph(int32_t c)
{
	return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x20000 && c <= 0x2a6df) ||
	       (c >= 0x2a700 && c <= 0x2b73f) || (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b820 && c <= 0x2ceaf) ||
	       (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

static int put_one(seq_encoder *e, int32_t c)
{
	uint8_t s[4];
	if (e->v->lower)
		c = utf8proc_tolower(c);
	return seqp_bytes_put(&e->buf, s, seqp_utf8_put(c, s), e->err);
}

static int put_decomposed(seq_encoder *e, int32_t c)
{
	utf8proc_int32_t to[32];
	int boundary = 0, rc = 0;
	utf8proc_ssize_t n = utf8proc_decompose_char(c, to, 32, UTF8PROC_DECOMPOSE | UTF8PROC_STABLE, &boundary);
	for (utf8proc_ssize_t i = 0; i < n && i < 32 && rc >= 0; i++)
		if (!(seqp_category(to[i]) & SEQP_MARK))
			rc = put_one(e, to[i]);
	return rc;
}

static int character(seq_encoder *e, int32_t c)
{
	const seq_vocab *v = e->v;
	unsigned cat = seqp_category(c);
	bool blank = c == '\t' || c == '\n' || c == '\r';
	if (v->clean && (c <= 0 || c == 0xfffd || ((cat & SEQP_OTHER) && !blank)))
		return 0;
	if (c < 0)
		c = 0xfffd;
	if (cat & SEQP_SPACE)
		return seqp_bytes_put(&e->buf, (const uint8_t *)" ", 1, e->err);
	bool alone = v->cjk_spaces && ideograph(c);
	int rc = alone ? seqp_bytes_put(&e->buf, (const uint8_t *)" ", 1, e->err) : 0;
	if (rc >= 0)
		rc = v->strip_accents ? put_decomposed(e, c) : put_one(e, c);
	if (rc >= 0 && alone)
		rc = seqp_bytes_put(&e->buf, (const uint8_t *)" ", 1, e->err);
	return rc;
}

/* Letters, digits and blanks of ASCII need no table. */
static size_t plain(seq_encoder *e, const uint8_t *p, size_t n)
{
	size_t i = 0;
	if (seqp_bytes_room(&e->buf, n, e->err) < 0)
		return 0;
	uint8_t *to = e->buf.p + e->buf.n;
	for (; i < n && p[i] < 0x7f && (p[i] >= 0x20 || p[i] == '\n'); i++)
		to[i] = p[i] == '\n' ? ' ' : e->v->lower && p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i];
	e->buf.n += i;
	return i;
}

static int characters(seq_encoder *e, const uint8_t *p, size_t n, bool end, size_t *used)
{
	int rc = 0;
	size_t i = 0;
	while (i < n && rc >= 0) {
		int32_t cp;
		i += plain(e, p + i, n - i);
		if (i == n)
			break;
		size_t len = seqp_utf8(p + i, n - i, &cp);
		if (cp == SEQP_SHORT && !end)
			break;
		rc = character(e, cp == SEQP_SHORT ? SEQP_BAD : cp);
		i += cp == SEQP_SHORT ? 1 : len;
	}
	*used = i;
	return rc;
}

int seqp_bert_put(seq_encoder *e, const uint8_t *p, size_t n, bool end)
{
	size_t used = 0;
	int rc;
	if (!e->cut.n && n) {
		rc = characters(e, p, n, end, &used);
		return rc < 0 ? rc : seqp_bytes_put(&e->cut, p + used, n - used, e->err);
	}
	rc = seqp_bytes_put(&e->cut, p, n, e->err);
	if (rc >= 0)
		rc = characters(e, e->cut.p, e->cut.n, end, &used);
	if (used && used < e->cut.n)
		memmove(e->cut.p, e->cut.p + used, e->cut.n - used);
	e->cut.n -= used;
	return rc;
}
