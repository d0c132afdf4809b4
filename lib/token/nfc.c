/* SPDX-License-Identifier: MIT */
/* NFC as a stream.  A stretch runs from a character that nothing before it can touch to
 * the next such one; each stretch is decomposed, put in order, composed. */
#include "token/encoder.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/fail.h"
#include "token/category.h"
#include "token/utf8.h"

struct seqp_norm {
	seqp_bytes held;  /* a stretch that is not complete */
	size_t seen;      /* bytes of it known to belong to it */
	utf8proc_int32_t *cp, *sorted;
	size_t cap, sorted_cap;
};

void seqp_norm_free(seq_encoder *e)
{
	if (!e->norm)
		return;
	free(e->norm->held.p);
	free(e->norm->cp);
	free(e->norm->sorted);
	free(e->norm);
}

void seqp_norm_reset(seq_encoder *e)
{
	if (e->norm)
		e->norm->held.n = e->norm->seen = 0;
}

static int combining(utf8proc_int32_t c)
{
	return seqp_joins(c) ? utf8proc_get_property(c)->combining_class : 0;
}

/* The canonical decomposition of every character of p[0..n); their number, or 0: no memory. */
static size_t decompose(struct seqp_norm *m, const uint8_t *p, size_t n)
{
	size_t k = 0;
	for (size_t i = 0; i < n;) {
		int32_t cp;
		int boundary = 0;
		i += seqp_utf8(p + i, n - i, &cp);
		if (!seqp_grow(&m->cp, &m->cap, k + 32, sizeof(*m->cp)))
			return 0;
		utf8proc_ssize_t d = utf8proc_decompose_char(cp, m->cp + k, 32, UTF8PROC_DECOMPOSE | UTF8PROC_STABLE, &boundary);
		if (d < 1 || d > 32)
			m->cp[k] = cp, d = 1;
		k += (size_t)d;
	}
	return k;
}

/* A stable sort by combining class of c[0..n), in linear time. */
static bool sort_run(struct seqp_norm *m, utf8proc_int32_t *c, size_t n)
{
	size_t count[257] = {0};
	if (n < 2)
		return true;
	if (!seqp_grow(&m->sorted, &m->sorted_cap, n, sizeof(*m->sorted)))
		return false;
	for (size_t i = 0; i < n; i++)
		count[combining(c[i]) + 1]++;
	for (int i = 0; i < 256; i++)
		count[i + 1] += count[i];
	for (size_t i = 0; i < n; i++)
		m->sorted[count[combining(c[i])]++] = c[i];
	memcpy(c, m->sorted, n * sizeof(*c));
	return true;
}

static bool reorder(struct seqp_norm *m, size_t k)
{
	for (size_t i = 0, j; i < k; i = j + 1) {
		for (j = i; j < k && combining(m->cp[j]); j++)
			;
		if (!sort_run(m, m->cp + i, j - i))
			return false;
	}
	return true;
}

static int put_characters(seq_encoder *e, const utf8proc_int32_t *cp, size_t k)
{
	if (seqp_bytes_room(&e->buf, 4 * k, e->err) < 0)
		return SEQ_E_NOMEM;
	for (size_t i = 0; i < k; i++)
		e->buf.n += seqp_utf8_put(cp[i], e->buf.p + e->buf.n);
	return 0;
}

/* One stretch; all of it valid characters unless it is one byte. */
static int stretch(seq_encoder *e, const uint8_t *p, size_t n)
{
	struct seqp_norm *m = e->norm;
	int32_t cp;
	if (seqp_utf8(p, n, &cp) == n && !(seqp_category(cp) & SEQP_SPLITS))
		return seqp_bytes_put(&e->buf, p, n, e->err);
	size_t k = decompose(m, p, n);
	if (!k || !reorder(m, k))
		return seqp_nomem(e->err, 8 * n);
	utf8proc_ssize_t c = utf8proc_normalize_utf32(m->cp, (utf8proc_ssize_t)k, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
	e->work += n + k;
	return put_characters(e, m->cp, c > 0 ? (size_t)c : k);
}

/* Where the stretch at the beginning of p[0..n) ends, looking from `from` on; *open: it may
 * go on.  *next: where to look from then. */
static size_t stretch_end(const uint8_t *p, size_t n, size_t from, bool end, bool *open, size_t *next)
{
	int32_t cp;
	for (size_t i = from, len; i < n; i += len) {
		len = seqp_utf8(p + i, n - i, &cp);
		*next = i;
		if (cp == SEQP_SHORT && !end)
			return *open = true, n;
		if (cp == SEQP_SHORT)
			cp = SEQP_BAD, len = 1;
		if (cp == SEQP_BAD && i == 0)
			return *open = false, 1;
		if (i && (cp == SEQP_BAD || !seqp_joins(cp)))
			return *open = false, i;
	}
	*next = n;
	*open = !end;
	return n;
}

static size_t ascii(const uint8_t *p, size_t n)
{
	size_t i = 0;
	for (uint64_t w; i + 8 <= n; i += 8) {
		memcpy(&w, p + i, 8);
		if (w & 0x8080808080808080ull)
			break;
	}
	while (i < n && p[i] < 0x80)
		i++;
	return i;
}

/* Characters that stay as they are, but for the last of them, which the next may touch. */
static size_t plain(const uint8_t *p, size_t n)
{
	size_t i = 0, last = 0;
	for (int32_t cp; i < n;) {
		size_t k = ascii(p + i, n - i);
		if (k) {
			last = i + k - 1;
			i += k;
			continue;
		}
		k = seqp_utf8(p + i, n - i, &cp);
		if (cp < 0 || (seqp_category(cp) & SEQP_SPLITS) || seqp_joins(cp))
			break;
		last = i;
		i += k;
	}
	return last;
}

/* As far as p[0..n) is decided. */
static int stretches(seq_encoder *e, const uint8_t *p, size_t n, bool end, size_t *used)
{
	size_t i = 0, seen = e->norm->seen;
	int rc = 0;
	while (i < n && rc >= 0) {
		bool open = false;
		size_t k = seen ? 0 : plain(p + i, n - i);
		if (k) {
			rc = seqp_bytes_put(&e->buf, p + i, k, e->err);
			i += k;
			continue;
		}
		k = stretch_end(p + i, n - i, seen, end, &open, &seen);
		if (open)
			break;
		seen = 0;
		rc = stretch(e, p + i, k);
		i += k;
	}
	e->norm->seen = i < n ? seen : 0;
	*used = i;
	return rc;
}

int seqp_nfc_put(seq_encoder *e, const uint8_t *p, size_t n, bool end)
{
	size_t used = 0;
	int rc;
	if (!e->norm && !(e->norm = seqp_alloc(1, sizeof(*e->norm))))
		return seqp_nomem(e->err, sizeof(*e->norm));
	seqp_bytes *held = &e->norm->held;
	if (!held->n && n) {
		rc = stretches(e, p, n, end, &used);
		return rc < 0 ? rc : seqp_bytes_put(held, p + used, n - used, e->err);
	}
	rc = seqp_bytes_put(held, p, n, e->err);
	if (rc >= 0)
		rc = stretches(e, held->p, held->n, end, &used);
	if (used && used < held->n)
		memmove(held->p, held->p + used, held->n - used);
	held->n -= used;
	return rc;
}
