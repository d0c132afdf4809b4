/* SPDX-License-Identifier: MIT */
/* Sizes that cannot wrap: each returns false instead of overflowing. */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>

static inline bool seqp_mul(size_t a, size_t b, size_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

static inline bool seqp_add(size_t a, size_t b, size_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

/* Rounds n up to a multiple of to (a power of two); n must leave room. */
static inline size_t seqp_round_up(size_t n, size_t to)
{
	return (n + to - 1) & ~(to - 1);
}

#endif
