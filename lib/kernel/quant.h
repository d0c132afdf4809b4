/* SPDX-License-Identifier: MIT */
/* Quantised blocks, all read one way.
 *
 * Every quantised type is, in groups of 16 or 32 elements,
 *     w[i] = d * c[i] + m,   c[i] an integer in [-128, 127], d and m f32
 * (one rounding: the product first where it is not exact, then the sum).
 * d and m are part of the definition, since sums are formed from them:
 *
 *   Q4_0 Q5_0 Q8_0 Q8_1 IQ4_NL TQ1_0 TQ2_0   d = f16
 *   Q8_K                d = f32
 *   Q4_1 Q5_1           d, m = f16
 *   Q4_K Q5_K Q2_K      d = f16 d * scale, m = -(f16 dmin * min)
 *   Q3_K IQ4_XS         d = f16 d * (scale - 32)
 *   Q6_K                d = f16 d * scale
 *   IQ2_XXS _XS _S      d = f16 d * (scale + 0.5) * 0.25
 *   IQ3_XXS             d = f16 d * (scale + 0.5) * 0.5
 *   IQ3_S               d = f16 d * (2 scale + 1)
 *   IQ1_S IQ1_M         d = f16 d * (2 scale + 1) / 8, c = 8 grid +- 1
 *   MXFP4               d = 2^(e - 128), c = twice the e2m1 value
 *   NVFP4               d = half the ue4m3 value, c as MXFP4; 0x7f is 0
 *
 * All these products are exact in f32 except by underflow (f16 is 11 bits, the
 * scales at most 8): every level gets the same d whatever its order. */
#ifndef KERNEL_QUANT_H
#define KERNEL_QUANT_H

#include <stdbool.h>
#include <stdint.h>

enum { SEQK_QUANT_BLOCK = 256, SEQK_QUANT_GROUPS = 16 };

typedef struct seqk_quant {
	uint8_t group;   /* 16 or 32; 0: not a quantised type */
	bool min;        /* has m */
	uint16_t block;  /* elements of a block, at most SEQK_QUANT_BLOCK */
	uint16_t bytes;  /* bytes of a block */
	/* One block: block codes, block / group values of d and, if min, of m. */
	void (*unpack)(const uint8_t *b, int8_t *c, float *d, float *m);
} seqk_quant;

/* The row of a type, or NULL if it is not a quantised type. */
const seqk_quant *seqk_quant_get(int dtype);

void seqk_unpack_q4_0(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_q4_1(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_q5_0(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_q5_1(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_q8_0(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_q8_1(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_q2_k(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_q3_k(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_q4_k(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_q5_k(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_q6_k(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_q8_k(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_iq1_s(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_iq1_m(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_iq2_xxs(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_iq2_xs(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_iq2_s(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_iq3_xxs(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_iq3_s(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_iq4_nl(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_iq4_xs(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_tq1_0(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_tq2_0(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_mxfp4(const uint8_t *b, int8_t *c, float *d, float *m);
void seqk_unpack_nvfp4(const uint8_t *b, int8_t *c, float *d, float *m);

#endif
