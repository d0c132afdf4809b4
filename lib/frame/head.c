/* SPDX-License-Identifier: MIT */
#include "frame/head.h"

#include <inttypes.h>
#include <string.h>

#include "base/endian.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/size.h"
#include "frame/kinds.h"

static const uint8_t magic[4] = {0x89, 'S', 'E', 'Q'};

enum {
	AT_VERSION = 4, AT_CODEC = 5, AT_DTYPE = 6, AT_RANK = 7, AT_KIND = 8, AT_ROLE = 10, AT_DIM = 12,
	AT_SEQ = 28, AT_LAYER = 32, AT_STORED = 36, AT_RAW = 44, AT_CHECK = 52, AT_HEAD_CHECK = 60
};

uint64_t seqp_head_span(const seqp_head *h)
{
	uint64_t pad = (h->stored + SEQP_HEAD - 1) / SEQP_HEAD * SEQP_HEAD;
	return SEQP_HEAD + (h->named ? SEQP_HEAD : 0) + pad;
}

void seqp_head_put(uint8_t out[SEQP_HEAD], const seqp_head *h)
{
	memcpy(out, magic, 4);
	out[AT_VERSION] = SEQP_VERSION;
	out[AT_CODEC] = h->f.codec;
	out[AT_DTYPE] = h->f.dtype;
	out[AT_RANK] = (uint8_t)(h->f.rank | (h->named ? SEQP_RANK_NAMED : 0));
	seqp_put16(out + AT_KIND, h->f.kind);
	seqp_put16(out + AT_ROLE, h->f.role);
	for (int i = 0; i < SEQ_MAX_RANK; i++)
		seqp_put32(out + AT_DIM + 4 * i, i < h->f.rank ? h->f.dim[i] : 0);
	seqp_put32(out + AT_SEQ, h->f.seq);
	seqp_put32(out + AT_LAYER, h->f.layer);
	seqp_put64(out + AT_STORED, h->stored);
	seqp_put64(out + AT_RAW, h->raw);
	seqp_put64(out + AT_CHECK, h->check);
	seqp_put32(out + AT_HEAD_CHECK, (uint32_t)seqp_hash64(out, AT_HEAD_CHECK));
}

/* Bytes that dtype, rank and dims mean, checked before each multiplication. */
static int shape_bytes(const seq_frame *f, uint64_t *bytes, seq_error *err)
{
	const seq_dtype_row *t = seq_dtype_get(f->dtype);
	if (!t)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "element type %d is not known here", f->dtype);
	if (f->rank > SEQ_MAX_RANK)
		return seqp_fail(err, SEQ_E_FORMAT, "rank %d, where %d is the limit", f->rank, SEQ_MAX_RANK);
	uint64_t inner = f->rank ? f->dim[f->rank - 1] : 1, n = inner / t->block * t->bytes;
	if (inner % t->block)
		return seqp_fail(err, SEQ_E_FORMAT, "inner dimension %" PRIu64 " is no multiple of %d (%s)", inner,
		                 t->block, t->name);
	for (int i = 0; i + 1 < f->rank; i++)
		if (__builtin_mul_overflow(n, (uint64_t)f->dim[i], &n))
			n = UINT64_MAX;
	for (int i = 0; i + 1 < f->rank; i++)
		if (f->dim[i] == 0)
			n = 0;
	if (n > SEQP_FRAME_MAX)
		return seqp_fail(err, SEQ_E_FORMAT, "the array has more than %" PRIu64 " bytes", SEQP_FRAME_MAX);
	*bytes = n;
	return SEQ_OK;
}

static int ids_check(const seq_frame *f, seq_error *err)
{
	if (f->seq >= SEQP_SEQ_LIMIT)
		return seqp_fail(err, SEQ_E_FORMAT, "sequence %" PRIu32 " is not below %d", f->seq, SEQP_SEQ_LIMIT);
	if (f->layer >= SEQP_LAYER_LIMIT)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %" PRIu32 " is not below %d", f->layer, SEQP_LAYER_LIMIT);
	return SEQ_OK;
}

/* A split payload has elements of 2 or 4 bytes to split. */
static int codec_check(const seqp_head *h, seq_error *err)
{
	const seq_dtype_row *t = seq_dtype_get(h->f.dtype);
	if (h->f.codec > SEQ_CODEC_SPLIT_ZSTD)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "codec %d is not known here", h->f.codec);
	if (h->f.codec == SEQ_CODEC_NONE && h->stored != h->raw)
		return seqp_fail(err, SEQ_E_FORMAT, "stored and raw length differ without a codec");
	if (h->f.codec == SEQ_CODEC_SPLIT_ZSTD && (t->block != 1 || (t->bytes != 2 && t->bytes != 4)))
		return seqp_fail(err, SEQ_E_FORMAT, "%s cannot be split in byte planes", t->name);
	/* zstd spends at least 4 bytes on 128 KiB: anything denser is a lie */
	if (h->f.codec != SEQ_CODEC_NONE && h->raw / (1 << 15) > h->stored)
		return seqp_fail(err, SEQ_E_FORMAT, "%" PRIu64 " bytes cannot hold %" PRIu64, h->stored, h->raw);
	return SEQ_OK;
}

static int head_check(seqp_head *h, seq_error *err)
{
	char buf[24];
	uint64_t bytes = 0;
	if (!seqp_kind_get(h->f.kind) && !(h->f.kind & SEQ_KIND_SKIPPABLE))
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "%s is not known here and may not be skipped",
		                 seqp_kind_say(h->f.kind, buf));
	int r = shape_bytes(&h->f, &bytes, err);
	if (r < 0)
		return r;
	if (h->raw != bytes)
		return seqp_fail(err, SEQ_E_FORMAT, "raw length %" PRIu64 ", but the array has %" PRIu64 " bytes",
		                 h->raw, bytes);
	if (h->stored > SEQP_FRAME_MAX)
		return seqp_fail(err, SEQ_E_FORMAT, "stored length is over %" PRIu64, SEQP_FRAME_MAX);
	r = ids_check(&h->f, err);
	if (r == SEQ_OK)
		r = codec_check(h, err);
	return r < 0 ? r : seqp_kind_check(&h->f, h->raw, h->named, err);
}

static int magic_check(const uint8_t *in, seq_error *err)
{
	if (memcmp(in, magic, 4))
		return seqp_fail(err, SEQ_E_FORMAT, "no frame begins here");
	if (in[AT_VERSION] > SEQP_VERSION)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "format version %d, where %d is the newest known here",
		                 in[AT_VERSION], SEQP_VERSION);
	if (in[AT_VERSION] == 0)
		return seqp_fail(err, SEQ_E_FORMAT, "format version 0");
	if ((uint32_t)seqp_hash64(in, AT_HEAD_CHECK) != seqp_get32(in + AT_HEAD_CHECK))
		return seqp_fail(err, SEQ_E_FORMAT, "header checksum mismatch");
	return SEQ_OK;
}

int seqp_head_get(seqp_head *h, const uint8_t in[SEQP_HEAD], seq_error *err)
{
	int r = magic_check(in, err);
	if (r < 0)
		return r;
	memset(h, 0, sizeof *h);
	h->f.codec = in[AT_CODEC];
	h->f.dtype = in[AT_DTYPE];
	h->f.rank = in[AT_RANK] & 0x0f;
	h->named = in[AT_RANK] & SEQP_RANK_NAMED;
	h->f.kind = seqp_get16(in + AT_KIND);
	h->f.role = seqp_get16(in + AT_ROLE);
	h->f.seq = seqp_get32(in + AT_SEQ);
	h->f.layer = seqp_get32(in + AT_LAYER);
	h->stored = seqp_get64(in + AT_STORED);
	h->raw = seqp_get64(in + AT_RAW);
	h->check = seqp_get64(in + AT_CHECK);
	if (in[AT_RANK] & 0xe0)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "flags 0x%02x are not known here", in[AT_RANK] & 0xe0);
	for (int i = 0; i < SEQ_MAX_RANK; i++) {
		h->f.dim[i] = seqp_get32(in + AT_DIM + 4 * i);
		if (i >= h->f.rank && h->f.dim[i])
			return seqp_fail(err, SEQ_E_FORMAT, "dimension %d is set beyond rank %d", i, h->f.rank);
	}
	return head_check(h, err);
}

int seqp_head_from(seqp_head *h, const seq_frame *f, seq_error *err)
{
	size_t len = strnlen(f->name, sizeof f->name);
	memset(h, 0, sizeof *h);
	h->f = *f;
	h->f.codec = SEQ_CODEC_NONE;
	h->named = len > 0;
	h->stored = h->raw = f->bytes;
	if (len > SEQ_NAME_MAX)
		return seqp_fail(err, SEQ_E_FORMAT, "the name is longer than %d bytes", SEQ_NAME_MAX);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)f->name[i] < 0x20 || f->name[i] == 0x7f)
			return seqp_fail(err, SEQ_E_FORMAT, "a control character in the name");
	return head_check(h, err);
}

int seqp_name_get(char name[SEQ_NAME_MAX + 1], const uint8_t block[SEQP_HEAD], seq_error *err)
{
	size_t len = strnlen((const char *)block, SEQP_HEAD);
	if (len == 0 || len > SEQ_NAME_MAX)
		return seqp_fail(err, SEQ_E_FORMAT, "the name is empty or longer than %d bytes", SEQ_NAME_MAX);
	for (size_t i = 0; i < SEQP_HEAD; i++)
		if (i < len ? block[i] < 0x20 || block[i] == 0x7f : block[i] != 0)
			return seqp_fail(err, SEQ_E_FORMAT, "a control character in the name or bytes after it");
	memcpy(name, block, SEQ_NAME_MAX + 1);
	return SEQ_OK;
}
