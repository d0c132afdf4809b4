/* SPDX-License-Identifier: MIT */
/* Frames as text: shapes, values, JSON strings. */
#ifndef DUMP_H
#define DUMP_H

#include <stdio.h>

#include "seq/frame.h"

/* "tokens", or "kind 40001". */
const char *dump_kind(int kind, char buf[24]);

/* "F32[4][64]"; a scalar has no brackets. */
void dump_shape(FILE *f, const seq_frame *fr);

/* n bytes as they are, control characters and bytes that are not UTF-8 replaced. */
void dump_plain(FILE *f, const char *s, size_t n);

/* The same as a JSON string with its quotes. */
void dump_json_string(FILE *f, const char *s, size_t n);

/* Elements of a decoded payload: 0 for block types, whose elements have no value of their own. */
size_t dump_count(const seq_frame *fr);

/* Element i, in digits enough to get the same value back; NaN and infinities are null in JSON. */
void dump_value(FILE *f, const seq_frame *fr, size_t i, int json);

/* 32 hexadecimal digits. */
void dump_fingerprint(FILE *f, const uint8_t print[16]);
int dump_has_fingerprint(const uint8_t print[16]);

#endif
