/* SPDX-License-Identifier: MIT */
/* Intrinsics: the compiler's, or SIMDe's (tests only) under the same names. */
#ifndef KERNEL_X86_SIMD_H
#define KERNEL_X86_SIMD_H

#ifdef SEQK_SIMDE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>
#include <simde/x86/avx512.h>
#include "kernel/x86/simde_more.h"
#else
#include <immintrin.h>
#endif

#include "kernel/unrolled.h"

#endif
