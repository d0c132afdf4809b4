/* SPDX-License-Identifier: MIT */
/* A reader of numpy's file format, versions 1 to 3: one little-endian array in C order, over bytes in memory. */
#ifndef TENSOR_NPY_READ_H
#define TENSOR_NPY_READ_H

#include "seq/tensor.h"

/* t points into data; its name is left alone. */
int seqp_npy_read(seq_tensor *t, const void *data, size_t size, seq_error *err) SEQ_MUST_USE;

#endif
