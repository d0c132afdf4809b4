/* SPDX-License-Identifier: MIT */
/* Payloads made smaller: zstd, with or without a split into byte planes.
 * A split payload of n elements of w bytes holds the first byte of all n elements,
 * then the second of all, and so on: exponents end up together. */
#ifndef FRAME_CODEC_H
#define FRAME_CODEC_H

#include "frame/head.h"
#include "frame/pages.h"

typedef struct seqp_coder {
	void *cctx, *dctx; /* zstd's; made at first use */
	seqp_pages out, planes;
} seqp_coder;

/* Encodes h->raw bytes at src with the codec asked for (a type that cannot be split
 * is not).  Sets h->f.codec and h->stored; returns the bytes to store: src itself
 * where coding does not pay.  NULL on error. */
const void *seqp_encode(seqp_coder *c, seqp_head *h, const void *src, int codec, int level, seq_error *err);

/* Decodes h->stored bytes into exactly h->raw; NULL on error. */
const void *seqp_decode(seqp_coder *c, const seqp_head *h, const void *src, seq_error *err);

void seqp_coder_free(seqp_coder *c);

#endif
