/* SPDX-License-Identifier: MIT */
/* Any bytes as text, through a small vocabulary of each kind that $SEQ_SRC has. */
#include <stdio.h>

#include "fuzz_vocab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static seq_vocab *vocab[3];

static void open_all(void)
{
	static const char *const names[] = {"trained-bpe/tokenizer.json", "trained-unigram/unigram.model", "story/tokenizer.model"};
	const char *src = getenv("SEQ_SRC");
	for (int i = 0; i < 3; i++) {
		char path[4096];
		snprintf(path, sizeof(path), "%s/tests/ref/tok/%s", src ? src : ".", names[i]);
		if (seq_vocab_open(&vocab[i], path, NULL) < 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!vocab[0])
		open_all();
	for (int i = 0; i < 3; i++)
		fuzz_encode(vocab[i], size & 5, (const char *)data, size);
	return 0;
}
