/* SPDX-License-Identifier: MIT */
/* From the public names to the table. */
#include "kernel/table.h"

#include "config.h"
#include "kernel/cpu.h"

void seqk_table_fill(seqk_table *t, unsigned bits)
{
	seqk_fill_vec_c(t);
	seqk_fill_attn_c(t);
	seqk_fill_scan_c(t);
	seqk_fill_recur_c(t);
	seqk_fill_quantize_c(t);
#ifdef SEQK_X86
	if (bits & SEQK_AVX2) {
		seqk_fill_vec_avx2(t);
		seqk_fill_attn_avx2(t);
		seqk_fill_scan_avx2(t);
		seqk_fill_recur_avx2(t);
		seqk_fill_quantize_avx2(t);
	}
	if (bits & SEQK_AVX512) {
		seqk_fill_vec_avx512(t);
		seqk_fill_attn_avx512(t);
		seqk_fill_scan_avx512(t);
		seqk_fill_recur_avx512(t);
		seqk_fill_quantize_avx512(t);
	}
#elif defined SEQK_ARM
	if (bits & SEQK_NEON) {
		seqk_fill_vec_neon(t);
		seqk_fill_attn_neon(t);
		seqk_fill_scan_neon(t);
		seqk_fill_recur_neon(t);
		seqk_fill_quantize_neon(t);
	}
#else
	(void)bits;
#endif
}

float seqk_sum(const float *x, size_t n) { return seqk_table_now()->sum(x, n); }
float seqk_sumsq(const float *x, size_t n) { return seqk_table_now()->sumsq(x, n); }
float seqk_dot(const float *x, const float *y, size_t n) { return seqk_table_now()->dot(x, y, n); }
float seqk_max(const float *x, size_t n) { return seqk_table_now()->max(x, n); }
size_t seqk_argmax(const float *x, size_t n) { return seqk_table_now()->argmax(x, n); }

void seqk_rmsnorm(float *y, const float *x, const float *w, size_t n, float eps)
{
	seqk_table_now()->rmsnorm(y, x, w, n, eps);
}

void seqk_layernorm(float *y, const float *x, const float *w, const float *b, size_t n, float eps)
{
	seqk_table_now()->layernorm(y, x, w, b, n, eps);
}

void seqk_l2norm(float *y, const float *x, size_t n, float eps) { seqk_table_now()->l2norm(y, x, n, eps); }
void seqk_add(float *y, const float *a, const float *b, size_t n) { seqk_table_now()->add(y, a, b, n); }
void seqk_mul(float *y, const float *a, const float *b, size_t n) { seqk_table_now()->mul(y, a, b, n); }
void seqk_scale(float *y, const float *x, float s, size_t n) { seqk_table_now()->scale(y, x, s, n); }

void seqk_axpby(float *y, float a, const float *x, float b, const float *z, size_t n)
{
	seqk_table_now()->axpby(y, a, x, b, z, n);
}

void seqk_silu_mul(float *y, const float *gate, const float *up, size_t n)
{
	seqk_table_now()->silu_mul(y, gate, up, n);
}

void seqk_exp(float *y, const float *x, size_t n) { seqk_table_now()->exp(y, x, n); }
void seqk_sigmoid(float *y, const float *x, size_t n) { seqk_table_now()->sigmoid(y, x, n); }
void seqk_tanh(float *y, const float *x, size_t n) { seqk_table_now()->tanh(y, x, n); }
void seqk_silu(float *y, const float *x, size_t n) { seqk_table_now()->silu(y, x, n); }
void seqk_softplus(float *y, const float *x, size_t n) { seqk_table_now()->softplus(y, x, n); }
void seqk_relu(float *y, const float *x, size_t n) { seqk_table_now()->relu(y, x, n); }
void seqk_relu2(float *y, const float *x, size_t n) { seqk_table_now()->relu2(y, x, n); }
void seqk_gelu_tanh(float *y, const float *x, size_t n) { seqk_table_now()->gelu_tanh(y, x, n); }
void seqk_gelu_erf(float *y, const float *x, size_t n) { seqk_table_now()->gelu_erf(y, x, n); }
void seqk_softmax(float *y, const float *x, size_t n) { seqk_table_now()->softmax(y, x, n); }
void seqk_softcap(float *y, const float *x, float cap, size_t n) { seqk_table_now()->softcap(y, x, cap, n); }

void seqk_rope_halves(float *x, const float *cos, const float *sin, size_t pairs)
{
	seqk_table_now()->rope_halves(x, cos, sin, pairs);
}

void seqk_rope_adjacent(float *x, const float *cos, const float *sin, size_t pairs)
{
	seqk_table_now()->rope_adjacent(x, cos, sin, pairs);
}

void seqk_attn_block(const seqk_attn_shape *a, const seqk_attn_kv *at, const seqk_attn_kv *next, const seqk_attn_set *set,
                     void *scratch)
{
	seqk_table_now()->attn_block(a, at, next, set, scratch);
}

void seqk_attn_merge(const seqk_attn_set *a, const seqk_attn_set *b, size_t dv)
{
	seqk_table_now()->attn_merge(a, b, dv);
}

void seqk_conv(float *y, size_t ldy, const float *x, size_t ldx, size_t n, const float *w,
               const float *bias, size_t K, int silu, float *state, size_t c0, size_t c1)
{
	seqk_table_now()->conv(y, ldy, x, ldx, n, w, bias, K, silu, state, c0, c1);
}

void seqk_scan_mamba(const seqk_scan1 *s, size_t c0, size_t c1) { seqk_table_now()->scan_mamba(s, c0, c1); }
void seqk_scan_mamba2(const seqk_scan2 *s, size_t h0, size_t h1) { seqk_table_now()->scan_mamba2(s, h0, h1); }
void seqk_recur_run(const seqk_recur *r, size_t v0, size_t v1) { seqk_table_now()->recur(r, v0, v1); }
