/* SPDX-License-Identifier: MIT */
/* A page-aligned buffer that grows without copying, and whose pages cost
 * nothing before they are touched. */
#ifndef FRAME_PAGES_H
#define FRAME_PAGES_H

#include <stddef.h>
#include <stdint.h>

typedef struct seqp_pages {
	uint8_t *data;
	size_t cap;
} seqp_pages;

/* At least need bytes, contents kept; false leaves all as it was. */
_Bool seqp_pages_grow(seqp_pages *p, size_t need);
void seqp_pages_free(seqp_pages *p);

#endif
