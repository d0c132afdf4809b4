/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/fail.h"
#include "base/hash.h"
#include "frame/codec.h"
#include "frame/head.h"
#include "frame/kinds.h"
#include "frame/origin.h"
#include "frame/source.h"

enum { LOOK_AHEAD = 1 << 20 }; /* for the frame that decides a part's ids; see seq-stream(5) */

/* What a step met. */
enum { AT_EOF, A_FRAME, A_BEGIN, AN_END };

struct seq_reader {
	seqp_source src;
	seqp_coder coder;
	seqp_origin origin;
	char name[128];
	seqp_head head;        /* of the frame at hand */
	size_t pending;        /* its bytes, skipped by the next step */
	uint64_t number;       /* of the frame at hand; the first is 1 */
	uint64_t in_part;      /* frames of this part so far */
	uint32_t part;         /* parts begun */
	_Bool inside;          /* a part has begun and not ended */
	_Bool coded;           /* payloads are handed out as stored */
	_Bool decided;         /* shift holds for this part */
	uint32_t shift;        /* added to the part's sequence ids; a part that goes on keeps it */
	uint32_t taken, high;  /* ids below are of earlier parts; of any part */
	seq_error failed;
};

int seq_reader_open(seq_reader **out, int fd, int own, const char *name, seq_error *err)
{
	seq_reader *r = calloc(1, sizeof *r);
	*out = NULL;
	if (!r)
		return seqp_nomem(err, sizeof *r);
	strncpy(r->name, name ? name : "stream", sizeof r->name - 1);
	r->origin.pub.model = r->origin.model;
	r->origin.pub.provenance = r->origin.lines;
	int e = seqp_source_open(&r->src, fd, own, err);
	if (e < 0) {
		free(r);
		return e;
	}
	*out = r;
	return SEQ_OK;
}

/* The input ends n bytes into what should be a frame. */
static int ends_early(const seq_reader *r, size_t n, seq_error *err)
{
	if (n)
		return seqp_fail(err, SEQ_E_TRUNC, "the stream ends inside this frame");
	if (r->part == 0)
		return seqp_fail(err, SEQ_E_TRUNC, "the stream is empty");
	return seqp_fail(err, SEQ_E_TRUNC, "the stream ends without an end frame");
}

/* The next header: 1, 0 at the proper end. */
static int read_head(seq_reader *r, seq_error *err)
{
	int e = seqp_source_need(&r->src, SEQP_HEAD, err);
	size_t have = seqp_source_have(&r->src);
	if (e == 0 && have == 0 && r->part && !r->inside)
		return 0;
	r->number++;
	if (have && r->number == 1 && *seqp_source_at(&r->src) != 0x89)
		return seqp_fail(err, SEQ_E_FORMAT, "this is not a stream (text becomes one by tokenize)");
	if (e <= 0)
		return e < 0 ? e : ends_early(r, have, err);
	e = seqp_head_get(&r->head, seqp_source_at(&r->src), err);
	if (e < 0)
		return e;
	if (!r->inside && r->head.f.kind != SEQ_BEGIN)
		return seqp_fail(err, SEQ_E_FORMAT, "a begin frame should stand here");
	if (r->inside && r->head.f.kind == SEQ_BEGIN)
		return seqp_fail(err, SEQ_E_TRUNC, "a part begins before the one in front of it has ended");
	return 1;
}

static int padding_check(const uint8_t *p, size_t n, seq_error *err)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return seqp_fail(err, SEQ_E_FORMAT, "the padding is not zero");
	return SEQ_OK;
}

/* Brings name block, payload and padding at hand and checks them. */
static int read_body(seq_reader *r, seq_error *err)
{
	const seqp_head *h = &r->head;
	uint64_t span = seqp_head_span(h);
	size_t named = h->named ? SEQP_HEAD : 0, body = named + (size_t)h->stored;
	if (span > SIZE_MAX / 4)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "the frame is too large for this machine");
	int e = seqp_source_need(&r->src, (size_t)span, err);
	if (e <= 0)
		return e < 0 ? e : ends_early(r, 1, err);
	const uint8_t *p = seqp_source_at(&r->src) + SEQP_HEAD;
	if (seqp_hash64(p, body) != h->check)
		return seqp_fail(err, SEQ_E_FORMAT, "checksum mismatch");
	e = padding_check(p + body, (size_t)span - SEQP_HEAD - body, err);
	if (e == SEQ_OK && h->named)
		e = seqp_name_get(r->head.f.name, p, err);
	r->pending = (size_t)span;
	return e;
}

static const uint8_t *body(const seq_reader *r)
{
	return seqp_source_at(&r->src) + SEQP_HEAD + (r->head.named ? SEQP_HEAD : 0);
}

static int take_begin(seq_reader *r, seq_error *err)
{
	const uint8_t *p = seqp_decode(&r->coder, &r->head, body(r), err);
	if (!p)
		return err->code;
	r->in_part = 1;
	r->part++;
	r->inside = 1;
	r->taken = r->high;
	r->decided = r->part == 1;
	int e = seqp_origin_merge(&r->origin, p, (size_t)r->head.raw, err);
	return e < 0 ? e : A_BEGIN;
}

static int take_end(seq_reader *r, seq_error *err)
{
	const uint8_t *p = seqp_decode(&r->coder, &r->head, body(r), err);
	if (!p)
		return err->code;
	if (seqp_get64(p) != r->in_part)
		return seqp_fail(err, SEQ_E_FORMAT, "%" PRIu64 " frames came before it, it counts %" PRIu64, r->in_part,
		                 seqp_get64(p));
	r->inside = 0;
	return AN_END;
}

static _Bool skippable(int kind)
{
	return kind & SEQ_KIND_SKIPPABLE;
}

/* The rule of concatenation, given the frame that decides. */
static void decide(seq_reader *r, const seq_frame *f)
{
	_Bool goes_on = f->kind == SEQ_TOKENS && f->role == SEQ_TOKENS_NEW;
	r->decided = 1;
	if (!goes_on && f->kind != SEQ_END)
		r->shift = f->seq < r->taken ? r->taken : 0;
}

/* Notes and the like decide nothing: look past them. */
static int look_ahead(seq_reader *r, seq_error *err)
{
	seqp_head h = r->head;
	uint64_t at = 0;
	while (skippable(h.f.kind)) {
		at += seqp_head_span(&h);
		if (at > LOOK_AHEAD)
			break;
		int e = seqp_source_need(&r->src, (size_t)at + SEQP_HEAD, err);
		if (e < 0)
			return e;
		if (e == 0 || seqp_head_get(&h, seqp_source_at(&r->src) + at, NULL) < 0)
			break; /* the step that gets there says what is wrong */
	}
	if (skippable(h.f.kind))
		r->decided = 1;
	else
		decide(r, &h.f);
	return SEQ_OK;
}

static int renumber(seq_reader *r, seq_error *err)
{
	seq_frame *f = &r->head.f;
	if (f->seq + r->shift >= SEQP_SEQ_LIMIT)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "more than %d sequences", SEQP_SEQ_LIMIT);
	f->seq += r->shift;
	if ((f->kind == SEQ_STATE || f->kind == SEQ_COMMIT) && f->seq < r->taken)
		return seqp_fail(err, SEQ_E_FORMAT, "sequence %" PRIu32 " is of an earlier part, it cannot get another state",
		                 f->seq);
	if (!skippable(f->kind) && f->seq >= r->high)
		r->high = f->seq + 1;
	return SEQ_OK;
}

static int take_frame(seq_reader *r, seq_error *err)
{
	int e = SEQ_OK;
	r->in_part++;
	if (!r->decided)
		e = look_ahead(r, err);
	if (e == SEQ_OK)
		e = renumber(r, err);
	if (e < 0)
		return e;
	r->head.f.payload = r->coded ? body(r) : seqp_decode(&r->coder, &r->head, body(r), err);
	if (!r->head.f.payload)
		return err->code;
	r->head.f.bytes = (size_t)(r->coded ? r->head.stored : r->head.raw);
	r->head.f.stored = (size_t)r->head.stored;
	return A_FRAME;
}

static int step(seq_reader *r, seq_error *err)
{
	seqp_source_skip(&r->src, r->pending);
	r->pending = 0;
	memset(&r->head, 0, sizeof r->head);
	int e = read_head(r, err);
	if (e > 0)
		e = read_body(r, err);
	else if (e == 0)
		return AT_EOF;
	if (e < 0)
		return e;
	if (r->head.f.kind == SEQ_BEGIN)
		return take_begin(r, err);
	return r->head.f.kind == SEQ_END ? take_end(r, err) : take_frame(r, err);
}

/* A step whose sentence names stream and frame; a failed reader stays failed. */
static int step_said(seq_reader *r, seq_error *err)
{
	char buf[24];
	if (r->failed.code == 0) {
		int e = step(r, &r->failed);
		if (e >= 0)
			return e;
		if (r->head.f.kind)
			seqp_fail_at(&r->failed, e, "%s: frame %" PRIu64 " (%s)", r->name, r->number,
			             seqp_kind_say(r->head.f.kind, buf));
		else
			seqp_fail_at(&r->failed, e, "%s: frame %" PRIu64, r->name, r->number);
	}
	if (err)
		*err = r->failed;
	return r->failed.code;
}

int seq_reader_start(seq_reader *r, seq_error *err)
{
	if (r->part)
		return SEQ_OK;
	int e = step_said(r, err);
	return e < 0 ? e : SEQ_OK;
}

int seq_reader_next(seq_reader *r, seq_frame *f, seq_error *err)
{
	int e;
	do {
		e = step_said(r, err);
	} while (e == A_BEGIN || e == AN_END);
	if (e == A_FRAME)
		*f = r->head.f;
	return e;
}

void seq_reader_coded(seq_reader *r)
{
	r->coded = 1;
}

const seq_origin *seq_reader_origin(const seq_reader *r)
{
	return &r->origin.pub;
}

void seq_reader_where(const seq_reader *r, uint64_t *frame, uint32_t *part)
{
	*frame = r->number;
	*part = r->part;
}

void seq_reader_close(seq_reader *r)
{
	if (!r)
		return;
	seqp_source_skip(&r->src, r->pending);
	seqp_source_close(&r->src);
	seqp_coder_free(&r->coder);
	free(r);
}
