/* SPDX-License-Identifier: MIT */
/* Quantised weights, AVX2.  vpmaddubsw multiplies unsigned by signed bytes and adds
 * pairs in 16 bits: exact as long as 2 * 127 * code fits, that is for codes to
 * 128.  Signed codes c give |c| to one side and their sign to the other: for one
 * activation as it is written; for many as sign(q) = (q ^ mask) - mask, mask = c >> 7,
 *     sum c q = sum |c| (q ^ mask) + sum of |c| where c < 0,
 * whose last term is made once a panel: vpxor has twice the pipes of vpsignb.  Both
 * hold for -128 too, since activations stay within 127. */
#include "kernel/x86/levels.h"
#include "kernel/x86/wide_avx2.h"

#include "kernel/x86/loader_grid.h"

enum { TILE = 4, PANELS = 2, SPAN = 32, SIGNED_OFF = 0 };

/* Of the signed codes of a unit: their masks, and what is to be added to a group's sums. */
typedef struct signs {
	vint mask[8], add[2];
} signs;

#include "kernel/x86/tile_q8.h"

/* w to |w| and signs. */
SEQK_INLINE void prepare(shape s, unit *u, signs *sg, size_t units)
{
	vint one8 = _mm256_set1_epi8(1), one16 = _mm256_set1_epi16(1);
	for (size_t i = 0; i < units; i++, u++, sg++)
		UNROLL
		for (int g = 0; g < 32 / s.group; g++) {
			vint sum = _mm256_setzero_si256();
			UNROLL
			for (int v = s.group / 4 * g; v < s.group / 4 * (g + 1); v++) {
				vint mask = _mm256_cmpgt_epi8(_mm256_setzero_si256(), u->w[v]), size = _mm256_abs_epi8(u->w[v]);
				u->w[v] = size;
				sg->mask[v] = mask;
				sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(_mm256_and_si256(size, mask), one8));
			}
			sg->add[g] = _mm256_madd_epi16(sum, one16);
		}
}

SEQK_INLINE void sums_prepared(const unit *u, const signs *sg, int v0, int v1, int g, const int8_t *const *q, size_t at,
                               int na, int np, vint *out)
{
	vint one = _mm256_set1_epi16(1);
	UNROLL
	for (int v = v0; v < v1; v++) {
		vint size[PANELS], mask[PANELS];
		UNROLL
		for (int p = 0; p < np; p++) {
			size[p] = v_held(u[p * SPAN].w[v]);
			mask[p] = v_held(sg[p * SPAN].mask[v]);
		}
		UNROLL
		for (int j = 0; j < na; j++) {
			vint b = v_columns(q[j] + at + 4 * (v - v0));
			UNROLL
			for (int p = 0; p < np; p++) {
				vint x = _mm256_maddubs_epi16(size[p], _mm256_xor_si256(b, mask[p])), *o = out + p * TILE + j;
				*o = v_held(_mm256_add_epi32(v > v0 ? *o : sg[p * SPAN].add[g], _mm256_madd_epi16(x, one)));
			}
		}
	}
}

SEQK_INLINE void sums_signed(const unit *u, int v0, int v1, const int8_t *const *q, size_t at, int na, vint *out)
{
	vint one = _mm256_set1_epi16(1);
	UNROLL
	for (int v = v0; v < v1; v++) {
		vint c = u->w[v], size = _mm256_abs_epi8(c);
		UNROLL
		for (int j = 0; j < na; j++) {
			vint x = _mm256_sign_epi8(v_columns(q[j] + at + 4 * (v - v0)), c);
			x = _mm256_madd_epi16(_mm256_maddubs_epi16(size, x), one);
			out[j] = v_held(v > v0 ? _mm256_add_epi32(out[j], x) : x);
		}
	}
}

SEQK_INLINE void sums(shape s, const unit *u, const signs *sg, int g, const int8_t *const *q, size_t at, int na, int np,
                      vint *out)
{
	vint one = _mm256_set1_epi16(1), part[SUMS];
	const int nv = s.group / 4, v0 = nv * g;
	if (sg) {
		sums_prepared(u, sg, v0, v0 + nv, g, q, at, na, np, out);
		return;
	}
	if (!s.fit) {
		sums_signed(u, v0, v0 + nv, q, at, na, out);
		return;
	}
	UNROLL
	for (int v = 0; v < nv; v++) {
		vint w[PANELS];
		UNROLL
		for (int p = 0; p < np; p++)
			w[p] = v_held(u[p * SPAN].w[v0 + v]);
		UNROLL
		for (int j = 0; j < na; j++) {
			vint b = v_columns(q[j] + at + 4 * v);
			UNROLL
			for (int p = 0; p < np; p++) {
				vint x = _mm256_maddubs_epi16(w[p], b), *y = part + p * TILE + j;
				*y = v_held(v % s.fit ? _mm256_add_epi16(*y, x) : x);
			}
		}
		if (v % s.fit < s.fit - 1 && v < nv - 1)
			continue;
		UNROLL
		for (int j = 0; j < na; j++)
			UNROLL
			for (int p = 0; p < np; p++) {
				vint x = _mm256_madd_epi16(part[p * TILE + j], one), *y = out + p * TILE + j;
				*y = v_held(v < s.fit ? x : _mm256_add_epi32(*y, x));
			}
	}
}

void seqk_matmul_q8_avx2(seqk_matmul_table *t)
{
	_Static_assert((sizeof(unit) + sizeof(signs)) * PANELS * SPAN <= SEQK_MATMUL_PANEL_BYTES, "panels fit the scratch");
	fill_q8(t);
}
