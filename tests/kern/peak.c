/* SPDX-License-Identifier: MIT */
/* What one core of this machine can do at best: measured here, so that shares of it
 * mean something. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "checkkern.h"

#if defined __x86_64__
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vnni")))
#endif

#define ALL_12 _Pragma("GCC unroll 12")
enum { REPEAT = 20000, READ_BYTES = 256 << 20 };
static volatile float sink;

#if defined __x86_64__
AVX2 static void fma_avx2(void *arg)
{
	__m256 a[12], x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(1e-3f);
	(void)arg;
	ALL_12
	for (int i = 0; i < 12; i++)
		a[i] = _mm256_set1_ps((float)i);
	for (int r = 0; r < REPEAT; r++)
		ALL_12
		for (int i = 0; i < 12; i++)
			a[i] = _mm256_fmadd_ps(a[i], x, y);
	ALL_12
	for (int i = 1; i < 12; i++)
		a[0] = _mm256_add_ps(a[0], a[i]);
	sink = _mm256_cvtss_f32(a[0]);
}

AVX2 static void int8_avx2(void *arg)
{
	__m256i a[12], x = _mm256_set1_epi8(3), one = _mm256_set1_epi16(1);
	(void)arg;
	ALL_12
	for (int i = 0; i < 12; i++)
		a[i] = _mm256_set1_epi8((char)i);
	for (int r = 0; r < REPEAT; r++)
		ALL_12
		for (int i = 0; i < 12; i++)
			a[i] = _mm256_madd_epi16(_mm256_maddubs_epi16(x, a[i]), one);
	ALL_12
	for (int i = 1; i < 12; i++)
		a[0] = _mm256_add_epi32(a[0], a[i]);
	sink = (float)_mm256_extract_epi32(a[0], 0);
}

AVX512 static void fma_avx512(void *arg)
{
	__m512 a[12], x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(1e-3f);
	(void)arg;
	ALL_12
	for (int i = 0; i < 12; i++)
		a[i] = _mm512_set1_ps((float)i);
	for (int r = 0; r < REPEAT; r++)
		ALL_12
		for (int i = 0; i < 12; i++)
			a[i] = _mm512_fmadd_ps(a[i], x, y);
	ALL_12
	for (int i = 1; i < 12; i++)
		a[0] = _mm512_add_ps(a[0], a[i]);
	sink = _mm512_reduce_add_ps(a[0]);
}

AVX512 static void int8_avx512(void *arg)
{
	__m512i a[12], x = _mm512_set1_epi8(3), y = _mm512_set1_epi8(5);
	(void)arg;
	ALL_12
	for (int i = 0; i < 12; i++)
		a[i] = _mm512_set1_epi32(i);
	for (int r = 0; r < REPEAT; r++)
		ALL_12
		for (int i = 0; i < 12; i++)
			a[i] = _mm512_dpbusd_epi32(a[i], x, y);
	ALL_12
	for (int i = 1; i < 12; i++)
		a[0] = _mm512_add_epi32(a[0], a[i]);
	sink = (float)_mm512_reduce_add_epi32(a[0]);
}
#endif

static void read_all(void *arg)
{
	const uint64_t *p = arg;
	uint64_t s[8] = {0};
	for (size_t i = 0; i < READ_BYTES / 8; i += 32) {
		for (size_t j = 0; j < 8; j++)
			s[j] ^= p[i + j] ^ p[i + 8 + j] ^ p[i + 16 + j] ^ p[i + 24 + j];
		__builtin_prefetch(p + i + 256);
		__builtin_prefetch(p + i + 264);
		__builtin_prefetch(p + i + 272);
		__builtin_prefetch(p + i + 280);
	}
	sink = (float)(s[0] ^ s[1] ^ s[2] ^ s[3] ^ s[4] ^ s[5] ^ s[6] ^ s[7]);
}

static check_peak measure(void)
{
	check_peak p = {0};
	void *m = malloc(READ_BYTES);
	if (m) {
		memset(m, 1, READ_BYTES);
		p.read = READ_BYTES / check_time(read_all, m);
		free(m);
	}
#if defined __x86_64__
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512vnni")) {
		p.fma = 12.0 * 32 * REPEAT / check_time(fma_avx512, NULL);
		p.int8 = 12.0 * 128 * REPEAT / check_time(int8_avx512, NULL);
	} else if (__builtin_cpu_supports("avx2")) {
		p.fma = 12.0 * 16 * REPEAT / check_time(fma_avx2, NULL);
		p.int8 = 12.0 * 64 * REPEAT / check_time(int8_avx2, NULL);
	}
#endif
	return p;
}

const check_peak *check_peaks(void)
{
	static check_peak p;
	if (p.read == 0)
		p = measure();
	return &p;
}
