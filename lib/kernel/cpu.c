/* SPDX-License-Identifier: MIT */
#include "kernel/cpu.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#include "base/fail.h"
#include "config.h"
#include "kernel/table.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned used;
static seqk_table now;

unsigned seqk_cpu_built(void)
{
#ifdef SEQK_X86
	return SEQK_AVX2 | SEQK_AVX512 | SEQK_VNNI;
#elif defined SEQK_ARM
	return SEQK_NEON | SEQK_DOTPROD;
#else
	return 0;
#endif
}

#ifdef SEQK_X86
/* clang 14 has no __builtin_cpu_supports("f16c"); whether the system keeps the registers is asked with avx2. */
static int has_f16c(void)
{
	unsigned a, b, c, d;
	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

unsigned seqk_cpu_detected(void)
{
	unsigned bits = 0;
#ifdef SEQK_X86
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c())
		bits |= SEQK_AVX2;
	if (bits && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
		bits |= SEQK_AVX512;
		if (__builtin_cpu_supports("avx512vnni"))
			bits |= SEQK_VNNI;
	}
#elif defined SEQK_ARM
	bits = SEQK_NEON; /* part of every aarch64 */
#if defined(__linux__)
	if (getauxval(AT_HWCAP) & 1ul << 20) /* HWCAP_ASIMDDP, which old headers lack */
		bits |= SEQK_DOTPROD;
#elif defined(__ARM_FEATURE_DOTPROD)
	bits |= SEQK_DOTPROD;
#endif
#endif
	return bits;
}

static const struct cap {
	const char *name;
	unsigned bits;
} caps[] = {
	{ "c", 0 },
#ifdef SEQK_ARM
	{ "neon", SEQK_NEON },
#else
	{ "avx2", SEQK_AVX2 },
	{ "avx512", SEQK_AVX2 | SEQK_AVX512 },
#endif
	{ "native", ~0u },
};
#ifdef SEQK_ARM
#define CAPS "c, neon or native"
#else
#define CAPS "c, avx2, avx512 or native"
#endif

/* The bits that SEQ_CPU allows, 0 when it is unknown; *known says which. */
static unsigned allowed(int *known)
{
	const char *s = getenv("SEQ_CPU");
	*known = 1;
	if (!s)
		return ~0u;
	for (size_t i = 0; i < sizeof caps / sizeof *caps; i++)
		if (!strcmp(s, caps[i].name))
			return caps[i].bits;
	*known = 0;
	return ~0u;
}

static void choose(unsigned bits)
{
	used = bits & seqk_cpu_detected() & seqk_cpu_built();
	seqk_table_fill(&now, used);
}

static void choose_first(void)
{
	int known;
	choose(allowed(&known));
}

int seqk_cpu_init(seq_error *err)
{
	int known;
	unsigned bits = allowed(&known);
	if (!known)
		return seqp_fail(err, SEQ_E_ARG, "SEQ_CPU=%.40s is unknown: use " CAPS, getenv("SEQ_CPU"));
	pthread_once(&once, choose_first);
	unsigned want = bits & seqk_cpu_detected() & seqk_cpu_built();
	if (want != used)
		choose(bits);
	return 0;
}

const seqk_table *seqk_table_now(void)
{
	pthread_once(&once, choose_first);
	return &now;
}

unsigned seqk_cpu_used(void)
{
	pthread_once(&once, choose_first);
	return used;
}

const char *seqk_cpu_name(void)
{
	unsigned u = seqk_cpu_used();
	return u & SEQK_VNNI ? "avx512vnni" : u & SEQK_AVX512 ? "avx512" : u & SEQK_AVX2 ? "avx2" :
	       u & SEQK_DOTPROD ? "dotprod" : u & SEQK_NEON ? "neon" : "c";
}
