/* SPDX-License-Identifier: MIT */
/* A vocabulary in memory, the same for every file it may come from.
 *
 * A reader fills it in this order: seqp_vocab_new; seqp_vocab_add for each id; the switches and
 * special ids; seqp_vocab_index (spellings can then be looked up); for byte pair
 * vocabularies with a list of merges seqp_vocab_merge; seqp_vocab_finish. */
#ifndef TOKEN_VOCAB_H
#define TOKEN_VOCAB_H

#include "base/mem.h"
#include "seq/token.h"
#include "token/lookup.h"
#include "token/pretok.h"
#include "token/trie.h"

enum seqp_kind { SEQP_BPE, SEQP_SPM, SEQP_UNIGRAM, SEQP_WORDPIECE, SEQP_RWKV };

/* As GGUF and SentencePiece number them. */
enum seqp_type {
	SEQP_NORMAL = 1, SEQP_UNKNOWN = 2, SEQP_CONTROL = 3, SEQP_USER = 4, SEQP_UNUSED = 5, SEQP_BYTE = 6
};

enum { SEQP_MAX_VOCAB = 1 << 24, SEQP_MAX_PIECE = 1 << 16 };

struct seq_vocab {
	enum seqp_kind kind;
	size_t n, cap;
	seqp_arena arena;
	struct seqp_spelling *piece; /* as the file spells it */
	struct seqp_spelling *text;  /* the bytes it stands for */
	uint8_t *type;               /* enum seqp_type */
	uint8_t *ends;               /* this id ends a generation */
	double *score;               /* SentencePiece */
	int32_t bos, eos, unk;
	struct seqp_merges *merges; /* read, not yet among the pairs */
	bool adds_bos, adds_eos;

	seqp_pieces pieces;
	seqp_pairs pairs;
	int32_t byte_id[256]; /* byte level: the id of the byte; else of <0xNN>; -1: none */
	bool byte_level;      /* pieces are spelt in the 256 printable stand-ins */
	bool has_bytes;       /* all 256 byte_id are there */

	/* What happens to a text before it is cut. */
	bool space_prefix;  /* a blank in front of each text */
	bool prefix_once;   /* ... but not again behind a token spelt out in it */
	bool prefix_unless_blank; /* ... only if it does not begin with one */
	bool escape_space;  /* blanks become U+2581 */
	bool nfc;
	bool lower, strip_accents, clean, cjk_spaces; /* WordPiece */

	seqp_split *split;
	bool ignore_merges; /* a word that is a piece stays whole */
	bool fuse_unk;
	bool strip_first;   /* decoding drops the blank in front of the text */

	/* Symbols of characters that occur in pieces and are none themselves: ids n, n + 1, ... */
	struct seqp_spelling *extra;
	size_t extras, extra_cap;
	seqp_pieces extra_table;
	uint8_t joined[256][32]; /* bit y of x: some piece has a character ending in x before one beginning with y */
	uint8_t joined_space[32]; /* bit x: ... before U+2581 */

	/* WordPiece */
	const char *word_prefix, *inner_prefix;
	size_t max_word; /* characters */

	double min_score, max_score;
	bool double_scores; /* Unigram sums in double */
	seqp_trie trie;     /* Unigram, RWKV, WordPiece */

	seqp_trie user;    /* pieces recognised in any text */
	seqp_trie special; /* and those with SEQ_ENCODE_SPECIAL */
};

int seqp_vocab_new(seq_vocab **out, enum seqp_kind kind, seq_error *err);
/* Room for n pieces in all, where their number is known. */
int seqp_vocab_room(seq_vocab *v, size_t n, seq_error *err);
int seqp_vocab_add(seq_vocab *v, const char *piece, size_t len, int type, double score, seq_error *err);
int seqp_vocab_index(seq_vocab *v, seq_error *err);
/* Refuses a SentencePiece model whose normalisation is not done here: ids would be wrong in silence. */
int seqp_vocab_plain(bool charsmap, bool squeezes_blanks, seq_error *err);
/* Rank is the place in the list. The pair is left out when one of the three is no piece. */
int seqp_vocab_merge(seq_vocab *v, const char *left, size_t nl, const char *right, size_t nr, uint32_t rank,
                     seq_error *err);
/* For seqp_vocab_finish. */
int seqp_vocab_merges_flush(seq_vocab *v, seq_error *err);
int seqp_vocab_finish(seq_vocab *v, seq_error *err);
/* Marks the ids that end a generation by their usual spellings. */
void seqp_vocab_mark_ends(seq_vocab *v);

/* Readers; name is for error sentences. */
int seqp_vocab_read_gguf(seq_vocab **out, const void *data, size_t size, seq_error *err);
int seqp_vocab_read_sp(seq_vocab **out, const void *data, size_t size, seq_error *err);
int seqp_vocab_read_json(seq_vocab **out, const void *data, size_t size, const void *config, size_t config_size,
                         seq_error *err);
int seqp_vocab_read_rwkv(seq_vocab **out, const void *data, size_t size, seq_error *err);

/* Merges of a SentencePiece BPE vocabulary, from its scores. */
int seqp_spm_prepare(seq_vocab *v, seq_error *err);
/* Symbol of a character: a piece, an extra symbol, or -1. */
int32_t seqp_spm_symbol(const seq_vocab *v, const uint8_t *p, size_t n);

/* Python string escapes (\n, \xHH, \uHHHH) undone in place; the length left, or SIZE_MAX. */
size_t seqp_unescape(uint8_t *s, size_t n, bool bytes);

/* The byte that a stand-in character spells, or -1; and the other way round (UTF-8, at most 2 bytes). */
int seqp_stand_in_byte(int32_t cp);
size_t seqp_stand_in(uint8_t byte, uint8_t out[2]);
/* A whole piece into bytes, at most as many; false when a character is no stand-in. */
bool seqp_stand_ins_undo(const uint8_t *p, size_t n, uint8_t *to, size_t *len);

#endif
