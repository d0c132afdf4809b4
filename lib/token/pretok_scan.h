/* SPDX-License-Identifier: MIT */
/* What the splitters read with: the next character and its category, and runs. */
#ifndef TOKEN_SCAN_H
#define TOKEN_SCAN_H

#include <stdbool.h>

#include "token/category.h"
#include "token/utf8.h"

typedef struct seqp_scan {
	const uint8_t *p;
	size_t n;
	bool end;
} seqp_scan;

/* The kinds that word patterns tell apart: letter, number, space, anything else. */
enum { SEQP_ELSE = 0, SEQP_KINDS = SEQP_LETTER | SEQP_NUMBER | SEQP_SPACE };

/* The character at i: its length, or 0 when the bytes end before it does and more may come. */
static inline size_t seqp_next(const seqp_scan *s, size_t i, int32_t *cp, unsigned *cat)
{
	if (i >= s->n)
		return 0;
	if (s->p[i] < 0x80) {
		*cp = s->p[i];
		*cat = seqp_category_cell[s->p[i]];
		return 1;
	}
	size_t len = seqp_utf8(s->p + i, s->n - i, cp);
	*cat = seqp_category(*cp);
	if (*cp != SEQP_SHORT)
		return len;
	*cp = SEQP_BAD;
	return s->end ? 1 : 0;
}

/* Where the run of characters of one kind that goes on at i ends; characters of `stop` end it
 * too.  *open: the bytes ended first (and more may come). */
static inline size_t seqp_run(const seqp_scan *s, size_t i, unsigned kind, unsigned stop, bool *open)
{
	int32_t cp;
	unsigned cat;
	while (i < s->n && s->p[i] < 0x80 && (seqp_category_cell[s->p[i]] & SEQP_KINDS) == kind &&
	       !(seqp_category_cell[s->p[i]] & stop))
		i++;
	for (size_t len; (len = seqp_next(s, i, &cp, &cat)); i += len)
		if ((cat & SEQP_KINDS) != kind || (cat & stop)) {
			*open = false;
			return i;
		}
	*open = !s->end;
	return i;
}

#endif
