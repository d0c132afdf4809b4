/* SPDX-License-Identifier: MIT */
#include "layer/act.h"

#include <math.h>
#include <string.h>

#include "kernel/vec.h"
#include "layer/bind.h"

static void none(float *y, const float *x, size_t n)
{
	if (y != x)
		memcpy(y, x, n * sizeof *y);
}

enum { SILU = 0, CLAMPED = 5, XIELU };

static const struct {
	const char *name;
	void (*fn)(float *y, const float *x, size_t n);
} acts[] = {
	{"silu", seqk_silu}, {"gelu_tanh", seqk_gelu_tanh}, {"gelu_erf", seqk_gelu_erf}, {"relu", seqk_relu},
	{"relu2", seqk_relu2},
	/* min(g, limit) sigmoid(alpha min(g, limit)) * (1 + u kept within the limit): gpt-oss */
	{"clamped", NULL}, {"xielu", NULL}, {"none", none},
};

const char *seqp_act_name(int kind)
{
	return kind >= 0 && (size_t)kind < sizeof acts / sizeof acts[0] ? acts[kind].name : NULL;
}

int seqp_act_open(const seqp_bind *b, seqp_act *a, seq_error *err)
{
	int64_t kind;
	int rc = seqp_bind_int(b, "act", 0, 0, sizeof acts / sizeof acts[0] - 1, &kind, err);
	*a = (seqp_act){.kind = rc < 0 ? 0 : (int)kind};
	if (a->kind == CLAMPED) {
		a->p[0] = (float)seqp_bind_number(b, "limit", 7);
		a->p[1] = (float)seqp_bind_number(b, "alpha", 1.702);
	}
	if (a->kind == XIELU) {
		a->p[0] = (float)log1p(exp(seqp_bind_number(b, "alpha_p", 0)));
		a->p[1] = (float)seqp_bind_number(b, "beta", 0.5);
		a->p[2] = (float)(seqp_bind_number(b, "beta", 0.5) + log1p(exp(seqp_bind_number(b, "alpha_n", 0))));
		a->p[3] = (float)seqp_bind_number(b, "xielu_eps", -1e-6);
	}
	return rc;
}

int seqp_act_is_plain(const seqp_act *a)
{
	return a->kind != CLAMPED;
}

/* x > 0: p x^2 + beta x; else (e^min(x, eps) - 1 - x) n + beta x (Huang, Schlag: xIELU, 2024). */
static void xielu(float *y, const float *x, size_t n, const float *p)
{
	float e[64];
	for (size_t i = 0; i < n; i += 64) {
		size_t k = n - i < 64 ? n - i : 64;
		for (size_t j = 0; j < k; j++)
			e[j] = x[i + j] < p[3] ? x[i + j] : p[3];
		seqk_exp(e, e, k);
		for (size_t j = 0; j < k; j++) {
			float v = x[i + j];
			y[i + j] = (v > 0 ? p[0] * v * v : (e[j] - 1.0f - v) * p[2]) + p[1] * v;
		}
	}
}

void seqp_act_run(const seqp_act *a, float *y, const float *x, size_t n)
{
	if (a->kind == XIELU)
		xielu(y, x, n, a->p);
	else
		acts[a->kind].fn(y, x, n);
}

static void clamped(float *g, float *u, size_t n, float limit, float alpha)
{
	float s[64];
	for (size_t i = 0; i < n; i += 64) {
		size_t k = n - i < 64 ? n - i : 64;
		for (size_t j = i; j < i + k; j++) {
			g[j] = g[j] > limit ? limit : g[j];
			u[j] = (u[j] > limit ? limit : u[j] < -limit ? -limit : u[j]) + 1.0f;
		}
		seqk_scale(s, g + i, alpha, k);
		seqk_sigmoid(s, s, k);
		seqk_mul(g + i, g + i, s, k);
		seqk_mul(g + i, g + i, u + i, k);
	}
}

void seqp_act_mul(const seqp_act *a, float *g, float *u, size_t n)
{
	if (a->kind == CLAMPED) {
		clamped(g, u, n, a->p[0], a->p[1]);
	} else if (a->kind == SILU) {
		seqk_silu_mul(g, g, u, n);
	} else {
		seqp_act_run(a, g, g, n);
		seqk_mul(g, g, u, n);
	}
}
