/* SPDX-License-Identifier: MIT */
/* safetensors bytes. */
#include <stdlib.h>

#include "model/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sink;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	seqp_tensor_list list = {0};
	seqp_arena arena = {0};
	if (seqp_safetensors_read(&list, &arena, data, size, NULL) >= 0)
		for (size_t i = 0; i < list.n; i++)
			sink += list.t[i].bytes ? ((const unsigned char *)list.t[i].data)[list.t[i].bytes - 1] : 0;
	free(list.t);
	seqp_arena_free(&arena);
	return 0;
}
