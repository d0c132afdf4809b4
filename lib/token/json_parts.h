/* SPDX-License-Identifier: MIT */
/* What surrounds the model in a tokenizer.json: normalizer, pre_tokenizer, decoder,
 * post_processor.  A part that is not known here is refused: ids would be wrong. */
#ifndef TOKEN_JSON_PARTS_H
#define TOKEN_JSON_PARTS_H

#include <jansson.h>

#include "token/vocab.h"

const char *seqp_json_str(const json_t *o, const char *key); /* "" when absent */
int seqp_json_parts(seq_vocab *v, const json_t *root, seq_error *err);

#endif
