/* SPDX-License-Identifier: MIT */
/* DeepSeek Coder: five patterns, each cutting what the one before left:
 *     [\r\n]   \s?\p{L}+   \s?\p{P}+   [U+4E00-9FA5 U+0800-4E00 U+AC00-D7FF]+   \p{N} */
#include "token/pretok.h"
#include "token/pretok_scan.h"

static bool wide(int32_t cp)
{
	return (cp >= 0x800 && cp <= 0x9fa5) || (cp >= 0xac00 && cp <= 0xd7ff);
}

static bool newline(int32_t cp)
{
	return cp == '\n' || cp == '\r';
}

/* Where the text that goes on at i next has a run of `what`, or of a space and `what`, or a
 * line end (*open: not within these bytes). */
static size_t before_run(const seqp_scan *s, size_t i, unsigned what, bool *open)
{
	int32_t cp;
	unsigned cat, cat2;
	for (size_t len; (len = seqp_next(s, i, &cp, &cat)); i += len) {
		*open = false;
		if (newline(cp) || (cat & what))
			return i;
		if (!(cat & SEQP_SPACE))
			continue;
		size_t n = seqp_next(s, i + len, &cp, &cat2);
		if (!n && !s->end)
			break;
		if (n && (cat2 & what))
			return i;
	}
	*open = !s->end;
	return i;
}

static size_t run_of(const seqp_scan *s, size_t i, unsigned what, bool *open)
{
	int32_t cp;
	unsigned cat;
	for (size_t len; (len = seqp_next(s, i, &cp, &cat)); i += len)
		if (!(cat & what)) {
			*open = false;
			return i;
		}
	*open = !s->end;
	return i;
}

/* The first part of p[0..n) by the last two patterns. */
static size_t inner(const seqp_scan *s, size_t n, bool open)
{
	int32_t cp;
	unsigned cat;
	size_t i = seqp_next(s, 0, &cp, &cat), len;
	bool w = wide(cp);
	if (cat & SEQP_NUMBER)
		return i;
	for (; i < n && (len = seqp_next(s, i, &cp, &cat)); i += len)
		if (wide(cp) != w || (cat & SEQP_NUMBER))
			return i;
	return open ? 0 : n;
}

static size_t next_deepseek(const struct seq_vocab *v, const uint8_t *p, size_t n, bool end)
{
	seqp_scan s = {p, n, end};
	int32_t cp, cp2;
	unsigned cat, cat2 = 0;
	bool open = false, open2 = false;
	size_t i = seqp_next(&s, 0, &cp, &cat), j;
	(void)v;
	if (!i || newline(cp))
		return i;
	j = cat & SEQP_SPACE ? seqp_next(&s, i, &cp2, &cat2) : 0;
	if ((cat & SEQP_SPACE) && !j && !end)
		return 0;
	if (cat & SEQP_LETTER || cat2 & SEQP_LETTER)
		return j = run_of(&s, i, SEQP_LETTER, &open), inner(&s, j, open);
	if (cat & SEQP_PUNCT || cat2 & SEQP_PUNCT)
		return j = run_of(&s, i, SEQP_PUNCT, &open), inner(&s, j, open);
	/* Between the runs: up to letters or punctuation, whichever comes first. */
	j = before_run(&s, i, SEQP_LETTER, &open);
	n = before_run(&s, i, SEQP_PUNCT, &open2);
	return n < j ? inner(&s, n, open2) : inner(&s, j, open);
}

seqp_split seqp_split_deepseek_coder = {" deepseek-coder ", NULL, next_deepseek, 16, NULL};
