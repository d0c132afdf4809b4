/* SPDX-License-Identifier: MIT */
#include "token/category.h"

#include <pthread.h>
#include <utf8proc.h>

uint8_t seqp_category_cell[0x110000];
atomic_bool seqp_category_made[0x1100];
uint8_t seqp_joins_cell[SEQP_JOINS_END / 8];
atomic_bool seqp_joins_made;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

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
	if ((p->decomp_seqindex != UINT16_MAX && !p->decomp_type) || (c >= 0xac00 && c <= 0xd7a3))
		f |= SEQP_SPLITS;
	return (uint8_t)f;
}

void seqp_category_make(int32_t block)
{
	pthread_mutex_lock(&lock);
	if (!atomic_load_explicit(&seqp_category_made[block], memory_order_relaxed)) {
		for (int32_t c = block << 8; c < (block + 1) << 8; c++)
			seqp_category_cell[c] = of(c);
		atomic_store_explicit(&seqp_category_made[block], 1, memory_order_release);
	}
	pthread_mutex_unlock(&lock);
}

/* --- who may compose with the character in front ------------------------------- */

static bool marked(int32_t c)
{
	return c < SEQP_JOINS_END && seqp_joins_cell[c >> 3] >> (c & 7) & 1;
}

static void mark(int32_t c)
{
	if (c < SEQP_JOINS_END)
		seqp_joins_cell[c >> 3] |= (uint8_t)(1u << (c & 7));
}

static void mark_combining(void)
{
	for (int32_t c = 0; c < SEQP_JOINS_END; c++)
		if (utf8proc_get_property(c)->combining_class)
			mark(c);
	for (int32_t c = 0x1161; c <= 0x1175; c++) /* vowels of Hangul */
		mark(c);
	for (int32_t c = 0x11a8; c <= 0x11c2; c++) /* final consonants */
		mark(c);
}

/* A character that stands second in a decomposition may compose with the one before it; so may one
 * whose decomposition begins with such a character. */
static void mark_seconds(void)
{
	for (int32_t c = 0xc0; c < SEQP_JOINS_END; c++) {
		const utf8proc_property_t *p = utf8proc_get_property(c);
		utf8proc_int32_t to[8];
		int boundary = 0;
		if (p->decomp_seqindex == UINT16_MAX || p->decomp_type)
			continue;
		utf8proc_ssize_t n = utf8proc_decompose_char(c, to, 8, UTF8PROC_DECOMPOSE | UTF8PROC_STABLE, &boundary);
		for (utf8proc_ssize_t i = 1; i < n && i < 8; i++)
			mark(to[i]);
		if (n > 0 && marked(to[0]))
			mark(c);
	}
}

void seqp_joins_make(void)
{
	pthread_mutex_lock(&lock);
	if (!atomic_load_explicit(&seqp_joins_made, memory_order_relaxed)) {
		mark_combining();
		mark_seconds();
		mark_seconds(); /* decompositions that begin with a character marked above */
		atomic_store_explicit(&seqp_joins_made, 1, memory_order_release);
	}
	pthread_mutex_unlock(&lock);
}
