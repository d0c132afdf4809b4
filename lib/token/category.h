/* SPDX-License-Identifier: MIT */
/* What the splitters and normalisers ask about a character, one byte a code point. */
#ifndef TOKEN_CATEGORY_H
#define TOKEN_CATEGORY_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SEQP_LETTER = 1, SEQP_NUMBER = 2, SEQP_SPACE = 4, SEQP_PUNCT = 8, /* L, N, White_Space, P */
	SEQP_MARK = 16,   /* Mn */
	SEQP_OTHER = 32,  /* Cc, Cf, Co, Cn */
	SEQP_JOINS = 64,  /* may compose with, or be reordered past, what stands before it */
	SEQP_SPLITS = 128 /* has a canonical decomposition */
};

extern const uint8_t *seqp_category_block[0x1100];

/* Makes the table once; every vocabulary calls it on opening. 0 or SEQ_E_NOMEM. */
int seqp_category_init(void);

/* cp: a code point, or negative for a byte that is none. */
static inline unsigned seqp_category(int32_t cp)
{
	return cp < 0 ? 0 : seqp_category_block[cp >> 8][cp & 0xff];
}

#endif
