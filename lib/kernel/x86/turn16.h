/* SPDX-License-Identifier: MIT */
/* F16 and BF16 turned as they are, in registers of eight columns a lane of 16 bytes. */
#ifndef KERNEL_X86_TURN16_H
#define KERNEL_X86_TURN16_H

#include "kernel/x86/panel_f32.h"

SEQK_INLINE vint f_row16(const uint8_t *w, size_t stride);
SEQK_INLINE void f_keep16(int as, uint8_t *group, int c, int h, vint v); /* column c, and c of the next group */

/* ROWS rows by 16 columns of 16 bits: pairs of rows, then fours, then eights. */
SEQK_INLINE void f_turn16(int as, const uint8_t *w, size_t stride, uint8_t *group, int h)
{
	vint a[8], b[8];
	UNROLL
	for (int i = 0; i < 4; i++) {
		vint x = f_row16(w + (size_t)(2 * i) * stride, stride), y = f_row16(w + (size_t)(2 * i + 1) * stride, stride);
		a[2 * i] = v_low16(x, y);
		a[2 * i + 1] = v_high16(x, y);
	}
	UNROLL
	for (int i = 0; i < 8; i++) {
		vint x = a[i / 4 * 4 + i / 2 % 2], y = a[i / 4 * 4 + i / 2 % 2 + 2];
		b[i] = i % 2 ? v_high32(x, y) : v_low32(x, y);
	}
	UNROLL
	for (int c = 0; c < 8; c++)
		f_keep16(as, group, c, h, c % 2 ? v_high64(b[c / 2], b[4 + c / 2]) : v_low64(b[c / 2], b[4 + c / 2]));
}

#endif
