/* SPDX-License-Identifier: MIT */
/* Checksums and digests, by xxHash: XXH64 for frames, XXH3-128 for
 * fingerprints.  Guards against accidents, not against forgers. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t seqp_hash64(const void *data, size_t n); /* XXH64, seed 0 */

/* A 128-bit digest fed in pieces.  NULL when memory cannot be had. */
typedef struct seqp_digest seqp_digest;
seqp_digest *seqp_digest_new(void);
void seqp_digest_add(seqp_digest *d, const void *data, size_t n);
void seqp_digest_get(const seqp_digest *d, uint8_t out[16]); /* canonical bytes */
void seqp_digest_free(seqp_digest *d);

#endif
