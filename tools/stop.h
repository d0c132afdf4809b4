/* SPDX-License-Identifier: MIT */
/* Stop strings: tokens are held back while their text could be the beginning of one. */
#ifndef STOP_H
#define STOP_H

#include "seq/token.h"

typedef struct stop_list {
	char **text;
	size_t n;
	const seq_vocab *vocab;
} stop_list;

typedef struct stop_token {
	int32_t id;
	double logprob;
	size_t end; /* of its text in the held text */
} stop_token;

/* What is held back of one sequence. */
typedef struct stop_held {
	seq_decoder *decoder;
	char *text;
	size_t len, room;
	stop_token *token;
	size_t n, cap;
} stop_held;

void stop_list_add(stop_list *s, const char *text);

/* Adds a token.  0: the first *sure of the held tokens can go; the caller takes them off by stop_drop().
 * 1: a stop string is there: *sure tokens stand before it, and *rest (malloc'ed, *nrest ids) spell what is
 * left of the text before it; nothing more is to come. */
int stop_push(stop_held *h, const stop_list *s, int32_t id, double logprob, size_t *sure, int32_t **rest, size_t *nrest);
void stop_drop(stop_held *h, size_t n);
void stop_free(stop_held *h);

#endif
