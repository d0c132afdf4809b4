/* SPDX-License-Identifier: MIT */
/* Sixteen numbers of which only the first n may be there; and single registers.  Included after a lanes_*.h. */
#ifndef KERNEL_PART_BODY_H
#define KERNEL_PART_BODY_H

LANES v16 v_part(const float *p, size_t n) { return n < 16 ? v_loadn(p, n) : v_load(p); }
LANES void v_put_part(float *p, v16 v, size_t n)
{
	if (n < 16)
		v_storen(p, v, n);
	else
		v_store(p, v);
}

/* Where a level has not said what one register is, it is the sixteen lanes. */
#ifndef V_REG
#define V_REG 16
typedef v16 vreg;
LANES vreg r_load(const float *p) { return v_load(p); }
LANES void r_store(float *p, vreg x) { v_store(p, x); }
LANES vreg r_set1(float s) { return v_set1(s); }
LANES vreg r_mul(vreg x, vreg y) { return v_mul(x, y); }
LANES vreg r_fma(vreg x, vreg y, vreg z) { return v_fma(x, y, z); }
LANES vreg r_load_f16(const uint16_t *p) { return v_load_f16(p); }
LANES vreg r_load_bf16(const uint16_t *p) { return v_load_bf16(p); }
LANES vreg r_load_i8(const int8_t *p) { return v_load_i8(p); }
LANES vreg r_keep(vreg x) { return x; }
/* Registers of sums for each of G rows that share their loads. */
#define V_REGS(G) ((G) * 4 <= V_TILE ? 4 : (G) * 2 <= V_TILE ? 2 : 1)
#endif

#endif
