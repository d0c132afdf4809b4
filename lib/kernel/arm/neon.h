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

#include "kernel/unrolled.h"

#endif
