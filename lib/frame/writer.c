/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <errno.h>
#include <xxhash.h>

#include "base/endian.h"
#include "base/fail.h"
#include "frame/codec.h"
#include "frame/head.h"
#include "frame/origin.h"
#include "frame/sink.h"

enum { WORTH_CODING = 4096 }; /* smaller payloads stay as they are */

struct seq_writer {
	seqp_sink sink;
	seqp_coder coder;
	int own, codec, level;
	char name[128];
	uint64_t frames;  /* of this stream so far */
	XXH64_state_t *sum;
	seq_error failed; /* a stream that broke stays broken */
};

static uint64_t body_sum(seq_writer *w, const uint8_t *name, const void *p, size_t n)
{
	if (!name)
		return XXH64(p, n, 0);
	XXH64_reset(w->sum, 0);
	XXH64_update(w->sum, name, SEQP_HEAD);
	if (n)
		XXH64_update(w->sum, p, n);
	return XXH64_digest(w->sum);
}

static int put_frame(seq_writer *w, const seq_frame *f, seq_error *err)
{
	static const uint8_t zeros[SEQP_HEAD];
	uint8_t block[2 * SEQP_HEAD] = {0};
	seqp_head h;
	int e = seqp_head_from(&h, f, err);
	if (e < 0)
		return SEQ_E_ARG;
	int codec = f->bytes < WORTH_CODING ? SEQ_CODEC_NONE : w->codec;
	const void *p = seqp_encode(&w->coder, &h, f->bytes ? f->payload : zeros, codec, w->level, err);
	if (!p)
		return SEQ_E_NOMEM;
	if (h.named)
		memcpy(block + SEQP_HEAD, f->name, strlen(f->name));
	h.check = body_sum(w, h.named ? block + SEQP_HEAD : NULL, p, (size_t)h.stored);
	seqp_head_put(block, &h);
	seqp_piece piece[] = {
		{block, h.named ? sizeof block : SEQP_HEAD},
		{p, (size_t)h.stored},
		{zeros, (size_t)(-h.stored % SEQP_HEAD)},
	};
	e = seqp_sink_put(&w->sink, piece, 3, err);
	if (e == SEQ_OK)
		w->frames++;
	else
		w->failed.code = e;
	return e;
}

/* Puts the writer's name before the sentence; remembers what broke the stream. */
static int say(seq_writer *w, int e, seq_error *err)
{
	if (e < 0)
		seqp_fail_at(err, e, "%s", w->name);
	if (e < 0 && w->failed.code)
		w->failed = *err;
	return e;
}

static int put_begin(seq_writer *w, const seq_origin *o, seq_error *err)
{
	uint8_t *buf = malloc(SEQP_BEGIN_MAX);
	if (!buf)
		return seqp_nomem(err, SEQP_BEGIN_MAX);
	int64_t n = seqp_origin_pack(buf, o, err);
	int e = (int)n;
	if (n >= 0) {
		seq_frame f = {.kind = SEQ_BEGIN, .dtype = SEQ_U8, .rank = 1, .dim = {(uint32_t)n},
		               .payload = buf, .bytes = (size_t)n};
		e = put_frame(w, &f, err);
	}
	free(buf);
	return e;
}

int seq_writer_open(seq_writer **out, int fd, const seq_writer_opts *opts, seq_error *err)
{
	static const seq_writer_opts none;
	const seq_writer_opts *o = opts ? opts : &none;
	seq_writer *w = calloc(1, sizeof *w);
	seq_error mine;
	*out = NULL;
	if (!w)
		return seqp_nomem(err, sizeof *w);
	w->codec = o->codec;
	w->level = o->level;
	strncpy(w->name, o->name ? o->name : "stream", sizeof w->name - 1);
	w->sum = XXH64_createState();
	int e = w->sum ? seqp_sink_open(&w->sink, fd, &mine) : seqp_nomem(&mine, sizeof *w);
	if (e == SEQ_OK)
		e = put_begin(w, &o->origin, &mine);
	if (e < 0) {
		say(w, e, &mine);
		if (err)
			*err = mine;
		w->sink.used = 0;
		seq_writer_abandon(w);
		return e;
	}
	w->own = o->own;
	*out = w;
	return SEQ_OK;
}

int seq_writer_put(seq_writer *w, const seq_frame *f, seq_error *err)
{
	seq_error mine = w->failed;
	int e = mine.code;
	if (e == SEQ_OK && (f->kind == SEQ_BEGIN || f->kind == SEQ_END))
		e = say(w, seqp_fail(&mine, SEQ_E_ARG, "begin and end frames are the writer's own"), &mine);
	else if (e == SEQ_OK)
		e = say(w, put_frame(w, f, &mine), &mine);
	if (e < 0 && err)
		*err = mine;
	return e;
}

int seq_writer_flush(seq_writer *w, seq_error *err)
{
	seq_error mine = w->failed;
	int e = mine.code;
	if (e == SEQ_OK) {
		e = w->failed.code = seqp_sink_flush(&w->sink, &mine);
		say(w, e, &mine);
	}
	if (e < 0 && err)
		*err = mine;
	return e;
}

static int put_end(seq_writer *w, seq_error *err)
{
	uint8_t count[8];
	seqp_put64(count, w->frames);
	seq_frame f = {.kind = SEQ_END, .dtype = SEQ_I64, .payload = count, .bytes = 8};
	int e = put_frame(w, &f, err);
	return e < 0 ? e : seqp_sink_flush(&w->sink, err);
}

/* Frees w; the result of close(2) where the descriptor is w's. */
static int let_go(seq_writer *w, seq_error *err)
{
	int e = SEQ_OK;
	if (w->own && close(w->sink.fd) < 0 && errno != EINTR)
		e = seqp_fail(err, SEQ_E_IO, "%s: cannot close: %s", w->name, strerror(errno));
	seqp_sink_free(&w->sink);
	seqp_coder_free(&w->coder);
	XXH64_freeState(w->sum);
	free(w);
	return e;
}

int seq_writer_close(seq_writer *w, seq_error *err)
{
	seq_error mine = w->failed, closing = {0};
	int e = mine.code;
	if (e == SEQ_OK)
		e = say(w, put_end(w, &mine), &mine);
	int c = let_go(w, &closing);
	if (e == SEQ_OK && c < 0) {
		e = c;
		mine = closing;
	}
	if (e < 0 && err)
		*err = mine;
	return e;
}

void seq_writer_abandon(seq_writer *w)
{
	if (!w)
		return;
	if (w->failed.code == SEQ_OK && w->sink.buf && seqp_sink_flush(&w->sink, NULL) < 0)
		errno = 0; /* what is complete is passed on where that can be done */
	let_go(w, NULL);
}
