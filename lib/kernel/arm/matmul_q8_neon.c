/* SPDX-License-Identifier: MIT */
/* Quantised weights, NEON.  Products of bytes are summed by columns in 16 bits as long
 * as they fit there, then pairwise to the four rows; one vector of products of
 * any codes fits, since activations stay within 127: 2 * 128 * 127 < 2^15. */
#include "kernel/arm/neon_levels.h"
#include "kernel/arm/wide_neon.h"

enum { TILE = 4, PANELS = 1 };

#include "kernel/arm/tile_neon.h"

SEQK_INLINE int8x16_t four_columns(const int8_t *q)
{
	int32_t x;
	__builtin_memcpy(&x, q, 4);
	return vreinterpretq_s8_s32(vdupq_n_s32(x));
}

SEQK_INLINE void sums(shape s, const unit *u, const signs *sg, int g, const int8_t *const *q, size_t at, int na, int np,
                      vint *out)
{
	const int nv = s.group / 4, v0 = nv * g, fit = s.fit ? s.fit : 1;
	int32x4_t sum[TILE];
	int16x8_t low[TILE], high[TILE];
	(void)sg;
	(void)np; /* one panel */
	UNROLL
	for (int j = 0; j < na; j++)
		sum[j] = vdupq_n_s32(0);
	UNROLL
	for (int v = 0; v < nv; v++) {
		int8x16_t c = v_s8(u->w[v0 + v]);
		UNROLL
		for (int j = 0; j < na; j++) {
			int8x16_t x = four_columns(q[j] + at + 4 * v);
			if (v % fit == 0) {
				low[j] = vmull_s8(vget_low_s8(c), vget_low_s8(x));
				high[j] = vmull_s8(vget_high_s8(c), vget_high_s8(x));
			} else {
				low[j] = vmlal_s8(low[j], vget_low_s8(c), vget_low_s8(x));
				high[j] = vmlal_s8(high[j], vget_high_s8(c), vget_high_s8(x));
			}
			if (v % fit == fit - 1 || v == nv - 1)
				sum[j] = vpadalq_s16(sum[j], vpaddq_s16(low[j], high[j]));
		}
	}
	UNROLL
	for (int j = 0; j < na; j++)
		out[j] = vreinterpretq_u32_s32(sum[j]);
}

void seqk_matmul_q8_neon(seqk_matmul_table *t)
{
	_Static_assert((sizeof(unit) + sizeof(signs)) * PANELS * SPAN <= SEQK_MATMUL_PANEL_BYTES, "panels fit the scratch");
	fill_q8(t);
}
