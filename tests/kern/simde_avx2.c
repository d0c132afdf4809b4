/* SPDX-License-Identifier: MIT */
/* The AVX2 level of vec.h, attn.h, scan.h, recur.h and quantize.h over SIMDe. */
#include "simde.h"

#include "kernel/x86/lanes_avx2.h"

#define ATTN_ONE_COPY
#define RECUR_ONE_COPY
#include "kernel/attn_body.h"
#include "kernel/quantize_body.h"
#include "kernel/recur_body.h"
#include "kernel/scan_body.h"
#include "kernel/vec_body.h"
#include "levels.h"

void fill_avx2_simde(seqk_table *t)
{
	fill_vec(t);
	fill_attn(t);
	fill_scan(t);
	fill_recur(t);
	fill_quantize(t);
}
