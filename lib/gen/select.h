/* SPDX-License-Identifier: MIT */
/* Where a sorted list would be cut, without sorting it. */
#ifndef GEN_SELECT_H
#define GEN_SELECT_H

#include <stddef.h>
#include <stdint.h>

typedef struct seqp_cut {
	uint64_t key; /* the last key that is needed */
	double above; /* weight of all greater keys; below the limit */
} seqp_cut;

/* Going down from the greatest of n >= 1 keys of `bits` (32 or 64) bits, the key at which the summed
 * weight reaches limit; the least key when it never does.  w NULL: every weight is 1.
 * Radix selection: one pass a byte, linear whatever the keys. */
seqp_cut seqp_select(const uint64_t *key, const double *w, size_t n, int bits, double limit);

/* Numbers as keys of the same order (not for NaN; -0 and 0 are made one). */
uint64_t seqp_key64(double x);

#endif
