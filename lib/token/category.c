/* SPDX-License-Identifier: MIT */
#include "token/category.h"

#include <pthread.h>
#include <string.h>
#include <utf8proc.h>

#include "base/mem.h"
#include "seq/error.h"

const uint8_t *seqp_category_block[0x1100];

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int failed;

static unsigned of_category(utf8proc_category_t c)
{
	switch (c) {
	case UTF8PROC_CATEGORY_LU: case UTF8PROC_CATEGORY_LL: case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM: case UTF8PROC_CATEGORY_LO:
		return SEQP_LETTER;
	case UTF8PROC_CATEGORY_ND: case UTF8PROC_CATEGORY_NL: case UTF8PROC_CATEGORY_NO:
		return SEQP_NUMBER;
	case UTF8PROC_CATEGORY_PC: case UTF8PROC_CATEGORY_PD: case UTF8PROC_CATEGORY_PS: case UTF8PROC_CATEGORY_PE:
	case UTF8PROC_CATEGORY_PI: case UTF8PROC_CATEGORY_PF: case UTF8PROC_CATEGORY_PO:
		return SEQP_PUNCT;
	case UTF8PROC_CATEGORY_MN:
		return SEQP_MARK;
	case UTF8PROC_CATEGORY_CC: case UTF8PROC_CATEGORY_CF: case UTF8PROC_CATEGORY_CO: case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CS:
		return SEQP_OTHER;
	default:
		return 0;
	}
}

static bool is_space(int32_t c)
{
	return (c >= 9 && c <= 13) || c == 32 || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
	       c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

static uint8_t of(int32_t c)
{
	const utf8proc_property_t *p = utf8proc_get_property(c);
	unsigned f = of_category((utf8proc_category_t)p->category);
	if (is_space(c))
		f |= SEQP_SPACE;
	if (p->combining_class)
		f |= SEQP_JOINS;
	if ((c >= 0x1161 && c <= 0x1175) || (c >= 0x11a8 && c <= 0x11c2))
		f |= SEQP_JOINS; /* vowels and final consonants of Hangul */
	if ((p->decomp_seqindex != UINT16_MAX && !p->decomp_type) || (c >= 0xac00 && c <= 0xd7a3))
		f |= SEQP_SPLITS;
	return (uint8_t)f;
}

/* Blocks that are alike share their bytes: most of the code space is empty or one script. */
static bool make_blocks(void)
{
	uint8_t now[256], *have = NULL;
	for (int32_t b = 0; b < 0x1100; b++) {
		for (int32_t i = 0; i < 256; i++)
			now[i] = of(b << 8 | i);
		if (!have || memcmp(have, now, 256)) {
			have = seqp_alloc(256, 1);
			if (!have)
				return false;
			memcpy(have, now, 256);
		}
		seqp_category_block[b] = have;
	}
	return true;
}

static uint8_t *cell(int32_t c)
{
	return (uint8_t *)(uintptr_t)&seqp_category_block[c >> 8][c & 0xff];
}

/* A character that stands second in a decomposition may compose with the one before it. */
static void mark_joins(void)
{
	for (int32_t c = 0xc0; c < 0x30000; c++) {
		utf8proc_int32_t to[8];
		int boundary = 0;
		if (!(seqp_category(c) & SEQP_SPLITS) || (c >= 0xac00 && c <= 0xd7a3))
			continue;
		utf8proc_ssize_t n = utf8proc_decompose_char(c, to, 8, UTF8PROC_DECOMPOSE | UTF8PROC_STABLE, &boundary);
		for (utf8proc_ssize_t i = 1; i < n && i < 8; i++)
			*cell(to[i]) |= SEQP_JOINS;
		if (n > 0 && (seqp_category(to[0]) & SEQP_JOINS))
			*cell(c) |= SEQP_JOINS;
	}
}

static void make(void)
{
	if (!make_blocks()) {
		failed = SEQ_E_NOMEM;
		return;
	}
	mark_joins();
	mark_joins(); /* decompositions that begin with a character marked above */
}

int seqp_category_init(void)
{
	pthread_once(&once, make);
	return failed;
}
