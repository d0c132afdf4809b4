/* SPDX-License-Identifier: MIT */
/* config.json, a NUL, safetensors bytes: a whole model out of them.  Without a NUL all is
 * configuration. */
#include <stdlib.h>
#include <string.h>

#include "model/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t none[] = "\2\0\0\0\0\0\0\0{}";
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t config = nul ? (size_t)(nul - data) : size;
	seq_model *m = calloc(1, sizeof *m);
	if (!m)
		return 0;
	m->path = "";
	int e = nul ? seqp_store_hf(&m->src, data, config, nul + 1, size - config - 1, NULL)
		    : seqp_store_hf(&m->src, data, config, none, sizeof none - 1, NULL);
	if (e >= 0 && seqp_model_build(m, NULL) >= 0)
		free(seq_model_describe(m));
	seq_model_free(m);
	return 0;
}
