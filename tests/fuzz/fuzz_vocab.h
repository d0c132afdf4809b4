/* SPDX-License-Identifier: MIT */
/* Texts through a vocabulary: whatever it is, every id is one of it and decodes. */
#ifndef FUZZ_VOCAB_H
#define FUZZ_VOCAB_H

#include <stdlib.h>
#include <string.h>

#include "token/vocab.h"

static inline int fuzz_sink(void *arg, const int32_t *id, size_t n, seq_error *err)
{
	seq_decoder *d = arg;
	const char *text;
	size_t len;
	for (size_t i = 0; i < n; i++)
		if (seq_decode(d, id[i], &text, &len, err) < 0)
			abort();
	return 0;
}

static inline void fuzz_encode(const seq_vocab *v, unsigned flags, const char *text, size_t len)
{
	seq_encoder *e = NULL;
	seq_decoder *d = NULL;
	if (seq_encoder_new(&e, v, flags, NULL) == 0 && seq_decoder_new(&d, v, flags & 1, NULL) == 0 &&
	    seq_encode(e, text, len / 2, 0, fuzz_sink, d, NULL) == 0 &&
	    seq_encode(e, text + len / 2, len - len / 2, 1, fuzz_sink, d, NULL) < 0)
		abort();
	seq_encoder_free(e);
	seq_decoder_free(d);
}

static inline void fuzz_vocab(const seq_vocab *v)
{
	static const char text[] = "  Once upon a time, \xe2\x96\x81 e\xcc\x81\xf0\x9f\x91\xa9\xe2\x96 \xff\x80 1234's </s><0x41>\r\n\n";
	for (unsigned flags = 0; flags < 16; flags += 5)
		fuzz_encode(v, flags, text, sizeof(text));
}

#endif
