/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include <string.h>
#include <xxhash.h>

uint64_t seqp_hash64(const void *data, size_t n)
{
	return XXH64(data, n, 0);
}

seqp_digest *seqp_digest_new(void)
{
	XXH3_state_t *s = XXH3_createState();
	if (s)
		XXH3_128bits_reset(s);
	return (seqp_digest *)s;
}

void seqp_digest_add(seqp_digest *d, const void *data, size_t n)
{
	XXH3_128bits_update((XXH3_state_t *)d, data, n);
}

void seqp_digest_get(const seqp_digest *d, uint8_t out[16])
{
	XXH128_canonical_t c;
	XXH128_canonicalFromHash(&c, XXH3_128bits_digest((const XXH3_state_t *)d));
	memcpy(out, c.digest, 16);
}

void seqp_digest_free(seqp_digest *d)
{
	XXH3_freeState((XXH3_state_t *)d);
}
