/* SPDX-License-Identifier: MIT */
/* JSON files beside the weights. */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H

#include <jansson.h>

#include "seq/error.h"

enum { SEQP_CONFIG_BYTES = 32 << 20 }; /* most bytes of a JSON file */

/* Parses bytes; numbers come as reals.  A bare Infinity, which Python writes, is read as
 * 1e308 (and what is that large counts as infinite).  The caller decrefs *out, an object. */
int seqp_config_parse(json_t **out, const void *data, size_t size, seq_error *err) SEQ_MUST_USE;

#endif
