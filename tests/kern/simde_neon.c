/* SPDX-License-Identifier: MIT */
/* The NEON level of vec.h, attn.h, scan.h, recur.h and quantize.h over SIMDe; on ARM the compiler's own is tried. */
#ifndef __aarch64__
#define SEQK_SIMDE
#ifndef __clang__
#pragma GCC optimize("O0") /* compile time counts here, not speed */
#endif
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpsabi"
#include "kernel/arm/neon.h"
#undef UNROLL

#include "kernel/arm/lanes_neon.h"

#define ATTN_ONE_COPY
#define RECUR_ONE_COPY
#include "kernel/attn_body.h"
#include "kernel/quantize_body.h"
#include "kernel/recur_body.h"
#include "kernel/scan_body.h"
#include "kernel/vec_body.h"
#include "levels.h"

void fill_neon_simde(seqk_table *t)
{
	fill_vec(t);
	fill_attn(t);
	fill_scan(t);
	fill_recur(t);
	fill_quantize(t);
}
#endif
