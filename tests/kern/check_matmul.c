/* SPDX-License-Identifier: MIT */
/* matmul: every type and level against C bit for bit, C against double
 * precision, and against golden products. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/half.h"
#include "base/mem.h"
#include "checkkern.h"
#include "kernel/matmul_table.h"
#include "kernel/quant.h"

#ifdef CHECK_SIMDE
void seqk_matmul_fill_avx2_simde(seqk_matmul_table *t);
void seqk_matmul_fill_avx512_simde(seqk_matmul_table *t);
void seqk_matmul_fill_vnni_simde(seqk_matmul_table *t);
void seqk_matmul_fill_neon_simde(seqk_matmul_table *t);
void seqk_matmul_fill_dotprod_simde(seqk_matmul_table *t);
#endif

enum { BENCH_K = 2048 }; /* its rows are aligned */

/* n rows of k activations, x with random scales, 8-bit form by table t. */
typedef struct batch {
	seqk_act a;
	float *x;
} batch;

static batch batch_new(const seqk_matmul_table *t, size_t n, size_t k)
{
	size_t kpad = (k + 31) / 32 * 32, ldx = k + (k == BENCH_K ? 0 : (size_t)(check_random() % 5));
	batch b = {.x = seqp_alloc(n * ldx, sizeof(float))};
	for (size_t i = 0; i < n * ldx; i++)
		b.x[i] = check_normal() * (check_random() % 61 == 0 ? 20 : 1);
	b.a = (seqk_act){.x = b.x, .ldx = ldx, .n = n, .k = k, .q = seqp_alloc(n * kpad, 1),
	                 .scale = seqp_alloc(n * kpad / 32, sizeof(float)),
	                 .sum = seqp_alloc(n * kpad / 16, sizeof(float))};
	for (size_t j = 0; j < n; j++)
		t->act_row(&b.a, j);
	return b;
}

static void batch_free(batch *b)
{
	free(b->x);
	free(b->a.q);
	free(b->a.scale);
	free(b->a.sum);
}

/* Where a type keeps f16 (or f32, e8m0) numbers: kept finite and moderate. */
static void tame16(uint8_t *p)
{
	seqp_put16(p, seqp_f32_f16(check_normal() * 0.02f));
}

static void tame(int dtype, uint8_t *b)
{
	switch (dtype) {
	case SEQ_Q4_1: case SEQ_Q5_1: case SEQ_Q8_1: case SEQ_Q4_K: case SEQ_Q5_K: tame16(b + 2); /* fall through */
	case SEQ_Q4_0: case SEQ_Q5_0: case SEQ_Q8_0: case SEQ_IQ4_NL: case SEQ_IQ4_XS: case SEQ_IQ1_S:
	case SEQ_IQ2_XXS: case SEQ_IQ2_XS: case SEQ_IQ2_S: case SEQ_IQ3_XXS: case SEQ_IQ3_S: tame16(b); break;
	case SEQ_Q2_K: tame16(b + 80); tame16(b + 82); break;
	case SEQ_Q3_K: tame16(b + 108); break;
	case SEQ_Q6_K: tame16(b + 208); break;
	case SEQ_TQ1_0: tame16(b + 52); break;
	case SEQ_TQ2_0: tame16(b + 64); break;
	case SEQ_Q8_K: seqp_put32(b, seqp_f32_bits(check_normal() * 0.02f)); break;
	case SEQ_MXFP4: b[0] = (uint8_t)(120 + b[0] % 8); break;
	case SEQ_IQ1_M: b[55] &= 0x3f; break; /* the exponent's top bit */
	case SEQ_F32: seqp_put32(b, seqp_f32_bits(check_normal())); break;
	case SEQ_F16: tame16(b); break;
	case SEQ_BF16: seqp_put16(b, seqp_f32_bf16(check_normal())); break;
	case SEQ_F64: {
		double v = check_normal();
		memcpy(b, &v, 8);
		break;
	}
	default: break;
	}
}

/* rows x k random weights, `gap` bytes between rows, at an odd address. */
static uint8_t *weights_new(int dtype, size_t rows, size_t k, size_t gap, size_t *stride, uint8_t **base)
{
	const seq_dtype_row *t = seq_dtype_get(dtype);
	size_t blocks = k / t->block;
	*stride = blocks * t->bytes + gap;
	*base = malloc(rows * *stride + 1);
	uint8_t *w = *base + (gap & 1);
	check_bytes(w, rows * *stride);
	for (size_t r = 0; r < rows; r++)
		for (size_t b = 0; b < blocks; b++)
			tame(dtype, w + r * *stride + b * t->bytes);
	return w;
}

/* Sum in double of the very numbers the kernel reads, and of their absolute values. */
static double exact(const float *w, const batch *b, size_t j, bool q8, double *top)
{
	size_t k = b->a.k, kpad = (k + 31) / 32 * 32;
	double s = 0;
	*top = 0;
	for (size_t i = 0; i < k; i++) {
		double x = q8 ? (double)b->a.scale[(j * kpad + i) / 32] * b->a.q[j * kpad + i] : (double)b->x[j * b->a.ldx + i];
		s += w[i] * x;
		*top += fabs(w[i] * x);
	}
	return s;
}

/* Every rounding is at most 2^-24 of a partial sum, itself at most the sum of absolute
 * values (times 16 inside a group with a minimum, where d c and m may cancel: bounded by
 * taking the codes' own sizes); k / 16 groups of at most 4 roundings, or a span and the sums
 * of spans. */
static void bound(const char *what, int dtype, const float *w, const batch *b, const float *y, size_t rows, bool q8)
{
	size_t k = b->a.k;
	const seqk_quant *t = seqk_quant_get(dtype);
	double span = (double)(k < SEQK_MATMUL_SPAN ? k : SEQK_MATMUL_SPAN + k / SEQK_MATMUL_SPAN);
	double unit = 0x1p-24 * (q8 ? (t->min ? 64 : 4) * ((double)k / t->group + 2) : span);
	for (size_t j = 0; j < b->a.n; j++)
		for (size_t r = 0; r < rows; r++) {
			double top, want = exact(w + r * k, b, j, q8, &top), e = fabs(want - y[j * rows + r]);
			if (!check_that(e <= unit * top, "%s %s k %zu: y[%zu][%zu] = %g, exactly %g", what,
			                seq_dtype_get(dtype)->name, k, j, r, (double)y[j * rows + r], want))
				return;
		}
}

static void against_double(const seqk_matmul_table *t, int dtype)
{
	size_t k = seq_dtype_get(dtype)->block == 1 ? 131 : 512, rows = 5, stride;
	batch b = batch_new(t, 3, k);
	uint8_t *base, *w = weights_new(dtype, rows, k, 3, &stride, &base);
	float *f = seqp_alloc(rows * k, sizeof *f), *y = seqp_alloc(3 * rows, sizeof *y);
	void *scratch = seqp_alloc(seqk_matmul_scratch(k), 1);
	for (size_t r = 0; r < rows; r++)
		seqk_dequant(dtype, w + r * stride, f + r * k, k);
	t->exact[dtype](dtype, w, stride, &b.a, y, rows, 0, rows, scratch);
	bound("exact", dtype, f, &b, y, rows, false);
	if (t->q8[dtype]) {
		t->q8[dtype](dtype, w, stride, &b.a, y, rows, 0, rows, scratch);
		bound("q8", dtype, f, &b, y, rows, true);
	}
	free(scratch);
	free(f);
	free(y);
	free(base);
	batch_free(&b);
}

/* Golden products: y with x as it is, and with x that 8 bits hold exactly. */
static void golden(const seqk_matmul_table *t, int dtype)
{
	enum { ROWS = 64, K = 512 };
	char path[128];
	size_t n, nx, ny, nq;
	const char *name = seq_dtype_get(dtype)->name;
	snprintf(path, sizeof path, "refs/quants/%s/blocks.u8", name);
	uint8_t *w = check_shared(path, &n);
	snprintf(path, sizeof path, "refs/quants/%s/y.f32", name);
	float *y = check_shared(path, &ny), *x = check_shared("refs/quants/_source/x.f32", &nx), got[ROWS];
	snprintf(path, sizeof path, "refs/quants/%s/y_q8_0.f32", name);
	float *yq = check_shared(path, &nq);
	void *scratch = seqp_alloc(seqk_matmul_scratch(K), 1);
	if (!w || !y || !x || !yq) {
		check_skip("%s: no golden product", name);
	} else if (check_that(ny == sizeof got && nq == sizeof got && nx == 4 * K, "%s: sizes", name)) {
		batch b = batch_new(t, 1, K);
		b.a.x = x;
		t->exact[dtype](dtype, w, n / ROWS, &b.a, got, ROWS, 0, ROWS, scratch);
		check_that(check_distance(got, y, ROWS) < 2e-5, "%s: y off by %g", name, check_distance(got, y, ROWS));
		for (int i = 0; i < K; i += 32) { /* x as Q8_0 stores it */
			float top = 0;
			for (int l = 0; l < 32; l++)
				top = fmaxf(top, fabsf(x[i + l]));
			float d = top / 127, s = seqp_f16_f32(seqp_f32_f16(d));
			for (int l = 0; l < 32; l++)
				x[i + l] = s * roundf(x[i + l] * (1 / d));
		}
		t->act_row(&b.a, 0);
		if (t->q8[dtype])
			t->q8[dtype](dtype, w, n / ROWS, &b.a, got, ROWS, 0, ROWS, scratch);
		else
			t->exact[dtype](dtype, w, n / ROWS, &b.a, got, ROWS, 0, ROWS, scratch);
		check_that(check_distance(got, yq, ROWS) < 2e-5, "%s: y of 8 bits off by %g", name,
		           check_distance(got, yq, ROWS));
		batch_free(&b);
	}
	free(w);
	free(y);
	free(x);
	free(yq);
	free(scratch);
}

typedef struct problem {
	int dtype;
	size_t rows, k, stride;
	uint8_t *w, *base;
	batch b;
	float *y, *ref;
	void *scratch;
	const seqk_matmul_table *t;
	bool q8;
} problem;

static problem problem_new(int dtype, size_t rows, size_t n, size_t k, size_t gap)
{
	seqk_matmul_table c;
	problem p = {.dtype = dtype, .rows = rows, .k = k};
	seqk_matmul_fill_c(&c);
	p.w = weights_new(dtype, rows, k, gap, &p.stride, &p.base);
	p.b = batch_new(&c, n, k);
	p.y = seqp_alloc(n * rows, sizeof *p.y);
	p.ref = seqp_alloc(n * rows, sizeof *p.ref);
	p.scratch = seqp_alloc(seqk_matmul_scratch(k), 1);
	return p;
}

static void problem_free(problem *p)
{
	batch_free(&p->b);
	free(p->base);
	free(p->y);
	free(p->ref);
	free(p->scratch);
}

static void run(const problem *p, const seqk_matmul_table *t, bool q8, float *y, size_t r0, size_t r1)
{
	(q8 ? t->q8 : t->exact)[p->dtype](p->dtype, p->w, p->stride, &p->b.a, y, p->rows, r0, r1, p->scratch);
}

/* Whole, and cut at a random row with the activations one by one. */
static void level_once(const char *level, const seqk_matmul_table *c, const seqk_matmul_table *t,
                       int dtype, bool q8, size_t rows, size_t n, size_t k)
{
	problem p = problem_new(dtype, rows, n, k, check_random() % 7);
	const char *name = seq_dtype_get(dtype)->name;
	size_t cut = check_random() % (rows + 1);
	run(&p, c, q8, p.ref, 0, rows);
	for (size_t i = 0; i < n * rows; i++)
		p.y[i] = 12345;
	run(&p, t, q8, p.y, 0, rows);
	check_that(check_same(p.y, p.ref, n * rows), "%s %s %s: %zu rows, n %zu, k %zu", level, name, q8 ? "q8" : "exact",
	           rows, n, k);
	for (size_t i = 0; i < n * rows; i++)
		p.y[i] = 12345;
	if (cut)
		run(&p, t, q8, p.y, 0, cut);
	if (cut < rows)
		run(&p, t, q8, p.y, cut, rows);
	check_that(check_same(p.y, p.ref, n * rows), "%s %s %s: %zu rows cut at %zu, n %zu, k %zu", level, name,
	           q8 ? "q8" : "exact", rows, cut, n, k);
	problem_free(&p);
}

static void level_type(const char *level, const seqk_matmul_table *c, const seqk_matmul_table *t, int dtype, bool q8)
{
	static const size_t n[] = {1, 2, 3, 4, 5, 7, 8, 13, 19, 131}, rows[] = {1, 7, 8, 9, 16, 17, 33, 40};
	size_t block = seq_dtype_get(dtype)->block;
	for (size_t i = 0; i < sizeof n / sizeof *n; i++)
		for (size_t j = 0; j < 2; j++) {
			size_t r = rows[check_random() % 8], k = block * (1 + check_random() % (block > 32 ? 6 : 60));
			if (block == 1)
				k = 1 + check_random() % 1500;
			level_once(level, c, t, dtype, q8, n[i] > 100 ? 8 + r % 3 : r, n[i], n[i] > 100 && k > 600 ? 512 : k);
		}
}

static void level_act(const char *level, const seqk_matmul_table *c, const seqk_matmul_table *t)
{
	for (int i = 0; i < 40; i++) {
		size_t k = 1 + check_random() % 300, kpad = (k + 31) / 32 * 32;
		batch a = batch_new(c, 1, k), b = batch_new(c, 1, k);
		for (size_t l = 0; l < k; l++) {
			static const float odd[] = {0, -0.0f, 1e-45f, -3e-44f, 1e-38f, 3e38f, INFINITY, NAN, 5e-41f, 0.5f};
			a.x[l] = i % 4 == 0 ? odd[check_random() % 10] : i % 4 == 1 ? odd[check_random() % 5] : a.x[l];
			if (i % 4 == 2)
				a.x[l] = (float)((int)(check_random() % 255) - 127) / 2; /* many ties */
			b.x[l] = a.x[l];
		}
		c->act_row(&a.a, 0);
		t->act_row(&b.a, 0);
		check_that(memcmp(a.a.q, b.a.q, kpad) == 0, "%s activations: codes, k %zu, case %d", level, k, i);
		for (size_t l = 0; l < kpad / 32; l++)
			check_that(check_same(a.a.scale + l, b.a.scale + l, 1) || (isnan(a.a.scale[l]) && isnan(b.a.scale[l])),
			           "%s activations: scales, k %zu, case %d", level, k, i);
		check_that(check_same(a.a.sum, b.a.sum, kpad / 16), "%s activations: sums, k %zu, case %d", level, k, i);
		batch_free(&a);
		batch_free(&b);
	}
}

static void level_all(const char *level, const seqk_matmul_table *c, const seqk_matmul_table *t)
{
	level_act(level, c, t);
	for (int i = 0; i < SEQ_DTYPES; i++) {
		if (!seq_dtype_get(i))
			continue;
		level_type(level, c, t, i, false);
		if (seqk_quant_get(i))
			level_type(level, c, t, i, true);
	}
}

static void check(void)
{
	seqk_matmul_table c;
	seqk_matmul_fill_c(&c);
	for (int i = 0; i < SEQ_DTYPES; i++) {
		if (!seq_dtype_get(i))
			continue;
		if (seqk_quant_get(i) || i == SEQ_F32 || i == SEQ_F16 || i == SEQ_BF16)
			against_double(&c, i);
		if (i != SEQ_Q8_1 && i != SEQ_Q8_K && (seqk_quant_get(i) || i == SEQ_F16 || i == SEQ_BF16))
			golden(&c, i);
	}
	for (const check_level *l = check_levels() + 1; l->name; l++) {
		seqk_matmul_table t;
		seqk_matmul_fill(&t, l->bits);
		level_all(l->name, &c, &t);
	}
#ifdef CHECK_SIMDE
	seqk_matmul_table t = c;
	seqk_matmul_fill_avx2_simde(&t);
	level_all("avx2 by simde", &c, &t);
	seqk_matmul_fill_avx512_simde(&t);
	seqk_matmul_fill_vnni_simde(&t);
	level_all("vnni by simde", &c, &t);
#ifndef __aarch64__
	seqk_matmul_fill_neon_simde(&t);
	level_all("neon by simde", &c, &t);
	seqk_matmul_fill_dotprod_simde(&t);
	level_all("dotprod by simde", &c, &t);
#endif
#endif
}

static void once(void *arg)
{
	const problem *p = arg;
	run(p, p->t, p->q8, p->y, 0, p->rows);
}

/* n of the activations that p was made with, against the best that the machine does now. */
static void bench_one(const char *level, problem *p, size_t n, double *one)
{
	p->b.a.n = n;
	double s = check_time(once, p), bytes = (double)(p->rows * p->stride), ops = 2.0 * (double)(p->rows * n * p->k);
	double peak = p->q8 ? check_peaks()->int8 : check_peaks()->fma;
	*one = n == 1 ? s : *one;
	printf("%-10s %-8s %-6s n %3zu  %7.2f GB/s %3.0f%%  %7.1f Gop/s %3.0f%%", level, seq_dtype_get(p->dtype)->name,
	       p->q8 ? "q8" : "exact", n, bytes / s * 1e-9, 100 * bytes / s / check_peaks()->read, ops / s * 1e-9,
	       100 * ops / s / peak);
	printf(n <= 16 ? "  %5.2f x one\n" : "\n", s / *one);
}

/* Few activations read weights that no cache holds; many reuse them. */
static void bench_type(const char *level, const seqk_matmul_table *t, int dtype)
{
	static const size_t few[] = {1, 2, 4, 8, 16};
	double one = 0;
	problem p = problem_new(dtype, 16384, 16, BENCH_K, 0);
	p.t = t;
	p.q8 = seqk_quant_get(dtype);
	for (size_t i = 0; i < sizeof few / sizeof *few; i++)
		bench_one(level, &p, few[i], &one);
	problem_free(&p);
	p = problem_new(dtype, 256, 512, BENCH_K, 0);
	p.t = t;
	p.q8 = seqk_quant_get(dtype);
	bench_one(level, &p, 512, &one);
	problem_free(&p);
}

static void bench(void)
{
	for (const check_level *l = check_levels() + 1; l->name; l++) {
		seqk_matmul_table t;
		seqk_matmul_fill(&t, l->bits);
		for (int i = 0; i < SEQ_DTYPES; i++)
			if (seq_dtype_get(i) && (seqk_quant_get(i) || i == SEQ_F32 || i == SEQ_F16 || i == SEQ_BF16))
				if (!check_only || !strcmp(check_only, seq_dtype_get(i)->name))
					bench_type(l->name, &t, i);
	}
}

const check_family check_matmul = {"matmul", check, bench};
