/* SPDX-License-Identifier: MIT */
/* Falcon: first runs of [\p{P}$+<=>^~|`] are cut out, then the GPT-2 pattern, then each
 * three ASCII digits.  The old default of GGUF files: \p{N}+ is cut out before the digits. */
#include "token/pretok.h"
#include "token/pretok_gpt2.h"

#include <string.h>

static bool sign(int32_t cp, unsigned cat)
{
	return (cat & SEQP_PUNCT) || (cp > 0 && cp < 0x80 && strchr("$+<=>^~|`", cp));
}

static size_t signs(const seqp_scan *s, size_t i)
{
	int32_t cp;
	unsigned cat;
	for (size_t len; (len = seqp_next(s, i, &cp, &cat)); i += len)
		if (!sign(cp, cat))
			return i;
	return s->end ? i : 0;
}

/* The stretch before the next sign, as text that ends there.  One word is enough: it ends at
 * the second change of kind at the latest. */
static seqp_scan before_sign(const seqp_scan *s)
{
	int32_t cp;
	unsigned cat, kind = 0;
	int changes = 0;
	for (size_t i = 0, len; (len = seqp_next(s, i, &cp, &cat)); i += len) {
		if (sign(cp, cat))
			return (seqp_scan){s->p, i, true};
		changes += i && (cat & SEQP_KINDS) != kind;
		kind = cat & SEQP_KINDS;
		if (changes > 2)
			break;
	}
	return *s;
}

/* The first three ASCII digits in p[0..n), or n. */
static size_t triple(const uint8_t *p, size_t n)
{
	size_t run = 0;
	for (size_t i = 0; i < n; i++) {
		run = p[i] >= '0' && p[i] <= '9' ? run + 1 : 0;
		if (run == 3)
			return i - 2;
	}
	return n;
}

/* A stretch of numbers from i on. */
static size_t digits(const seqp_scan *s, size_t i, bool alone)
{
	bool open;
	if (alone && i)
		return i;
	size_t j = seqp_run(s, i, SEQP_NUMBER, 0, &open), at = triple(s->p, j);
	if (at < j)
		return at ? at : 3;
	return open ? 0 : j;
}

static size_t next(const seqp_scan *s, bool alone)
{
	int32_t cp, cp2;
	unsigned cat, cat2 = 0;
	size_t i = seqp_next(s, 0, &cp, &cat), n;
	if (!i)
		return 0;
	if (sign(cp, cat))
		return signs(s, i);
	n = cp == ' ' ? seqp_next(s, i, &cp2, &cat2) : 0;
	if (cp == ' ' && !n && !s->end)
		return 0;
	if (cat & SEQP_NUMBER)
		return digits(s, 0, alone);
	if (n && (cat2 & SEQP_NUMBER))
		return digits(s, i, alone);
	seqp_scan in = before_sign(s);
	return seqp_gpt2_next(&in, 0);
}

static size_t next_falcon(const struct seq_vocab *v, const uint8_t *p, size_t n, bool end)
{
	(void)v;
	return next(&(seqp_scan){p, n, end}, false);
}

static size_t next_default(const struct seq_vocab *v, const uint8_t *p, size_t n, bool end)
{
	(void)v;
	return next(&(seqp_scan){p, n, end}, true);
}

seqp_split seqp_split_falcon = {" falcon ", NULL, next_falcon, 16, NULL};
seqp_split seqp_split_default = {" default ", NULL, next_default, 16, NULL};
