/* SPDX-License-Identifier: MIT */
/* Text to token ids and back, exactly as the model's own tokenizer does it.
 *
 *     seq_vocab *v;
 *     seq_vocab_open(&v, "model.gguf", &err);
 *     seq_encoder *e;
 *     seq_encoder_new(&e, v, SEQ_ENCODE_BOS, &err);
 *     seq_encode(e, text, len, 1, sink, arg, &err);   // 1: the text ends here
 *
 * A vocabulary is read-only after it is opened and may be shared by threads; an
 * encoder or decoder belongs to one. */
#ifndef SEQ_TOKEN_H
#define SEQ_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "seq/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct seq_vocab seq_vocab;

/* path: a GGUF file, a tokenizer.json, a SentencePiece .model, an RWKV vocabulary text, or a
 * folder with one of them (tokenizer.json first; tokenizer_config.json beside it is used). */
int seq_vocab_open(seq_vocab **out, const char *path, seq_error *err) SEQ_MUST_USE;
void seq_vocab_free(seq_vocab *v);

size_t seq_vocab_size(const seq_vocab *v);
const char *seq_vocab_kind(const seq_vocab *v); /* "bpe", "spm", "unigram", "wordpiece", "rwkv" */

/* Special ids, -1 where the vocabulary has none. */
int32_t seq_vocab_bos(const seq_vocab *v);
int32_t seq_vocab_eos(const seq_vocab *v);
/* Does this id end a generation (eos, eot, eom, ...)? */
int seq_vocab_is_end(const seq_vocab *v, int32_t id);
int seq_vocab_is_special(const seq_vocab *v, int32_t id);
/* Does the model's tokenizer put BOS (EOS) around a text by itself? */
int seq_vocab_adds_bos(const seq_vocab *v);
int seq_vocab_adds_eos(const seq_vocab *v);
/* The id whose spelling in the vocabulary is exactly this, or -1. */
int32_t seq_vocab_find(const seq_vocab *v, const char *piece, size_t len);

typedef struct seq_encoder seq_encoder;
enum {
	SEQ_ENCODE_BOS = 1,     /* begin with BOS */
	SEQ_ENCODE_EOS = 2,     /* end with EOS */
	SEQ_ENCODE_SPECIAL = 4, /* recognise special tokens spelt out in the text */
	SEQ_ENCODE_NO_NFC = 8   /* leave out the vocabulary's Unicode normalisation */
};
int seq_encoder_new(seq_encoder **out, const seq_vocab *v, unsigned flags, seq_error *err) SEQ_MUST_USE;
void seq_encoder_free(seq_encoder *e);

/* Ids as they become certain.  Returns 0, or a negative error to stop. */
typedef int (*seq_id_sink)(void *arg, const int32_t *id, size_t n, seq_error *err);

/* Feeds bytes; any cut of the input gives the same ids.  end: the text is
 * complete; the encoder is then ready for the next text. */
int seq_encode(seq_encoder *e, const char *text, size_t len, int end, seq_id_sink sink, void *arg,
               seq_error *err) SEQ_MUST_USE;

/* One text at once into memory: *ids is malloc'ed, the caller frees it. */
int seq_encode_all(const seq_vocab *v, unsigned flags, const char *text, size_t len, int32_t **ids,
                   size_t *n, seq_error *err) SEQ_MUST_USE;

typedef struct seq_decoder seq_decoder;
enum {
	SEQ_DECODE_SPECIAL = 1, /* write special tokens as they are spelt */
	SEQ_DECODE_CONTINUE = 2 /* the ids go on a text already begun: keep a leading space */
};
int seq_decoder_new(seq_decoder **out, const seq_vocab *v, unsigned flags, seq_error *err) SEQ_MUST_USE;
void seq_decoder_free(seq_decoder *d);

/* The bytes of one id, less an incomplete UTF-8 sequence at the end, which is held
 * back for the next call.  *text belongs to the decoder, valid until the next call. */
int seq_decode(seq_decoder *d, int32_t id, const char **text, size_t *len, seq_error *err) SEQ_MUST_USE;
/* What was held back, as it is; the decoder is ready for the next text. */
int seq_decode_end(seq_decoder *d, const char **text, size_t *len, seq_error *err) SEQ_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
