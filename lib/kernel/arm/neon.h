/* SPDX-License-Identifier: MIT */
/* Intrinsics: the compiler's, or SIMDe's (tests only) under the same names. */
#ifndef KERNEL_ARM_NEON_H
#define KERNEL_ARM_NEON_H

#ifdef SEQK_SIMDE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>
#include "kernel/arm/neon_simde.h"
#else
#include <arm_neon.h>
#endif

#ifdef SEQK_SIMDE /* quick to compile, slow to run */
#define SEQK_INLINE static inline __attribute__((unused))
#define UNROLL
#else
#define SEQK_INLINE static inline __attribute__((always_inline, unused))
/* Small loops over registers: left as loops, the compiler keeps their arrays in memory. */
#define UNROLL _Pragma("GCC unroll 16")
#endif

#endif
