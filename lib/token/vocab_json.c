/* SPDX-License-Identifier: MIT */
#include "base/fail.h"
#include "token/vocab.h"

int seqp_vocab_read_json(seq_vocab **out, const void *data, size_t size, const void *config, size_t config_size,
                         seq_error *err)
{
	(void)out, (void)data, (void)size, (void)config, (void)config_size;
	return seqp_fail(err, SEQ_E_UNSUPPORTED, "tokenizer.json is not read yet");
}
