/* SPDX-License-Identifier: MIT */
/* Quantised weights, NEON with dot products: sdot adds four products of signed bytes in
 * 32 bits, exactly. */
#include "kernel/arm/neon_levels.h"
#include "kernel/arm/wide_neon.h"

enum { TILE = 4, PANELS = 2 };

#include "kernel/arm/tile_neon.h"

SEQK_INLINE void sums(shape s, const unit *u, const signs *sg, int g, const int8_t *const *q, size_t at, int na, int np,
                      vint *out)
{
	const int nv = s.group / 4, v0 = nv * g;
	int32x4_t sum[SUMS];
	(void)sg;
	UNROLL
	for (int j = 0; j < np * TILE; j++)
		sum[j] = vdupq_n_s32(0);
	UNROLL
	for (int v = 0; v < nv; v += 4)
		UNROLL
		for (int j = 0; j < na; j++) {
			int8x16_t x = vld1q_s8(q[j] + at + 4 * v);
			UNROLL
			for (int p = 0; p < np; p++) {
				const vint *w = u[p * SPAN].w + v0 + v;
				int32x4_t *y = sum + p * TILE + j;
				*y = vdotq_laneq_s32(*y, v_s8(w[0]), x, 0);
				*y = vdotq_laneq_s32(*y, v_s8(w[1]), x, 1);
				*y = vdotq_laneq_s32(*y, v_s8(w[2]), x, 2);
				*y = vdotq_laneq_s32(*y, v_s8(w[3]), x, 3);
			}
		}
	UNROLL
	for (int j = 0; j < np * TILE; j++)
		out[j] = vreinterpretq_u32_s32(sum[j]);
}

void seqk_matmul_fill_dotprod(seqk_matmul_table *t)
{
	_Static_assert((sizeof(unit) + sizeof(signs)) * PANELS * SPAN <= SEQK_MATMUL_PANEL_BYTES, "panels fit the scratch");
	fill_q8(t);
}
