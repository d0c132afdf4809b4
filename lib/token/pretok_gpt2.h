/* SPDX-License-Identifier: MIT */
/* The GPT-2 pattern inside a stretch that ends before a character of `stop`. */
#ifndef TOKEN_PRETOK_GPT2_H
#define TOKEN_PRETOK_GPT2_H

#include "token/pretok_scan.h"

size_t seqp_gpt2_next(const seqp_scan *s, unsigned stop);

#endif
