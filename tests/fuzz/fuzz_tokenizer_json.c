/* SPDX-License-Identifier: MIT */
/* A tokenizer.json, and a few texts through what it gives. */
#include "fuzz_vocab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	seq_vocab *v;
	if (seqp_vocab_read_json(&v, data, size, NULL, 0, NULL) < 0)
		return 0;
	fuzz_vocab(v);
	seq_vocab_free(v);
	return 0;
}
