/* SPDX-License-Identifier: MIT */
/* Dequantisation against golden values, bit for bit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkkern.h"
#include "kernel/matmul.h"
#include "kernel/quant.h"
#include "seq/tensor.h"

static void *load(bool shared, const char *name, const char *suffix, const char *file, size_t *bytes)
{
	char path[256];
	snprintf(path, sizeof path, "%squants/%s%s/%s", shared ? "refs/" : "", name, suffix, file);
	return shared ? check_shared(path, bytes) : check_ref(path, bytes);
}

static void golden(int dtype, bool shared, const char *suffix)
{
	const seq_dtype_row *row = seq_dtype_get(dtype);
	size_t bytes = 0, want = 0;
	void *blocks = load(shared, row->name, suffix, "blocks.u8", &bytes);
	float *ref = load(shared, row->name, suffix, "dequantised.f32", &want);
	size_t n = bytes / row->bytes * row->block;
	float *got = malloc(n * sizeof *got + 1);
	if (!blocks || !ref) {
		if (shared)
			check_skip("%s%s: no golden file", row->name, suffix);
		else
			check_that(dtype == SEQ_Q8_1 || dtype == SEQ_Q8_K, "%s: no golden file in tests/ref", row->name);
	} else if (check_that(want == n * sizeof *got, "%s%s: sizes", row->name, suffix)) {
		seqk_dequant(dtype, blocks, got, n);
		for (size_t i = 0; i < n; i++)
			if (!check_that(memcmp(got + i, ref + i, 4) == 0, "%s%s[%zu]: %a, not %a", row->name, suffix, i,
			                (double)got[i], (double)ref[i]))
				break;
	}
	free(blocks);
	free(ref);
	free(got);
}

static void check(void)
{
	for (int i = 0; i < SEQ_DTYPES; i++) {
		if (!seqk_quant_get(i) && i != SEQ_F16 && i != SEQ_BF16)
			continue;
		golden(i, false, "-bits");
		golden(i, true, "-bits");
		golden(i, true, "");
	}
}

const check_family check_quant = {"quant", check, NULL};
