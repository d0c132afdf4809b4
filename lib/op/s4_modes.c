/* SPDX-License-Identifier: MIT */
/* Systems kept as complex modes, one of each conjugate pair; y = 2 Re(C x) + D u.
 *   s4d     A = diag(lam) of each channel; zero-order hold or bilinear.  Gu et al., S4D, 2022.
 *   s4-nplr A = diag(lam) - P P*, bilinear, solved by Woodbury: with r = 2 Re(P* x), w = (2/dt + lam) x - P r + 2 B u,
 *           d = 1 / (2/dt - lam), q = 2 Re(P* d w): x = d (w - P q / (1 + 2 Re(P* d P))).  Gu et al., S4, 2021.
 *   s5      one system with many inputs and outputs, zero-order hold.  Smith et al., S5, 2022.
 * kernel = L puts out the convolution kernel, as in lti.c. */
#include <complex.h>
#include <math.h>
#include <string.h>

#include "kernel/vec.h"
#include "op/op_rows.h"

typedef double complex c64;

/* ---- s4d: per channel and mode [Abar re, im; Bbar re, im], each a row of N floats */
enum { U, D, DT, LAM_RE, LAM_IM, B_RE, B_IM, C_RE, C_IM, P_RE, P_IM };
enum { DISC, KERNEL };
enum { ZOH, BILINEAR };

static void hold(c64 lam, c64 B, double dt, c64 *a, c64 *b)
{
	*a = cexp(lam * dt);
	*b = cabs(lam) > 0 ? (*a - 1) / lam * B : dt * B;
}

static void put_mode(float *m, size_t n, size_t i, c64 a, c64 b)
{
	m[i] = (float)creal(a), m[n + i] = (float)cimag(a);
	m[2 * n + i] = (float)creal(b), m[3 * n + i] = (float)cimag(b);
}

static int make_s4d(const seqp_op_call *c, seq_error *err)
{
	size_t n = seqp_op_dim(c, 'N');
	(void)err;
	for (size_t i = 0; i < seqp_op_dim(c, 'C') * n; i++) {
		c64 lam = c->in[LAM_RE][i] + I * c->in[LAM_IM][i], B = c->in[B_RE][i] + I * c->in[B_IM][i], a, b;
		double dt = c->in[DT][i / n];
		hold(lam, B, dt, &a, &b);
		if ((int)c->number[DISC] == BILINEAR) {
			a = (1 + dt / 2 * lam) / (1 - dt / 2 * lam);
			b = dt * B / (1 - dt / 2 * lam);
		}
		put_mode(c->made + i / n * 4 * n, n, i % n, a, b);
	}
	return 0;
}

static size_t made_s4d(const seqp_op_call *c)
{
	return 4 * seqp_op_dim(c, 'C') * seqp_op_dim(c, 'N');
}

/* 2 Re(C x) */
static float both_halves(const float *cr, const float *ci, const float *xr, const float *xi, size_t n)
{
	return 2 * (seqk_dot(cr, xr, n) - seqk_dot(ci, xi, n));
}

static void step_s4d(const seqp_op_call *c, size_t ch, float u, float *xr, float *xi)
{
	size_t n = seqp_op_dim(c, 'N');
	const float *ar = c->made + ch * 4 * n, *ai = ar + n, *br = ai + n, *bi = br + n;
	for (size_t i = 0; i < n; i++) {
		float r = xr[i], s = xi[i];
		xr[i] = fmaf(br[i], u, ar[i] * r - ai[i] * s);
		xi[i] = fmaf(bi[i], u, ar[i] * s + ai[i] * r);
	}
}

/* ---- s4-nplr: per channel rows 2/dt + lam, d (re, im), d P q-factor (re, im); then 1 / (1 + ...) */
static int make_nplr(const seqp_op_call *c, seq_error *err)
{
	size_t n = seqp_op_dim(c, 'N');
	(void)err;
	for (size_t ch = 0; ch < seqp_op_dim(c, 'C'); ch++) {
		float *m = c->made + ch * (4 * n + 1);
		double sum = 0;
		for (size_t i = 0; i < n; i++) {
			c64 lam = c->in[LAM_RE][i] + I * c->in[LAM_IM][i], P = c->in[P_RE][i] + I * c->in[P_IM][i];
			c64 d = 1 / (2 / (double)c->in[DT][ch] - lam);
			put_mode(m, n, i, 2 / (double)c->in[DT][ch] + lam, d);
			sum += 2 * creal(conj(P) * d * P);
		}
		m[4 * n] = (float)(1 / (1 + sum));
	}
	return 0;
}

static size_t made_nplr(const seqp_op_call *c)
{
	return seqp_op_dim(c, 'C') * (4 * seqp_op_dim(c, 'N') + 1);
}

/* 2 Re(P* x) */
static float low_rank(const seqp_op_call *c, const float *xr, const float *xi, size_t n)
{
	return 2 * (seqk_dot(c->in[P_RE], xr, n) + seqk_dot(c->in[P_IM], xi, n));
}

static void step_nplr(const seqp_op_call *c, size_t ch, float u, float *xr, float *xi)
{
	size_t n = seqp_op_dim(c, 'N');
	const float *ar = c->made + ch * (4 * n + 1), *ai = ar + n, *dr = ai + n, *di = dr + n;
	const float *pr = c->in[P_RE], *pi = c->in[P_IM];
	float r = low_rank(c, xr, xi, n), *yr = c->scratch, *yi = yr + n;
	for (size_t i = 0; i < n; i++) {
		float wr = ar[i] * xr[i] - ai[i] * xi[i] - pr[i] * r + 2 * u * c->in[B_RE][i];
		float wi = ar[i] * xi[i] + ai[i] * xr[i] - pi[i] * r + 2 * u * c->in[B_IM][i];
		xr[i] = wr, xi[i] = wi;
		yr[i] = dr[i] * wr - di[i] * wi, yi[i] = dr[i] * wi + di[i] * wr;
	}
	float q = low_rank(c, yr, yi, n) * ar[4 * n];
	for (size_t i = 0; i < n; i++) {
		float wr = xr[i] - pr[i] * q, wi = xi[i] - pi[i] * q;
		xr[i] = dr[i] * wr - di[i] * wi, xi[i] = dr[i] * wi + di[i] * wr;
	}
}

typedef void step_fn(const seqp_op_call *c, size_t ch, float u, float *xr, float *xi);

/* Scratch: two rows of N for the step, two for the impulse. */
static void impulse(const seqp_op_call *c, size_t ch, step_fn *step)
{
	size_t n = seqp_op_dim(c, 'N'), L = seqp_op_dim(c, 'L');
	float *xr = c->scratch + 2 * n, *xi = xr + n;
	memset(xr, 0, 2 * n * sizeof *xr);
	for (size_t j = 0; j < L; j++) {
		step(c, ch, j == 0, xr, xi);
		c->out[1][ch * L + j] = both_halves(c->in[C_RE] + ch * n, c->in[C_IM] + ch * n, xr, xi, n);
	}
}

static void march(const seqp_op_call *c, size_t c0, size_t c1, step_fn *step)
{
	size_t n = seqp_op_dim(c, 'N');
	for (size_t ch = c0; ch < c1; ch++) {
		float *xr = c->state[0] + ch * n, *xi = c->state[1] + ch * n;
		for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++) {
			float u = *seqp_op_in(c, U, t, ch);
			step(c, ch, u, xr, xi);
			*seqp_op_out(c, 0, t, ch) =
				fmaf(c->in[D][ch], u, both_halves(c->in[C_RE] + ch * n, c->in[C_IM] + ch * n, xr, xi, n));
		}
		if (c->out[1])
			impulse(c, ch, step);
	}
}

static void run_s4d(const seqp_op_call *c, size_t c0, size_t c1) { march(c, c0, c1, step_s4d); }
static void run_nplr(const seqp_op_call *c, size_t c0, size_t c1) { march(c, c0, c1, step_nplr); }

static int check_s4d(seqp_op_call *c, seq_error *err)
{
	(void)err;
	c->dim['L' - 'A'] = (size_t)c->number[KERNEL];
	return 0;
}

static int check_nplr(seqp_op_call *c, seq_error *err)
{
	(void)err;
	c->dim['L' - 'A'] = (size_t)c->number[0];
	return 0;
}

static size_t scratch(const seqp_op_call *c)
{
	return 4 * seqp_op_dim(c, 'N');
}

#define BOTH(name_, dims_) {.name = name_ "_re", .dims = dims_}, {.name = name_ "_im", .dims = dims_}
static const seqp_op_array in_s4d[] = {{.name = "u", .dims = "TC"}, {.name = "D", .dims = "C"}, {.name = "dt", .dims = "C"},
	BOTH("lam", "CN"), BOTH("B", "CN"), BOTH("C", "CN"), {0}};
static const seqp_op_array in_nplr[] = {{.name = "u", .dims = "TC"}, {.name = "D", .dims = "C"}, {.name = "dt", .dims = "C"},
	BOTH("lam", "N"), BOTH("B", "N"), BOTH("C", "CN"), BOTH("P", "N"), {0}};
static const seqp_op_array state[] = {{.name = "state_re", .dims = "CN", .from = "x0_re"},
	{.name = "state_im", .dims = "CN", .from = "x0_im"}, {0}};
static const seqp_op_array out[] = {{.name = "y", .dims = "TC"}, {.name = "kernel", .dims = "CL", .how = SEQP_OP_OPT}, {0}};
static const char *const discs[] = {"zoh", "bilinear", NULL};
static const seqp_op_number number_s4d[] = {{"disc", ZOH, 0, 1, discs, "discretisation: zoh or bilinear"},
	{"kernel", 0, 0, 1 << 24, NULL, "length of the convolution kernel put out"}, {0}};
static const seqp_op_number number_nplr[] = {{"kernel", 0, 0, 1 << 24, NULL, "length of the convolution kernel put out"}, {0}};

const seqp_op_row seqp_op_s4d = {
	.name = "s4d", .paper = "Gu et al., On the Parameterization and Initialization of Diagonal State Space Models, 2022",
	.bytes = "2 C N", .cost = "6 C N", .in = in_s4d, .state = state, .out = out, .number = number_s4d, .split = 'C',
	.check = check_s4d, .made = made_s4d, .make = make_s4d, .scratch = scratch, .run = run_s4d,
};
const seqp_op_row seqp_op_s4_nplr = {
	.name = "s4-nplr", .paper = "Gu et al., Efficiently Modeling Long Sequences with Structured State Spaces, 2021",
	.bytes = "2 C N", .cost = "18 C N", .in = in_nplr, .state = state, .out = out, .number = number_nplr, .split = 'C',
	.check = check_nplr, .made = made_nplr, .make = make_nplr, .scratch = scratch, .run = run_nplr,
};

/* ---- s5: modes P, inputs and outputs I; made: Abar re, im [P], Bbar re, im [P][I] */
static int make_s5(const seqp_op_call *c, seq_error *err)
{
	size_t P = seqp_op_dim(c, 'P'), W = seqp_op_dim(c, 'I');
	float *ar = c->made, *ai = ar + P, *br = ai + P, *bi = br + P * W;
	(void)err;
	for (size_t i = 0; i < P * W; i++) {
		c64 lam = c->in[LAM_RE][i / W] + I * c->in[LAM_IM][i / W], B = c->in[B_RE][i] + I * c->in[B_IM][i], a, b;
		hold(lam, B, c->in[DT][i / W], &a, &b);
		ar[i / W] = (float)creal(a), ai[i / W] = (float)cimag(a);
		br[i] = (float)creal(b), bi[i] = (float)cimag(b);
	}
	return 0;
}

static size_t made_s5(const seqp_op_call *c)
{
	return 2 * seqp_op_dim(c, 'P') * (1 + seqp_op_dim(c, 'I'));
}

static void run_s5(const seqp_op_call *c, size_t i0, size_t i1)
{
	size_t P = seqp_op_dim(c, 'P'), W = seqp_op_dim(c, 'I');
	const float *ar = c->made, *ai = ar + P, *br = ai + P, *bi = br + P * W;
	float *xr = c->state[0], *xi = c->state[1];
	(void)i0, (void)i1;
	for (size_t t = 0; t < seqp_op_dim(c, 'T'); t++) {
		const float *u = seqp_op_in(c, U, t, 0);
		for (size_t i = 0; i < P; i++) {
			float r = xr[i], s = xi[i];
			xr[i] = ar[i] * r - ai[i] * s + seqk_dot(br + i * W, u, W);
			xi[i] = ar[i] * s + ai[i] * r + seqk_dot(bi + i * W, u, W);
		}
		for (size_t j = 0; j < W; j++)
			*seqp_op_out(c, 0, t, j) =
				fmaf(c->in[D][j], u[j], both_halves(c->in[C_RE] + j * P, c->in[C_IM] + j * P, xr, xi, P));
	}
}

static const seqp_op_array in_s5[] = {{.name = "u", .dims = "TI"}, {.name = "D", .dims = "I"}, {.name = "dt", .dims = "P"},
	BOTH("lam", "P"), BOTH("B", "PI"), BOTH("C", "IP"), {0}};
static const seqp_op_array state_s5[] = {{.name = "state_re", .dims = "P", .from = "x0_re"},
	{.name = "state_im", .dims = "P", .from = "x0_im"}, {0}};
static const seqp_op_array out_s5[] = {{.name = "y", .dims = "TI"}, {0}};

const seqp_op_row seqp_op_s5 = {
	.name = "s5", .paper = "Smith, Warrington, Linderman, Simplified State Space Layers (S5), 2022",
	.bytes = "2 P", .cost = "4 P I", .in = in_s5, .state = state_s5, .out = out_s5, .made = made_s5, .make = make_s5,
	.run = run_s5,
};
