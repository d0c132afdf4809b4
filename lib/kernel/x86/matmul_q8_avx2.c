/* SPDX-License-Identifier: MIT */
/* Quantised weights, AVX2.  vpmaddubsw multiplies unsigned by signed bytes and adds
 * pairs in 16 bits: exact as long as 2 * 127 * code fits, that is for codes to
 * 128.  Signed codes give |w| to one side and their sign to the other, which
 * holds for -128 too, since activations stay within 127. */
#include "kernel/x86/levels.h"
#include "kernel/x86/wide_avx2.h"

#include "kernel/x86/loader.h"

enum { TILE = 4, PANELS = 2, SPAN = 32, SIGNED_OFF = 0 };

#include "kernel/x86/tile_q8.h"

SEQK_INLINE vint four_columns(const int8_t *q)
{
	int x;
	__builtin_memcpy(&x, q, 4);
	return _mm256_set1_epi32(x);
}

SEQK_INLINE void sums_signed(const vint *w, int nv, const int8_t *const *q, size_t at, int na, vint *out)
{
	vint one = _mm256_set1_epi16(1);
	UNROLL
	for (int v = 0; v < nv; v++) {
		vint c = w[v], size = _mm256_abs_epi8(c);
		UNROLL
		for (int j = 0; j < na; j++) {
			vint x = _mm256_sign_epi8(four_columns(q[j] + at + 4 * v), c);
			x = _mm256_madd_epi16(_mm256_maddubs_epi16(size, x), one);
			out[j] = v ? _mm256_add_epi32(out[j], x) : x;
		}
	}
}

SEQK_INLINE void sums(shape s, const vint *w, int nv, const int8_t *const *q, size_t at, int na, vint *out)
{
	vint one = _mm256_set1_epi16(1), part[TILE];
	if (!s.fit) {
		sums_signed(w, nv, q, at, na, out);
		return;
	}
	UNROLL
	for (int j = 0; j < na; j++)
		part[j] = out[j] = _mm256_setzero_si256();
	UNROLL
	for (int v = 0; v < nv; v++) {
		UNROLL
		for (int j = 0; j < na; j++) {
			vint x = _mm256_maddubs_epi16(w[v], four_columns(q[j] + at + 4 * v));
			part[j] = v % s.fit ? _mm256_add_epi16(part[j], x) : x;
		}
		if (v % s.fit < s.fit - 1)
			continue;
		UNROLL
		for (int j = 0; j < na; j++) {
			vint x = _mm256_madd_epi16(part[j], one);
			out[j] = v < s.fit ? x : _mm256_add_epi32(out[j], x);
		}
	}
}

void seqk_matmul_q8_avx2(seqk_matmul_table *t)
{
	_Static_assert(sizeof(unit) * PANELS * SPAN <= SEQK_MATMUL_PANEL_BYTES, "panels fit the scratch");
	fill_q8(t);
}
