/* SPDX-License-Identifier: MIT */
/* Reference in C: the order of matmul.h, word for word. */
#include <math.h>
#include <string.h>

#include "base/half.h"
#include "kernel/matmul_table.h"
#include "kernel/quant.h"

static void act_block(const float *x, size_t n, int8_t *q, float *scale, float *sum)
{
	uint32_t top = 0; /* bits of max |x|; a NaN is above all */
	for (size_t i = 0; i < n; i++) {
		uint32_t u = seqp_f32_bits(x[i]) & 0x7fffffffu;
		top = u > top ? u : top;
	}
	float s = seqp_bits_f32(top) / 127;
	int part[2] = {0, 0};
	*scale = s;
	for (size_t i = 0; i < 32; i++) {
		float v = i < n && s > 0 && top < 0x7f800000u ? x[i] / s : 0;
		v = v > 127 ? 127 : v < -127 ? -127 : v;
		q[i] = (int8_t)(v + 0x1.8p23f - 0x1.8p23f); /* to nearest even */
		part[i / 16] += q[i];
	}
	sum[0] = (float)part[0];
	sum[1] = (float)part[1];
}

static void act_row(const seqk_act *a, size_t j)
{
	size_t blocks = (a->k + 31) / 32;
	const float *x = a->x + j * a->ldx;
	for (size_t b = 0; b < blocks; b++) {
		size_t left = a->k - 32 * b, at = j * blocks + b;
		act_block(x + 32 * b, left < 32 ? left : 32, a->q + 32 * at, a->scale + at, a->sum + 2 * at);
	}
}

/* One block of codes times one row of activations from block column `at`. */
static float block_dot(const seqk_quant *t, const int8_t *c, const float *d, const float *m,
                       const int8_t *q, const float *scale, const float *sum, float acc)
{
	for (int g = 0; g < t->block / t->group; g++) {
		int isum = 0;
		for (int i = 0; i < t->group; i++)
			isum += c[g * t->group + i] * q[g * t->group + i];
		float s = scale[g * t->group / 32];
		acc = fmaf(d[g] * s, (float)isum, acc);
		if (t->min)
			acc = fmaf(m[g], s * (t->group == 16 ? sum[g] : sum[2 * g] + sum[2 * g + 1]), acc);
	}
	return acc;
}

static void matmul_q8(int dtype, const void *w, size_t stride, const seqk_act *a,
                      float *y, size_t ldy, size_t r0, size_t r1, void *scratch)
{
	const seqk_quant *t = seqk_quant_get(dtype);
	size_t kpad = (a->k + 31) / 32 * 32;
	int8_t c[SEQK_QUANT_BLOCK];
	float d[SEQK_QUANT_GROUPS], m[SEQK_QUANT_GROUPS];
	(void)scratch;
	for (size_t r = r0; r < r1; r++) {
		const uint8_t *b = (const uint8_t *)w + r * stride;
		for (size_t j = 0; j < a->n; j++)
			y[j * ldy + r] = 0;
		for (size_t k = 0; k < a->k; k += t->block, b += t->bytes) {
			t->unpack(b, c, d, m);
			for (size_t j = 0; j < a->n; j++)
				y[j * ldy + r] = block_dot(t, c, d, m, a->q + j * kpad + k,
				                           a->scale + (j * kpad + k) / 32,
				                           a->sum + (j * kpad + k) / 16, y[j * ldy + r]);
		}
	}
}

static float dot(const float *w, const float *x, size_t k)
{
	float y = 0;
	for (size_t i = 0; i < k; i += SEQK_MATMUL_SPAN) {
		size_t end = k - i < SEQK_MATMUL_SPAN ? k : i + SEQK_MATMUL_SPAN;
		float sum = 0;
		for (size_t l = i; l < end; l++)
			sum = fmaf(w[l], x[l], sum);
		y = i ? y + sum : sum;
	}
	return y;
}

static void matmul_exact(int dtype, const void *w, size_t stride, const seqk_act *a,
                         float *y, size_t ldy, size_t r0, size_t r1, void *scratch)
{
	float *row = scratch;
	for (size_t r = r0; r < r1; r++) {
		seqk_dequant(dtype, (const char *)w + r * stride, row, a->k);
		for (size_t j = 0; j < a->n; j++)
			y[j * ldy + r] = dot(row, a->x + j * a->ldx, a->k);
	}
}

void seqk_matmul_fill_c(seqk_matmul_table *t)
{
	t->act_row = act_row;
	for (int i = 0; i < SEQ_DTYPES; i++) {
		t->q8[i] = seqk_quant_get(i) ? matmul_q8 : NULL;
		t->exact[i] = seq_dtype_get(i) ? matmul_exact : NULL;
	}
}
