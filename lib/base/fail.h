/* SPDX-License-Identifier: MIT */
/* Saying what went wrong. */
#ifndef BASE_FAIL_H
#define BASE_FAIL_H

#include <stddef.h>

#include "seq/error.h"

/* Fills err (if not NULL) with code and the formatted sentence; returns code. */
int seqp_fail(seq_error *err, int code, const char *fmt, ...) SEQ_PRINTF(3, 4);

/* Puts "prefix: " before the sentence already in err; returns err->code. */
int seqp_fail_at(seq_error *err, int code, const char *fmt, ...) SEQ_PRINTF(3, 4);

/* SEQ_E_NOMEM with the number of bytes that could not be had. */
int seqp_nomem(seq_error *err, size_t bytes);

#endif
