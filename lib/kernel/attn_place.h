/* SPDX-License-Identifier: MIT */
/* Where a cache block keeps its numbers: what attn.h says, and the room the kernels need. */
#ifndef KERNEL_ATTN_PLACE_H
#define KERNEL_ATTN_PLACE_H

#include "kernel/attn.h"
#include "seq/tensor.h"

/* Scratch: the scores of a group, then a block widened to f32. */
enum { SEQP_ATTN_GROUP = 6 };

#endif
