/* SPDX-License-Identifier: MIT */
/* Frames as one array in numpy's file format, version 1.0. */
#ifndef NPY_H
#define NPY_H

#include <stdio.h>

#include "seq/frame.h"

typedef struct npy_stack {
	FILE *spool;    /* the data, until its length is known */
	seq_frame like; /* the first frame: the others have its type and inner dimensions */
	uint64_t rows, frames;
} npy_stack;

/* Both exit 1 with a sentence where they must. */
void npy_add(npy_stack *s, const seq_frame *f);
void npy_write(npy_stack *s, FILE *o);

#endif
