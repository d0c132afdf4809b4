/* SPDX-License-Identifier: MIT */
/* How the skeletons of intrinsics are compiled. */
#ifndef KERNEL_UNROLLED_H
#define KERNEL_UNROLLED_H

#ifdef SEQK_SIMDE /* quick to compile, slow to run */
#define SEQK_INLINE static inline __attribute__((unused))
#define UNROLL
#else
#define SEQK_INLINE static inline __attribute__((always_inline, unused))
/* Small loops over registers: left as loops, the compiler keeps their arrays in memory. */
#define UNROLL _Pragma("GCC unroll 16")
#endif

#endif
