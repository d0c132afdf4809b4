/* SPDX-License-Identifier: MIT */
/* An array of numpy. */
#include "tensor/npy_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sink;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	seq_tensor t = {0};
	if (seqp_npy_read(&t, data, size, NULL) >= 0 && t.bytes)
		sink += ((const unsigned char *)t.data)[t.bytes - 1];
	return 0;
}
