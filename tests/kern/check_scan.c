/* SPDX-License-Identifier: MIT */
/* scan.h: every level has the bits of C; any cut of time or channels has the bits of the whole; C is near
 * double precision (2e-5 of the largest: a sum of N products whose factors carry the errors of exp, 1 ulp a
 * step, damped by the decay). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkkern.h"
#include "levels.h"

enum { T = 77, WIDE = 4096, BIG = 65536 };

static float x[BIG], dt[BIG], z[BIG], B[BIG], C[BIG], A[WIDE], D[WIDE], w[WIDE], bias[WIDE], start[BIG];

static void make(void)
{
	random_floats(x, BIG, 2), random_floats(z, BIG, 3), random_floats(B, BIG, 1), random_floats(C, BIG, 1);
	random_floats(D, WIDE, 1), random_floats(w, WIDE, 1), random_floats(bias, WIDE, 1), random_floats(start, BIG, 1);
	random_floats(dt, BIG, 1), random_floats(A, WIDE, 2);
	for (size_t i = 0; i < BIG; i++)
		dt[i] = fabsf(dt[i]);
	for (size_t i = 0; i < WIDE; i++)
		A[i] = -fabsf(A[i]);
}

typedef struct result {
	float y[BIG], state[BIG];
} result;

/* One operation over times [t0, t1) and channels (heads) [c0, c1). */
typedef struct shape {
	size_t c, n, k, g; /* channels or heads; state width; conv width or P; groups */
	int flag;
} shape;
typedef void op_fn(const seqk_table *t, const shape *s, result *r, size_t t0, size_t t1, size_t c0, size_t c1);

static void do_conv(const seqk_table *t, const shape *s, result *r, size_t t0, size_t t1, size_t c0, size_t c1)
{
	size_t ld = s->c + 3;
	t->conv(r->y + t0 * ld, ld, x + t0 * ld, ld, t1 - t0, w, s->flag ? bias : NULL, s->k, s->flag, r->state, c0, c1);
}

static void do_mamba(const seqk_table *t, const shape *s, result *r, size_t t0, size_t t1, size_t c0, size_t c1)
{
	size_t ld = s->c + 1, ldbc = s->n + 2;
	seqk_scan1 a = { .x = x + t0 * ld, .dt = dt + t0 * ld, .z = s->flag ? z + t0 * ld : NULL, .B = B + t0 * ldbc,
		             .C = C + t0 * ldbc, .ldx = ld, .lddt = ld, .ldz = ld, .ldbc = ldbc, .A = A, .D = D,
		             .y = r->y + t0 * ld, .ldy = ld, .h = r->state, .n = t1 - t0, .N = s->n };
	t->scan_mamba(&a, c0, c1);
}

static void do_mamba2(const seqk_table *t, const shape *s, result *r, size_t t0, size_t t1, size_t h0, size_t h1)
{
	size_t ld = s->c * s->k + 1, lddt = s->c + 2, ldbc = s->n * s->g + 3;
	seqk_scan2 a = { .x = x + t0 * ld, .dt = dt + t0 * lddt, .B = B + t0 * ldbc, .C = C + t0 * ldbc, .ldx = ld,
		             .lddt = lddt, .ldbc = ldbc, .A = A, .D = D, .y = r->y + t0 * ld, .ldy = ld, .S = r->state,
		             .n = t1 - t0, .H = s->c, .G = s->g, .P = s->k, .N = s->n };
	t->scan_mamba2(&a, h0, h1);
}

static bool same(const result *a, const result *b)
{
	return same_floats(a->y, b->y, BIG) && same_floats(a->state, b->state, BIG);
}

static void reset(result *r)
{
	memset(r->y, 0, sizeof r->y);
	memcpy(r->state, start, sizeof r->state);
}

static void laws(const char *name, op_fn *op, const shape *s)
{
	static result whole, got;
	static const size_t cuts[] = { 1, 3, 8, 16, 50 };
	size_t n;
	const level *l = levels(&n);
	reset(&whole);
	op(&l[0].t, s, &whole, 0, T, 0, s->c);
	for (size_t i = 0; i < n; i++) {
		size_t step = cuts[check_random() % 5], mid = check_random() % (s->c + 1);
		reset(&got);
		op(&l[i].t, s, &got, 0, T, 0, s->c);
		check_that(same(&whole, &got), "%s: %s differs from C: c %zu n %zu k %zu", name, l[i].name, s->c, s->n, s->k);
		reset(&got);
		for (size_t t = 0; t < T; t += step) {
			size_t end = t + step < T ? t + step : T;
			op(&l[i].t, s, &got, t, end, 0, mid);
			op(&l[i].t, s, &got, t, end, mid, s->c);
		}
		check_that(same(&whole, &got), "%s: %s in steps of %zu, cut at %zu, differs: c %zu n %zu k %zu", name, l[i].name,
		           step, mid, s->c, s->n, s->k);
	}
}

static void check_conv(void)
{
	for (size_t K = 2; K <= 8; K++)
		for (size_t c = 1; c < 70; c += 11)
			for (int f = 0; f < 2; f++)
				laws("conv", do_conv, &(shape){ .c = c, .k = K, .flag = f });
}

/* y may be x */
static void check_conv_in_place(void)
{
	static float a[T * 40], b[T * 40], s1[WIDE], s2[WIDE];
	size_t n;
	const level *l = levels(&n);
	for (size_t i = 0; i < n; i++) {
		memcpy(a, x, sizeof a);
		memcpy(s1, start, sizeof s1), memcpy(s2, start, sizeof s2);
		l[i].t.conv(a, 40, a, 40, T, w, bias, 4, 1, s1, 0, 40);
		l[i].t.conv(b, 40, x, 40, T, w, bias, 4, 1, s2, 0, 40);
		check_that(same_floats(a, b, T * 40) && same_floats(s1, s2, 120), "conv: %s in place differs", l[i].name);
	}
}

static double worse(double a, double got, double want)
{
	double e = fabs(got - want) / fmax(1, fabs(want));
	return !(e <= a) ? e : a;
}

static void exact_mamba(size_t N)
{
	static result r;
	size_t n;
	const shape s = { .c = 21, .n = N };
	reset(&r);
	do_mamba(&levels(&n)[0].t, &s, &r, 0, T, 0, s.c);
	double bad = 0;
	for (size_t c = 0; c < s.c; c++) {
		double h[64];
		for (size_t i = 0; i < N; i++)
			h[i] = start[c * N + i];
		for (size_t t = 0; t < T; t++) {
			double y = (double)D[c] * x[t * 22 + c], d = dt[t * 22 + c];
			for (size_t i = 0; i < N; i++) {
				h[i] = exp(d * A[c * N + i]) * h[i] + d * x[t * 22 + c] * B[t * (N + 2) + i];
				y += h[i] * C[t * (N + 2) + i];
			}
			bad = worse(bad, r.y[t * 22 + c], y);
		}
		for (size_t i = 0; i < N; i++)
			bad = worse(bad, r.state[c * N + i], h[i]);
	}
	check_that(bad <= 2e-5, "mamba: C is %g from exact, N = %zu", bad, N);
}

static void exact_mamba2(size_t N)
{
	static result r;
	size_t n;
	const shape s = { .c = 6, .n = N, .k = 5, .g = 2 };
	const size_t ld = 31, lddt = 8, ldbc = 2 * N + 3;
	reset(&r);
	do_mamba2(&levels(&n)[0].t, &s, &r, 0, T, 0, 6);
	double bad = 0;
	for (size_t p = 0; p < 30; p++) {
		double S[200];
		for (size_t i = 0; i < N; i++)
			S[i] = start[p * N + i];
		for (size_t t = 0; t < T; t++) {
			size_t h = p / 5, g = h / 3;
			double d = dt[t * lddt + h], y = (double)D[h] * x[t * ld + p];
			for (size_t i = 0; i < N; i++) {
				S[i] = exp(d * A[h]) * S[i] + d * x[t * ld + p] * B[t * ldbc + g * N + i];
				y += S[i] * C[t * ldbc + g * N + i];
			}
			bad = worse(bad, r.y[t * ld + p], y);
		}
	}
	check_that(bad <= 2e-5, "mamba2: C is %g from exact, N = %zu", bad, N);
}

static void check(void)
{
	static const size_t widths[] = { 1, 8, 15, 16, 17, 33, 64 };
	make();
	check_conv();
	check_conv_in_place();
	for (size_t i = 0; i < 7; i++)
		for (size_t c = 1; c < 40; c += 9)
			for (int f = 0; f < 2; f++)
				laws("mamba", do_mamba, &(shape){ .c = c, .n = widths[i], .flag = f });
	static const size_t wide[] = { 1, 16, 24, 64, 80, 128, 144 };
	for (size_t i = 0; i < 7; i++)
		for (size_t P = 1; P < 9; P += 3)
			for (size_t g = 1; g <= 2; g++)
				laws("mamba2", do_mamba2, &(shape){ .c = 4, .n = wide[i], .k = P, .g = g });
	exact_mamba(16), exact_mamba(13), exact_mamba2(16), exact_mamba2(128), exact_mamba2(72);
}

/* Speed: as many channels as a 0.4B model has in one layer. */
enum { BENCH_T = 64, CH = 2048, HEADS = 32, P2 = 64, N2 = 128 };

typedef struct job {
	const seqk_table *t;
	seqk_scan1 one;
	seqk_scan2 two;
	float *state;
} job;

static void time_conv(void *p)
{
	static float taps[4 * CH];
	job *j = p;
	j->t->conv(j->one.y, CH, j->one.x, CH, BENCH_T, taps, bias, 4, 1, j->state, 0, CH);
}

static void time_conv3(void *p)
{
	static float taps[3 * CH];
	job *j = p;
	j->t->conv(j->one.y, CH, j->one.x, CH, BENCH_T, taps, NULL, 3, 0, j->state, 0, CH);
}

static void time_mamba(void *p)
{
	job *j = p;
	j->t->scan_mamba(&j->one, 0, CH);
}

static void time_mamba2(void *p)
{
	job *j = p;
	j->t->scan_mamba2(&j->two, 0, HEADS);
}

static void fresh(float **p, size_t n, float span)
{
	*p = aligned_alloc(64, (n * sizeof **p + 63) / 64 * 64);
	random_floats(*p, n, span);
}

/* A fma counts as two; 14 of the 20 of a Mamba element are its exp2.  Bytes: of the state, in and out. */
static void report(const char *what, const char *by, double s, double tokens, double flop, double bytes)
{
	printf("scan %-14s %-8s %8.0f tokens/s a layer %6.1f Gflop/s %3.0f%%", what, by, tokens / s, flop / s * 1e-9,
	       100 * flop / s / check_peaks()->fma);
	if (bytes > 0)
		printf(" %6.2f GB/s", bytes / s * 1e-9);
	putchar('\n');
}

static void bench(void)
{
	size_t n;
	const level *l = levels(&n);
	float *in, *out, *state, *gate, *a, *bc, *step;
	make();
	fresh(&in, BENCH_T * CH, 1), fresh(&out, BENCH_T * CH, 1), fresh(&state, (size_t)HEADS * P2 * N2, 1);
	fresh(&gate, BENCH_T * CH, 1), fresh(&a, CH * 16, 1), fresh(&bc, BENCH_T * 4 * N2, 1), fresh(&step, BENCH_T * CH, 1);
	for (size_t i = 0; i < CH * 16; i++)
		a[i] = -fabsf(a[i]) - 0.1f;
	for (size_t i = 0; i < BENCH_T * CH; i++)
		step[i] = fabsf(step[i]);
	for (size_t i = 0; i < n; i++) {
		if (!l[i].native)
			continue;
		job j = { .t = &l[i].t, .state = state };
		j.one = (seqk_scan1){ in, step, gate, bc, bc + N2, CH, CH, CH, 2 * N2, a, D, out, CH, state, BENCH_T, 16 };
		j.two = (seqk_scan2){ in, step, bc, bc + N2, CH, HEADS, 2 * N2, a, D, out, CH, state, BENCH_T, HEADS, 1, P2, N2 };
		report("conv4 silu", l[i].name, check_time(time_conv, &j), BENCH_T, BENCH_T * CH * 8., 0);
		report("conv3", l[i].name, check_time(time_conv3, &j), BENCH_T, BENCH_T * CH * 6., 0);
		report("mamba N 16", l[i].name, check_time(time_mamba, &j), BENCH_T, BENCH_T * CH * 16. * 20, 0);
		report("mamba2 N 128", l[i].name, check_time(time_mamba2, &j), BENCH_T, (double)BENCH_T * CH * N2 * 5, 0);
		j.one.n = 1, j.two.n = 1;
		report("mamba, 1 step", l[i].name, check_time(time_mamba, &j), 1, CH * 16. * 20, 12. * CH * 16);
		report("mamba2, 1 step", l[i].name, check_time(time_mamba2, &j), 1, (double)CH * N2 * 5, 8. * CH * N2);
	}
	free(in), free(out), free(state), free(gate), free(a), free(bc), free(step);
}

const check_family check_scan = { "scan", check, bench };
