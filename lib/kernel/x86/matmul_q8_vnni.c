/* SPDX-License-Identifier: MIT */
/* Quantised weights, AVX-512 VNNI.  vpdpbusd adds products of unsigned by signed bytes
 * in 32 bits, exactly; signed codes are made unsigned by 128, and 128 times the sum
 * of the activations taken off again. */
#include "kernel/x86/levels.h"
#include "kernel/x86/wide_avx512.h"

#include "kernel/x86/loader.h"

enum { TILE = 8, PANELS = 1, SPAN = 32, SIGNED_OFF = 128 };

#include "kernel/x86/tile_q8.h"

SEQK_INLINE void sums(shape s, const vint *w, int nv, const int8_t *const *q, size_t at, int na, vint *out)
{
	vint flip = _mm512_set1_epi8((char)0x80);
	UNROLL
	for (int j = 0; j < na; j++)
		out[j] = _mm512_setzero_si512();
	UNROLL
	for (int v = 0; v < nv; v++) {
		vint c = s.fit ? w[v] : _mm512_xor_si512(w[v], flip);
		UNROLL
		for (int j = 0; j < na; j++) {
			int x;
			__builtin_memcpy(&x, q[j] + at + 4 * v, 4);
			out[j] = _mm512_dpbusd_epi32(out[j], c, _mm512_set1_epi32(x));
		}
	}
}

void seqk_matmul_fill_vnni(seqk_matmul_table *t)
{
	_Static_assert(sizeof(unit) * PANELS * SPAN <= SEQK_MATMUL_PANEL_BYTES, "panels fit the scratch");
	fill_q8(t);
}
