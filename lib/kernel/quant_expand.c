/* SPDX-License-Identifier: MIT */
#include "kernel/quant_expand.h"

#include <pthread.h>
#include <string.h>

#include "base/half.h"
#include "kernel/quant_grid.h"

seqk_lattices seqk_lattice;

/* n values of `bits` bits, lowest first, by table. */
static void spread(void *to, unsigned row, int n, int bits, const int8_t *value)
{
	int8_t c[8];
	for (int i = 0; i < n; i++)
		c[i] = value[row >> (bits * i) & ((1u << bits) - 1)];
	memcpy(to, c, (size_t)n);
}

static void fill(void)
{
	static const int8_t one[4] = {-8, 0, 8}, two[4] = {8, 25, 43};
	static const int8_t xxs[16] = {4, 12, 20, 28, 36, 44, 52, 62}, s[16] = {1, 3, 5, 7, 9, 11, 13, 15};
	seqk_lattices *l = &seqk_lattice;
	for (int i = 0; i < 2048; i++)
		spread(&l->iq1[i], seqk_grid_iq1[i], 8, 2, one);
	for (int i = 0; i < 1024; i++)
		spread(&l->iq2s[i], seqk_grid_iq2s[i], 8, 2, two);
	for (int i = 0; i < 512; i++) {
		spread(&l->iq2xs[i], seqk_grid_iq2xs[i], 8, 2, two);
		spread(&l->iq3s[i], seqk_grid_iq3s[i], 4, 4, s);
	}
	for (int i = 0; i < 256; i++) {
		spread(&l->iq2xxs[i], seqk_grid_iq2xxs[i], 8, 2, two);
		spread(&l->iq3xxs[i], seqk_grid_iq3xxs[i], 4, 4, xxs);
	}
	/* The bits of a small float, its exponent off by 119; 127 stands for nothing. */
	for (uint32_t x = 0; x < 256; x++)
		l->nvfp4[x] = x == 127 ? 0 : seqp_bits_f32((x & 127) << 20) * 0x1p119f;
}

void seqk_lattice_fill(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, fill);
}
