/* SPDX-License-Identifier: MIT */
/* UTF-8, one character at a time, over bytes that may be anything. */
#ifndef TOKEN_UTF8_H
#define TOKEN_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { SEQP_BAD = -1, SEQP_SHORT = -2 };

/* Bytes of the character at p[0..n): 1 to 4, its code point in *cp.  A byte that begins no
 * valid character has length 1 and *cp = SEQP_BAD; a valid beginning that is cut off by the
 * end of the bytes has length n and *cp = SEQP_SHORT.  n >= 1. */
static inline size_t seqp_utf8(const uint8_t *p, size_t n, int32_t *cp)
{
	uint8_t a = p[0];
	if (a < 0x80) {
		*cp = a;
		return 1;
	}
	if (a > 0xe0 && a < 0xed && n >= 3 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80) { /* most of them */
		*cp = (a & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f);
		return 3;
	}
	size_t len = a >= 0xf0 ? 4 : a >= 0xe0 ? 3 : 2;
	*cp = SEQP_BAD;
	if (a < 0xc2 || a > 0xf4)
		return 1;
	/* The second byte alone decides about overlong forms, surrogates and the upper end. */
	uint8_t lo = a == 0xe0 ? 0xa0 : a == 0xf0 ? 0x90 : 0x80;
	uint8_t hi = a == 0xed ? 0x9f : a == 0xf4 ? 0x8f : 0xbf;
	if (n >= 2 && (p[1] < lo || p[1] > hi))
		return 1;
	for (size_t i = 2; i < len && i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 1;
	if (n < len) {
		*cp = SEQP_SHORT;
		return n;
	}
	int32_t c = len == 2 ? a & 0x1f : len == 3 ? a & 0x0f : a & 0x07;
	for (size_t i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3f);
	*cp = c;
	return len;
}

/* Writes cp (a valid code point) to out[4]; returns its length. */
static inline size_t seqp_utf8_put(int32_t cp, uint8_t *out)
{
	if (cp < 0x80) {
		out[0] = (uint8_t)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (uint8_t)(0xc0 | cp >> 6);
		out[1] = (uint8_t)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (uint8_t)(0xe0 | cp >> 12);
		out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | cp >> 18);
	out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (cp & 0x3f));
	return 4;
}

/* How many bytes at the end of p[0..n) are the beginning of a character that is not complete. */
static inline size_t seqp_utf8_tail(const uint8_t *p, size_t n)
{
	for (size_t k = 1; k <= 3 && k <= n; k++) {
		int32_t cp;
		if ((p[n - k] & 0xc0) == 0x80)
			continue;
		seqp_utf8(p + n - k, k, &cp);
		return cp == SEQP_SHORT ? k : 0;
	}
	return 0;
}

#endif
