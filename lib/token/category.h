/* SPDX-License-Identifier: MIT */
/* What the splitters and normalisers ask about a character, one byte a code point.
 *
 * The table is made by blocks of 256, each when the first of its characters is met: few texts
 * meet more than a dozen, and all of them would take longer than a small model. */
#ifndef TOKEN_CATEGORY_H
#define TOKEN_CATEGORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	SEQP_LETTER = 1, SEQP_NUMBER = 2, SEQP_SPACE = 4, SEQP_PUNCT = 8, /* L, N, White_Space, P */
	SEQP_MARK = 16,   /* Mn */
	SEQP_OTHER = 32,  /* Cc, Cf, Co, Cn */
	SEQP_SPLITS = 128 /* has a canonical decomposition */
};

enum { SEQP_JOINS_END = 0x30000 /* no character beyond composes */ };

extern uint8_t seqp_category_cell[0x110000];
extern atomic_bool seqp_category_made[0x1100];
extern uint8_t seqp_joins_cell[SEQP_JOINS_END / 8];
extern atomic_bool seqp_joins_made;

void seqp_category_make(int32_t block);
void seqp_joins_make(void);

/* cp: a code point, or negative for a byte that is none. */
static inline unsigned seqp_category(int32_t cp)
{
	if (cp < 0)
		return 0;
	if (!atomic_load_explicit(&seqp_category_made[cp >> 8], memory_order_acquire))
		seqp_category_make(cp >> 8);
	return seqp_category_cell[cp];
}

/* May it compose with, or be reordered past, what stands before it? */
static inline bool seqp_joins(int32_t cp)
{
	if (cp < 0x300 || cp >= SEQP_JOINS_END)
		return false;
	if (!atomic_load_explicit(&seqp_joins_made, memory_order_acquire))
		seqp_joins_make();
	return seqp_joins_cell[cp >> 3] >> (cp & 7) & 1;
}

#endif
