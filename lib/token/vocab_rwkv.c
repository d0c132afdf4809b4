/* SPDX-License-Identifier: MIT */
#include "base/fail.h"
#include "token/vocab.h"

int seqp_vocab_read_rwkv(seq_vocab **out, const void *data, size_t size, seq_error *err)
{
	(void)out, (void)data, (void)size;
	return seqp_fail(err, SEQ_E_UNSUPPORTED, "RWKV vocabularies are not read yet");
}
