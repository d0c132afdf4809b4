/* SPDX-License-Identifier: MIT */
/* The stream between two tools: frames, one after another.
 *
 * The byte layout is in seq-stream(5).  A stream begins with a `begin` frame and
 * ends with an `end` frame; both are the reader's and writer's business.
 *
 *     seq_writer *w;
 *     seq_writer_open(&w, 1, &opts, &err);
 *     seq_frame f = {.kind = SEQ_TOKENS, .dtype = SEQ_I32, .rank = 1, .dim = {n},
 *                    .payload = ids, .bytes = 4 * n};
 *     seq_writer_put(w, &f, &err);
 *     seq_writer_close(w, &err);      // writes `end`; without it the stream is broken
 *
 * One thread per reader or writer. */
#ifndef SEQ_FRAME_H
#define SEQ_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "seq/error.h"
#include "seq/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum seq_kind {
	SEQ_BEGIN = 1,  /* version, provenance lines, model fingerprint and path hint */
	SEQ_END = 2,    /* the stream is complete */
	SEQ_TOKENS = 3, /* I32 [n]: token ids to be run, in order */
	SEQ_LOGITS = 4, /* F32 [n][vocabulary] */
	SEQ_TENSOR = 5, /* any dtype, named */
	SEQ_STATE = 6,  /* one array of one layer of a saved state; see seq/state.h */
	SEQ_COMMIT = 7, /* closes a state: token count, geometry, digest */
	SEQ_DRAFT = 8,  /* token tree: ids, parents, probabilities */
	SEQ_NOTE = 0x8001, /* key-value text; kinds with the top bit set may be skipped */
	SEQ_KIND_SKIPPABLE = 0x8000
};

enum seq_codec { SEQ_CODEC_NONE = 0, SEQ_CODEC_ZSTD = 1, SEQ_CODEC_SPLIT_ZSTD = 2 };

/* Roles of SEQ_TOKENS. */
enum {
	SEQ_TOKENS_NEW = 0, /* to be run after what the sequence holds */
	SEQ_TOKENS_PAST = 1 /* already in the sequence's state; for echo, penalties and drafts */
};

enum { SEQ_NAME_MAX = 63 };

typedef struct seq_frame {
	uint16_t kind;   /* enum seq_kind */
	uint16_t role;   /* SEQ_STATE: which array of the layer; SEQ_TOKENS: see above; else 0 */
	uint8_t codec;   /* enum seq_codec; a reader hands out decoded payloads */
	uint8_t dtype;   /* enum seq_dtype */
	uint8_t rank;    /* 0..4 */
	uint32_t dim[SEQ_MAX_RANK];
	uint32_t seq;    /* sequence id */
	uint32_t layer;
	char name[SEQ_NAME_MAX + 1]; /* tensors and notes; "" otherwise */
	const void *payload; /* 64-byte aligned */
	size_t bytes;
	size_t stored; /* bytes in the stream; set by the reader, ignored by the writer */
} seq_frame;

/* --- what a begin frame says ------------------------------------------- */

typedef struct seq_origin {
	uint8_t fingerprint[16]; /* of the model; all zero: none */
	const char *model;       /* path hint; NULL or "" if none */
	const char *provenance;  /* lines, oldest first; NULL or "" if none */
} seq_origin;

/* --- reading ------------------------------------------------------------ */

typedef struct seq_reader seq_reader;

/* Reads from fd (not closed by the reader unless own is set); maps a regular file, which must not
 * be cut short by others meanwhile. name is for error sentences ("prompt.seq", "standard input"). */
int seq_reader_open(seq_reader **out, int fd, int own, const char *name, seq_error *err) SEQ_MUST_USE;

/* The next frame: 1, or 0 after the last end frame, or a negative error (SEQ_E_TRUNC
 * when the stream stops without one).  begin and end frames are handled inside
 * (concatenated streams join; see seq-stream(5)).  A later part whose first frame is
 * SEQ_TOKENS of role NEW goes on with the sequences of the part before it.  Any other
 * part brings sequences of its own: when the id of its first frame is taken, all its
 * ids are shifted past those of the earlier parts.  Notes and other skippable frames
 * do not count as the first.  So in one part a state is written before the new tokens
 * that follow it.  The payload belongs to the reader and is valid until the next call. */
int seq_reader_next(seq_reader *r, seq_frame *f, seq_error *err) SEQ_MUST_USE;

/* What the begin frames so far say; valid while the reader lives.  Call seq_reader_next first, or
 * seq_reader_start to read just the begin frame. */
int seq_reader_start(seq_reader *r, seq_error *err) SEQ_MUST_USE;
const seq_origin *seq_reader_origin(const seq_reader *r);

/* From the next frame on payloads are handed out as stored (f->codec says how), so
 * checksums can be verified without decoding. */
void seq_reader_coded(seq_reader *r);
/* Where the last frame stood: its number (the first begin frame is 1) and its part (from 1). */
void seq_reader_where(const seq_reader *r, uint64_t *frame, uint32_t *part);
void seq_reader_close(seq_reader *r);

/* --- writing ------------------------------------------------------------ */

typedef struct seq_writer seq_writer;

typedef struct seq_writer_opts {
	int own;                 /* close fd at the end */
	enum seq_codec codec;    /* for payloads of 4 KiB and more; NONE in pipes */
	int level;               /* zstd level; 0 is the library's default */
	const char *name;        /* for error sentences */
	seq_origin origin;       /* goes into the begin frame */
} seq_writer_opts;

int seq_writer_open(seq_writer **out, int fd, const seq_writer_opts *opts, seq_error *err) SEQ_MUST_USE;
int seq_writer_put(seq_writer *w, const seq_frame *f, seq_error *err) SEQ_MUST_USE;
/* Hands everything to the system now. */
int seq_writer_flush(seq_writer *w, seq_error *err) SEQ_MUST_USE;
/* Writes the end frame, flushes, frees w in any case. */
int seq_writer_close(seq_writer *w, seq_error *err) SEQ_MUST_USE;
/* Frees w without an end frame: what was written stays visibly broken. */
void seq_writer_abandon(seq_writer *w);

/* A kind's row: its name ("tokens"), or NULL. */
const char *seq_kind_name(int kind);
int seq_kind_find(const char *name); /* -1: none */

#ifdef __cplusplus
}
#endif
#endif
