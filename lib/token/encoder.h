/* SPDX-License-Identifier: MIT */
/* The encoder's parts.  Bytes run through these stages, each of which keeps what it
 * cannot yet decide:
 *
 *     text -> special.c (tokens spelt out) -> normal.c (the vocabulary's normalisation)
 *          -> buf -> words.c (cut into words, merge) or lattice.c or greedy.c -> out -> sink */
#ifndef TOKEN_ENCODER_H
#define TOKEN_ENCODER_H

#include "token/merge.h"
#include "token/vocab.h"

enum { SEQP_OUT = 8192, SEQP_BLOCK = 1 << 15, SEQP_PAD = 32,
       SEQP_WINDOW = 8192 /* a word longer than this is not held as a whole */ };

/* SEQP_WINDOW; the tests change it to compare. */
extern size_t seqp_window;

typedef struct seqp_bytes {
	uint8_t *p; /* SEQP_PAD bytes more than cap can be read */
	size_t n, cap;
} seqp_bytes;

/* A word met before: one line of the processor's cache. */
enum { SEQP_CACHE = 1 << 16, SEQP_CACHED_IDS = 9 };
struct seqp_cached {
	uint64_t key[3];
	int32_t id[SEQP_CACHED_IDS];
	uint8_t len, ids;
};

struct seq_encoder {
	const seq_vocab *v;
	unsigned flags;
	bool begun;     /* a text is under way */
	bool prefixed;  /* the blank in front of the text is written */
	bool part;      /* a stretch between special tokens is under way */
	bool failed;    /* memory ran out in this call */

	int32_t out[SEQP_OUT];
	size_t outs;
	seq_id_sink sink;
	void *arg;
	seq_error *err;
	int rc;

	seqp_bytes held; /* may yet become a special token */
	seqp_bytes cut;  /* the first bytes of a character */
	seqp_bytes buf;  /* normalised, not yet encoded */
	size_t pos;      /* the part of buf that is done */
	size_t retry;    /* do not look again before so many bytes wait */

	seqp_merger merger;
	struct seqp_cached *cache;
	bool last_unk;
	uint8_t spelt[1024];

	struct seqp_norm *norm;
	struct seqp_lattice *lattice;
	bool in_long;
	size_t head;     /* bytes that stand for the beginning of the long word */
	uint64_t work; /* steps taken, for the test that time is linear */
};

void seqp_flush(seq_encoder *e);
static inline void seqp_emit(seq_encoder *e, int32_t id)
{
	if (e->outs == SEQP_OUT)
		seqp_flush(e);
	e->out[e->outs++] = id;
}
/* The ids of bytes that no piece covers: byte pieces, or one unknown. */
void seqp_emit_bytes(seq_encoder *e, const uint8_t *p, size_t n);

/* Room for `more` bytes behind b->n. */
int seqp_bytes_room(seqp_bytes *b, size_t more, seq_error *err);
int seqp_bytes_put(seqp_bytes *b, const uint8_t *p, size_t n, seq_error *err);

/* At least so many bytes at the end of p[0..n), whole characters. */
size_t seqp_tail(const uint8_t *p, size_t n, size_t least);
/* What is done leaves buf. */
void seqp_drop_done(seq_encoder *e);
void seqp_lattice_free(seq_encoder *e);
void seqp_lattice_reset(seq_encoder *e);
void seqp_norm_free(seq_encoder *e);
void seqp_norm_reset(seq_encoder *e);
void seqp_wordpiece(seq_encoder *e, const uint8_t *p, size_t n);
/* Normalised text into buf. */
int seqp_nfc_put(seq_encoder *e, const uint8_t *p, size_t n, bool end);
int seqp_bert_put(seq_encoder *e, const uint8_t *p, size_t n, bool end);

/* Text in; end: the stretch ends here. */
int seqp_special_feed(seq_encoder *e, const uint8_t *p, size_t n, bool end);
int seqp_normal_feed(seq_encoder *e, const uint8_t *p, size_t n, bool end);
int seqp_words_drain(seq_encoder *e, bool end);
int seqp_lattice_drain(seq_encoder *e, bool end);
int seqp_greedy_drain(seq_encoder *e, bool end);

#endif
