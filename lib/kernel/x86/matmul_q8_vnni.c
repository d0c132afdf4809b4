/* SPDX-License-Identifier: MIT */
/* Quantised weights, AVX-512 VNNI.  vpdpbusd adds products of unsigned by signed bytes
 * in 32 bits, exactly; signed codes are made unsigned by 128, and 128 times the sum
 * of the activations taken off again. */
#include "kernel/x86/levels.h"
#include "kernel/x86/wide_avx512.h"

#include "kernel/x86/loader_grid.h"

/* One panel: a fetch of four columns for each vpdpbusd is what the load ports can do. */
enum { TILE = 8, PANELS = 1, SPAN = 32, SIGNED_OFF = 128 };

/* Nothing is kept of signed codes: that there is one says that prepare() has been here. */
typedef struct signs {
	char unused;
} signs;

#include "kernel/x86/tile_q8.h"

SEQK_INLINE vint flipped(vint w)
{
	return _mm512_xor_si512(w, _mm512_set1_epi8((char)0x80));
}

/* Makes signed codes unsigned. */
SEQK_INLINE void prepare(shape s, unit *u, signs *sg, size_t units)
{
	(void)s;
	(void)sg;
	for (size_t i = 0; i < units; i++)
		UNROLL
		for (int v = 0; v < 8; v++)
			u[i].w[v] = flipped(u[i].w[v]);
}

SEQK_INLINE void sums(shape s, const unit *u, const signs *sg, int g, const int8_t *const *q, size_t at, int na, int np,
                      vint *out)
{
	const int nv = s.group / 4, v0 = nv * g;
	UNROLL
	for (int j = 0; j < np * TILE; j++)
		out[j] = _mm512_setzero_si512();
	UNROLL
	for (int v = 0; v < nv; v++) {
		vint w[PANELS];
		UNROLL
		for (int p = 0; p < np; p++)
			w[p] = v_held(s.fit || sg ? u[p * SPAN].w[v0 + v] : flipped(u[p * SPAN].w[v0 + v]));
		UNROLL
		for (int j = 0; j < na; j++) {
			vint b = v_columns(q[j] + at + 4 * v);
			UNROLL
			for (int p = 0; p < np; p++)
				out[p * TILE + j] = _mm512_dpbusd_epi32(out[p * TILE + j], w[p], b);
		}
	}
}

void seqk_matmul_fill_vnni(seqk_matmul_table *t)
{
	_Static_assert((sizeof(unit) + sizeof(signs)) * PANELS * SPAN <= SEQK_MATMUL_PANEL_BYTES, "panels fit the scratch");
	fill_q8(t);
}
