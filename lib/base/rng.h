/* SPDX-License-Identifier: MIT */
/* Counter-based random numbers: Philox4x32-10.
 * Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As Easy as 1, 2, 3",
 * SC11.  The number depends on (seed, sequence, position, draw) only, so it is
 * the same whatever the batch, the threads or the order of work. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

void seqp_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Uniform in [0, 1) with 53 bits. */
double seqp_uniform(uint64_t seed, uint32_t sequence, uint64_t position, uint32_t draw);

#endif
