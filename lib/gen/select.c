/* SPDX-License-Identifier: MIT */
#include "gen/select.h"

#include <string.h>

uint64_t seqp_key64(double x)
{
	uint64_t b;
	x += 0.0;
	memcpy(&b, &x, sizeof b);
	return b >> 63 ? ~b : b | UINT64_C(1) << 63;
}

typedef struct bins {
	double w[256];
	size_t count[256];
} bins;

/* Weights by the byte at shift, of the keys that agree with prefix above it. */
static void fill(bins *b, const uint64_t *key, const double *w, size_t n, int shift, uint64_t prefix, uint64_t mask)
{
	memset(b, 0, sizeof *b);
	for (size_t i = 0; i < n; i++) {
		if ((key[i] & mask) != prefix)
			continue;
		size_t at = key[i] >> shift & 255;
		b->w[at] += w ? w[i] : 1.0;
		b->count[at]++;
	}
}

static uint64_t only_key(const uint64_t *key, size_t n, uint64_t prefix, uint64_t mask)
{
	size_t i = 0;
	while (i + 1 < n && (key[i] & mask) != prefix)
		i++;
	return key[i];
}

seqp_cut seqp_select(const uint64_t *key, const double *w, size_t n, int bits, double limit)
{
	seqp_cut cut = {0, 0.0};
	uint64_t mask = bits == 64 ? 0 : ~UINT64_C(0) << bits;
	bins b;
	for (int shift = bits - 8; shift >= 0; shift -= 8) {
		fill(&b, key, w, n, shift, cut.key, mask);
		/* the bin where the limit is reached, or the last that holds anything: sums of
		 * parts may fall short of the sum of the whole by a rounding */
		size_t hit = 0;
		double sum = cut.above;
		for (size_t i = 256; i-- > 0;) {
			if (!b.count[i])
				continue;
			hit = i;
			cut.above = sum;
			sum += b.w[i];
			if (sum >= limit)
				break;
		}
		cut.key |= (uint64_t)hit << shift;
		mask |= UINT64_C(255) << shift;
		if (b.count[hit] == 1) { /* mostly after half of the bits */
			cut.key = only_key(key, n, cut.key, mask);
			break;
		}
	}
	return cut;
}
