/* SPDX-License-Identifier: MIT */
/* A vocabulary as GGUF keys tokenizer.ggml.*. */
#ifndef EXPORT_TOKENIZER_KEYS_H
#define EXPORT_TOKENIZER_KEYS_H

#include "tensor/gguf_write.h"

/* What lies in folder: tokenizer.json or tokenizer.model, and the chat template of tokenizer_config.json.  A kind that
 * a GGUF reader would read otherwise is refused; no tokenizer at all is said too. */
int seqp_tokenizer_keys(seqp_gguf_out *o, const char *folder, seq_error *err) SEQ_MUST_USE;

#endif
