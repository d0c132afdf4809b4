/* SPDX-License-Identifier: MIT */
/* quantize.h: the same bytes at every level, and an error no larger than the bar of each type. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkkern.h"
#include "kernel/matmul.h"
#include "kernel/quantize.h"
#include "levels.h"
#include "seq/tensor.h"

/* Root mean square error over that of the tensor, of refs/quants: the C quantiser of ggml without an importance
 * matrix.  Its word: at most 1 % worse. */
static const struct bar {
	int dtype;
	double most;
} bars[] = {
	{SEQ_Q8_0, 0.0071795}, {SEQ_Q4_0, 0.1148173}, {SEQ_Q4_1, 0.0887577}, {SEQ_Q5_0, 0.0568899}, {SEQ_Q5_1, 0.0431263},
	{SEQ_Q2_K, 0.3333759}, {SEQ_Q3_K, 0.1803443}, {SEQ_Q4_K, 0.0824756}, {SEQ_Q5_K, 0.0417354}, {SEQ_Q6_K, 0.0219641},
	{SEQ_F16, 0.00020730}, {SEQ_BF16, 0.0016701},
};
enum { BARS = sizeof bars / sizeof bars[0] };

/* Weighted error of decoded blocks; w NULL: all one. */
static double error_of(const struct bar *b, const float *x, const float *w, size_t n, const float *with)
{
	size_t bytes = (size_t)seq_dtype_bytes(b->dtype, (int64_t)n);
	uint8_t *out = malloc(bytes);
	float *y = malloc(n * sizeof *y);
	double sum = 0, all = 0;
	seqk_quantize(b->dtype, x, with, out, n);
	seqk_dequant(b->dtype, out, y, n);
	for (size_t i = 0; i < n; i++) {
		double g = w ? (double)w[i] : 1, e = (double)x[i] - (double)y[i];
		sum += g * e * e;
		all += g * (double)x[i] * (double)x[i];
	}
	free(out);
	free(y);
	return sqrt(sum / all);
}

static void check_bars(void)
{
	size_t bytes;
	float *x = check_shared("refs/quants/_source/original.f32", &bytes);
	if (!x) {
		check_skip("quantize: no refs/quants/_source");
		return;
	}
	for (size_t i = 0; i < BARS; i++) {
		const char *name = seq_dtype_get(bars[i].dtype)->name;
		double e = error_of(&bars[i], x, NULL, bytes / 4, NULL);
		check_that(e <= bars[i].most, "%s: a relative error of %.6f, the bar is %.6f", name, e, bars[i].most);
		if (getenv("QUANTIZE_SHOW"))
			printf("%-5s %.6f of %.6f\n", name, e, bars[i].most);
	}
	free(x);
}

/* Blocks as they come in models, and as they should not. */
static void fill(float *x, float *w, size_t n, int kind)
{
	for (size_t i = 0; i < n; i++) {
		float r = check_normal();
		w[i] = kind == 5 ? (float)(check_random() % 3) : expf(2 * check_normal());
		switch (kind) {
		case 0: x[i] = 0; break;
		case 1: x[i] = -0.25f; break;
		case 2: x[i] = i % 256 == 77 ? 60000 : r * 1e-3f; break;
		case 3: x[i] = r * 1e-7f; break;
		case 4: x[i] = r + 3; break;
		case 6: x[i] = r * 1e-38f; break;
		case 7: x[i] = i & 1 ? SEQK_QUANTIZE_MAX : -SEQK_QUANTIZE_MAX; break;
		default: x[i] = r * (i % 61 ? 0.02f : 0.1f);
		}
	}
}

static void check_finite(const struct bar *b, const uint8_t *out, size_t n, int kind)
{
	float *y = malloc(n * sizeof *y);
	seqk_dequant(b->dtype, out, y, n);
	size_t i = 0;
	while (i < n && isfinite(y[i]) && fabsf(y[i]) < 2 * SEQK_QUANTIZE_MAX)
		i++;
	check_that(i == n, "%s, case %d: element %zu decodes to %g", seq_dtype_get(b->dtype)->name, kind, i,
	           i < n ? (double)y[i] : 0);
	free(y);
}

static void check_levels_agree(void)
{
	enum { N = 512, CASES = 9, TIMES = 6 };
	size_t nlevels;
	const level *l = levels(&nlevels);
	static float x[N], w[N];
	static uint8_t ref[N * 2], got[N * 2];
	for (int round = 0; round < CASES * TIMES; round++) {
		fill(x, w, N, round % CASES);
		for (size_t i = 0; i < BARS; i++) {
			int row = seqk_quantize_row(bars[i].dtype);
			if (row < 0)
				continue;
			const seq_dtype_row *t = seq_dtype_get(bars[i].dtype);
			size_t blocks = N / t->block;
			for (size_t k = 0; k < nlevels; k++) {
				for (size_t j = 0; j < blocks; j++)
					l[k].t.quantize[row](x + j * t->block, round & 1 ? w + j * t->block : NULL,
					                     (k ? got : ref) + j * t->bytes);
				check_that(!k || !memcmp(ref, got, blocks * t->bytes), "%s at %s, case %d: other bytes than C", t->name,
				           l[k].name, round % CASES);
			}
			check_finite(&bars[i], ref, N, round % CASES);
		}
	}
}

/* Weights must pay: the weighted error with them is below the one without. */
static void check_weights(void)
{
	enum { N = 64 * 256 };
	float *x = malloc(N * sizeof *x), *w = malloc(N * sizeof *w);
	fill(x, w, N, 8);
	for (size_t i = 1; i < BARS; i++) { /* Q8_0 has no search */
		if (seqk_quantize_row(bars[i].dtype) < 0)
			continue;
		double with = error_of(&bars[i], x, w, N, w), without = error_of(&bars[i], x, w, N, NULL);
		check_that(with < 0.98 * without, "%s: weighted error %.6f with weights, %.6f without",
		           seq_dtype_get(bars[i].dtype)->name, with, without);
	}
	free(x);
	free(w);
}

static void check(void)
{
	check_bars();
	check_levels_agree();
	check_weights();
}

/* --- speed -------------------------------------------------------------------------------------- */

enum { SPEED = 64 * 256 };
static struct {
	const level *l;
	int dtype;
	float x[SPEED];
	uint8_t out[SPEED * 2];
} run;

static void once(void *arg)
{
	const seq_dtype_row *t = seq_dtype_get(run.dtype);
	seqk_quantize_fn *f = run.l->t.quantize[seqk_quantize_row(run.dtype)];
	(void)arg;
	for (size_t j = 0; j < SPEED / t->block; j++)
		f(run.x + j * t->block, NULL, run.out + j * t->bytes);
}

static void bench(void)
{
	size_t n;
	const level *l = levels(&n);
	for (size_t i = 0; i < SPEED; i++)
		run.x[i] = check_normal() * 0.02f;
	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < BARS; i++) {
			run.l = &l[k], run.dtype = bars[i].dtype;
			if (!l[k].native || seqk_quantize_row(run.dtype) < 0)
				continue;
			printf("quantize %-5s %-7s %8.1f MB/s of f32\n", seq_dtype_get(run.dtype)->name, l[k].name,
			       SPEED * 4 / check_time(once, NULL) / 1e6);
		}
}

const check_family check_quantize = {"quantize", check, bench};
