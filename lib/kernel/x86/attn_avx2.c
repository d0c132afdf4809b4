/* SPDX-License-Identifier: MIT */
/* attn.h on AVX2. */
#include "kernel/x86/lanes_avx2.h"

/* Tiles of single registers, sixteen in all: sums for each of G rows. */
#define V_REGS(G) ((G) == 1 ? 8 : (G) <= 3 ? 4 : 2)
LANES vreg r_load_f16(const uint16_t *p) { return _mm256_cvtph_ps(v_half(p)); }
LANES vreg r_load_bf16(const uint16_t *p) { return v_bf8(p); }
LANES vreg r_load_i8(const int8_t *p) { return v_i8(p); }

#include "kernel/attn_body.h"

void seqk_fill_attn_avx2(seqk_table *t)
{
	fill_attn(t);
}
