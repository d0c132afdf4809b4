/* SPDX-License-Identifier: MIT */
#ifndef TOKEN_LATTICE_H
#define TOKEN_LATTICE_H

#include "token/encoder.h"

struct seqp_place {
	double score;
	uint32_t len;   /* bytes of the last piece of the path; 0: no path yet */
	int32_t id;     /* -1: a symbol that no piece covers */
	uint32_t ahead; /* bytes of the next piece, when the path is written */
};

struct seqp_lattice {
	seqp_bytes text;       /* what is not certain yet */
	struct seqp_place *at; /* at[k]: k bytes into text */
	size_t cap;
	size_t reach;  /* places 0 .. reach are set up */
	size_t next;   /* the first place from which no piece was tried yet */
	size_t try_at; /* look for a common beginning once next is here */
	uint8_t *mark;
	size_t mark_cap;
	const seqp_trie *trie;
	seqp_trie own;   /* byte pairs: the pieces that merging can give */
	uint64_t *fits;  /* byte pairs: answers of seqp_long_fits */
};

int seqp_lattice_new(seq_encoder *e);
/* Takes n bytes more; end: the stretch is complete, everything leaves. */
int seqp_lattice_run(seq_encoder *e, const uint8_t *p, size_t n, bool end);

int seqp_long_prepare(seq_encoder *e);
/* May piece b follow piece a, as far as merging goes? */
bool seqp_long_fits(seq_encoder *e, int32_t a, int32_t b);

#endif
