/* SPDX-License-Identifier: MIT */
/* Quantised weights, NEON with dot products: sdot adds four products of signed bytes in
 * 32 bits, exactly. */
#include "kernel/arm/neon_levels.h"
#include "kernel/arm/wide_neon.h"

#include "kernel/x86/loader.h"

enum { TILE = 8, PANELS = 4, SPAN = 32, SIGNED_OFF = 0 };

#include "kernel/x86/tile_q8.h"

SEQK_INLINE void sums(shape s, const vint *w, int nv, const int8_t *const *q, size_t at, int na, vint *out)
{
	int32x4_t sum[TILE];
	(void)s;
	UNROLL
	for (int j = 0; j < na; j++)
		sum[j] = vdupq_n_s32(0);
	UNROLL
	for (int v = 0; v < nv; v += 4)
		UNROLL
		for (int j = 0; j < na; j++) {
			int8x16_t x = vld1q_s8(q[j] + at + 4 * v);
			sum[j] = vdotq_laneq_s32(sum[j], v_s8(w[v]), x, 0);
			sum[j] = vdotq_laneq_s32(sum[j], v_s8(w[v + 1]), x, 1);
			sum[j] = vdotq_laneq_s32(sum[j], v_s8(w[v + 2]), x, 2);
			sum[j] = vdotq_laneq_s32(sum[j], v_s8(w[v + 3]), x, 3);
		}
	UNROLL
	for (int j = 0; j < na; j++)
		out[j] = vreinterpretq_u32_s32(sum[j]);
}

void seqk_matmul_fill_dotprod(seqk_matmul_table *t)
{
	_Static_assert(sizeof(unit) * PANELS * SPAN <= SEQK_MATMUL_PANEL_BYTES, "panels fit the scratch");
	fill_q8(t);
}
