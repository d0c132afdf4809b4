/* SPDX-License-Identifier: MIT */
#include "frame/codec.h"

#include <zstd.h>

#include "base/fail.h"
#include "base/size.h"

static void planes_split(uint8_t *dst, const uint8_t *src, size_t n, size_t w)
{
	for (size_t p = 0; p < w; p++)
		for (size_t i = 0; i < n; i++)
			dst[p * n + i] = src[i * w + p];
}

static void planes_join(uint8_t *dst, const uint8_t *src, size_t n, size_t w)
{
	for (size_t p = 0; p < w; p++)
		for (size_t i = 0; i < n; i++)
			dst[i * w + p] = src[p * n + i];
}

/* Bytes of an element that can be split, else 0. */
static size_t split_width(int dtype)
{
	const seq_dtype_row *t = seq_dtype_get(dtype);
	return t && t->block == 1 && (t->bytes == 2 || t->bytes == 4) ? t->bytes : 0;
}

static int grow(seqp_pages *p, size_t n, seq_error *err)
{
	return seqp_pages_grow(p, n) ? SEQ_OK : seqp_nomem(err, n);
}

/* Bytes made, or 0 with err set. */
static size_t squeeze(seqp_coder *c, const void *src, size_t n, int level, seq_error *err)
{
	if (!c->cctx && !(c->cctx = ZSTD_createCCtx())) {
		seqp_nomem(err, 0);
		return 0;
	}
	size_t bound = ZSTD_compressBound(n);
	if (ZSTD_isError(bound) || grow(&c->out, bound, err) < 0)
		return 0;
	size_t m = ZSTD_compressCCtx(c->cctx, c->out.data, bound, src, n, level ? level : ZSTD_CLEVEL_DEFAULT);
	if (!ZSTD_isError(m))
		return m;
	seqp_fail(err, SEQ_E_NOMEM, "zstd: %s", ZSTD_getErrorName(m));
	return 0;
}

const void *seqp_encode(seqp_coder *c, seqp_head *h, const void *src, int codec, int level, seq_error *err)
{
	size_t n = (size_t)h->raw, w = split_width(h->f.dtype);
	const void *from = src;
	h->f.codec = SEQ_CODEC_NONE;
	h->stored = n;
	if (codec == SEQ_CODEC_NONE || n == 0)
		return src;
	if (codec == SEQ_CODEC_SPLIT_ZSTD && w) {
		if (grow(&c->planes, n, err) < 0)
			return NULL;
		planes_split(c->planes.data, src, n / w, w);
		from = c->planes.data;
	}
	size_t m = squeeze(c, from, n, level, err);
	if (m == 0)
		return NULL;
	if (m >= n)
		return src;
	h->f.codec = (uint8_t)(from == src ? SEQ_CODEC_ZSTD : SEQ_CODEC_SPLIT_ZSTD);
	h->stored = m;
	return c->out.data;
}

/* The rules of the format: one zstd frame, nothing after it, its size declared. */
static int frame_check(const void *src, size_t stored, uint64_t raw, seq_error *err)
{
	unsigned long long size = ZSTD_getFrameContentSize(src, stored);
	if (size == ZSTD_CONTENTSIZE_ERROR || ZSTD_isError(ZSTD_findFrameCompressedSize(src, stored)) ||
	    ZSTD_findFrameCompressedSize(src, stored) != stored)
		return seqp_fail(err, SEQ_E_FORMAT, "the payload is not one zstd frame");
	if (size != raw)
		return seqp_fail(err, SEQ_E_FORMAT, "the zstd frame does not declare the raw length");
	return SEQ_OK;
}

const void *seqp_decode(seqp_coder *c, const seqp_head *h, const void *src, seq_error *err)
{
	size_t n = (size_t)h->raw, w = split_width(h->f.dtype);
	if (h->f.codec == SEQ_CODEC_NONE)
		return src;
	if (frame_check(src, (size_t)h->stored, h->raw, err) < 0 || grow(&c->out, n ? n : 1, err) < 0)
		return NULL;
	if (!c->dctx && !(c->dctx = ZSTD_createDCtx())) {
		seqp_nomem(err, 0);
		return NULL;
	}
	size_t m = ZSTD_decompressDCtx(c->dctx, c->out.data, n, src, (size_t)h->stored);
	if (ZSTD_isError(m) || m != n) {
		seqp_fail(err, SEQ_E_FORMAT, "zstd: %s", ZSTD_isError(m) ? ZSTD_getErrorName(m) : "wrong length");
		return NULL;
	}
	if (h->f.codec == SEQ_CODEC_ZSTD)
		return c->out.data;
	if (grow(&c->planes, n ? n : 1, err) < 0)
		return NULL;
	planes_join(c->planes.data, c->out.data, n / w, w);
	return c->planes.data;
}

void seqp_coder_free(seqp_coder *c)
{
	ZSTD_freeCCtx(c->cctx);
	ZSTD_freeDCtx(c->dctx);
	seqp_pages_free(&c->out);
	seqp_pages_free(&c->planes);
}
