/* SPDX-License-Identifier: MIT */
/* The table of kernels: C fills it, each level that the CPU has overwrites what it does better. */
#ifndef KERNEL_TABLE_H
#define KERNEL_TABLE_H

#include "kernel/attn.h"
#include "kernel/quantize.h"
#include "kernel/recur.h"
#include "kernel/scan.h"
#include "kernel/vec.h"

typedef void seqk_map_fn(float *y, const float *x, size_t n);
typedef void seqk_map2_fn(float *y, const float *a, const float *b, size_t n);

typedef struct seqk_table {
	/* vec.h */
	float (*sum)(const float *x, size_t n);
	float (*sumsq)(const float *x, size_t n);
	float (*dot)(const float *x, const float *y, size_t n);
	float (*max)(const float *x, size_t n);
	void (*rmsnorm)(float *y, const float *x, const float *w, size_t n, float eps);
	void (*layernorm)(float *y, const float *x, const float *w, const float *b, size_t n, float eps);
	void (*l2norm)(float *y, const float *x, size_t n, float eps);
	seqk_map2_fn *add, *mul, *silu_mul;
	void (*scale)(float *y, const float *x, float s, size_t n);
	void (*axpby)(float *y, float a, const float *x, float b, const float *z, size_t n);
	seqk_map_fn *exp, *sigmoid, *tanh, *silu, *softplus, *relu, *relu2, *gelu_tanh, *gelu_erf, *softmax;
	void (*softcap)(float *y, const float *x, float cap, size_t n);
	void (*rope_halves)(float *x, const float *cos, const float *sin, size_t pairs);
	void (*rope_adjacent)(float *x, const float *cos, const float *sin, size_t pairs);
	size_t (*argmax)(const float *x, size_t n);
	/* attn.h */
	void (*attn_block)(const seqk_attn_shape *a, const seqk_attn_kv *at, const seqk_attn_kv *next,
	                   const seqk_attn_set *set, void *scratch);
	void (*attn_merge)(const seqk_attn_set *a, const seqk_attn_set *b, size_t dv);
	/* scan.h */
	void (*conv)(float *y, size_t ldy, const float *x, size_t ldx, size_t n, const float *w,
	             const float *bias, size_t K, int silu, float *state, size_t c0, size_t c1);
	void (*scan_mamba)(const seqk_scan1 *s, size_t c0, size_t c1);
	void (*scan_mamba2)(const seqk_scan2 *s, size_t h0, size_t h1);
	/* recur.h */
	void (*recur)(const seqk_recur *r, size_t v0, size_t v1);
	/* quantize.h */
	seqk_quantize_fn *quantize[SEQK_TO_ROWS];
} seqk_table;

/* The table that seqk_cpu_init chose (it is called when nobody has). */
const seqk_table *seqk_table_now(void);

/* Fills t for a set of SEQK_ bits: for tests that compare levels. */
void seqk_table_fill(seqk_table *t, unsigned bits);

void seqk_fill_vec_c(seqk_table *t);
void seqk_fill_attn_c(seqk_table *t);
void seqk_fill_scan_c(seqk_table *t);
void seqk_fill_recur_c(seqk_table *t);
void seqk_fill_quantize_c(seqk_table *t);
void seqk_fill_vec_avx2(seqk_table *t);
void seqk_fill_attn_avx2(seqk_table *t);
void seqk_fill_scan_avx2(seqk_table *t);
void seqk_fill_recur_avx2(seqk_table *t);
void seqk_fill_quantize_avx2(seqk_table *t);
void seqk_fill_vec_avx512(seqk_table *t);
void seqk_fill_attn_avx512(seqk_table *t);
void seqk_fill_scan_avx512(seqk_table *t);
void seqk_fill_recur_avx512(seqk_table *t);
void seqk_fill_quantize_avx512(seqk_table *t);
void seqk_fill_vec_neon(seqk_table *t);
void seqk_fill_attn_neon(seqk_table *t);
void seqk_fill_scan_neon(seqk_table *t);
void seqk_fill_recur_neon(seqk_table *t);
void seqk_fill_quantize_neon(seqk_table *t);

#endif
