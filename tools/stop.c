/* SPDX-License-Identifier: MIT */
#include "stop.h"

#include <stdlib.h>
#include <string.h>

#include "tool.h"

void stop_list_add(stop_list *s, const char *text)
{
	if (!*text)
		tool_usage("--stop: an empty string would stop at once");
	s->text = realloc(s->text, (s->n + 1) * sizeof *s->text);
	if (!s->text || !(s->text[s->n++] = strdup(text)))
		tool_die("no memory for a stop string");
}

static void append(stop_held *h, const char *text, size_t len)
{
	if (!len)
		return;
	h->text = tool_grow(h->text, &h->room, h->len + len, 1);
	memcpy(h->text + h->len, text, len);
	h->len += len;
}

/* Where the first stop string begins, or len. */
static size_t first_stop(const stop_held *h, const stop_list *s)
{
	size_t at = h->len;
	for (size_t i = 0; i < s->n && h->len; i++) {
		const char *p = memmem(h->text, h->len, s->text[i], strlen(s->text[i]));
		if (p && (size_t)(p - h->text) < at)
			at = (size_t)(p - h->text);
	}
	return at;
}

/* Bytes at the end that could begin a stop string. */
static size_t doubtful(const stop_held *h, const stop_list *s)
{
	size_t most = 0;
	for (size_t i = 0; i < s->n; i++) {
		size_t len = strlen(s->text[i]), k = len - 1 < h->len ? len - 1 : h->len;
		while (k > most && memcmp(h->text + h->len - k, s->text[i], k))
			k--;
		most = k > most ? k : most;
	}
	return most;
}

/* Do these ids, put behind a text, spell exactly it? */
static int spells(const seq_vocab *v, const int32_t *id, size_t n, const char *text, size_t len)
{
	seq_decoder *d;
	size_t at = 0, k;
	const char *piece;
	int same = 1;
	if (seq_decoder_new(&d, v, SEQ_DECODE_CONTINUE, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n && same; i++) {
		same = seq_decode(d, id[i], &piece, &k, NULL) == 0 && k <= len - at && !memcmp(piece, text + at, k);
		at += same ? k : 0;
	}
	same = same && seq_decode_end(d, &piece, &k, NULL) == 0 && k == len - at && !memcmp(piece, text + at, k);
	seq_decoder_free(d);
	return same;
}

/* The longest pieces one after another, spaces spelt as SentencePiece does; n is 0 when that does not work. */
static int32_t *spell_by_pieces(const seq_vocab *v, const char *text, size_t len, size_t *n)
{
	static const char space[] = "\xe2\x96\x81";
	char *plain = tool_alloc(3 * len + 1, 1);
	int32_t *id = tool_alloc(3 * len + 1, sizeof *id), one = -1;
	size_t end = 0, k;
	for (size_t i = 0; i < len; i++) {
		k = text[i] == ' ' ? 3 : 1;
		memcpy(plain + end, k == 3 ? space : text + i, k);
		end += k;
	}
	*n = 0;
	for (size_t at = 0; at < end; at += k) {
		for (k = end - at; k && (one = seq_vocab_find(v, plain + at, k)) < 0; k--)
			;
		if (!k)
			break;
		id[(*n)++] = one;
	}
	free(plain);
	return id;
}

/* Ids for a piece of text in the middle of a text.  Vocabularies that put a space before a text are given it
 * without its own. */
static void spell(const stop_list *s, const char *text, size_t len, int32_t **id, size_t *n)
{
	*id = NULL;
	*n = 0;
	for (size_t skip = 0; len && skip <= (text[0] == ' '); skip++) {
		if (seq_encode_all(s->vocab, 0, text + skip, len - skip, id, n, NULL) < 0)
			*id = NULL;
		else if (spells(s->vocab, *id, *n, text, len))
			return;
		free(*id);
		*id = NULL;
		*n = 0;
	}
	if (!len)
		return;
	*id = spell_by_pieces(s->vocab, text, len, n);
	if (spells(s->vocab, *id, *n, text, len))
		return;
	*n = 0;
	tool_warn("a part of a token before a stop string cannot be spelt; it is left out");
}

int stop_push(stop_held *h, const stop_list *s, int32_t id, double logprob, size_t *sure, int32_t **rest, size_t *nrest)
{
	seq_error err;
	const char *text;
	size_t len;
	if (!h->decoder && seq_decoder_new(&h->decoder, s->vocab, SEQ_DECODE_CONTINUE, &err) < 0)
		tool_fail(&err);
	if (seq_decode(h->decoder, id, &text, &len, &err) < 0)
		tool_fail(&err);
	append(h, text, len);
	h->token = tool_grow(h->token, &h->cap, h->n + 1, sizeof *h->token);
	h->token[h->n++] = (stop_token){id, logprob, h->len};
	size_t stop = first_stop(h, s), safe = stop < h->len ? stop : h->len - doubtful(h, s), n = 0;
	while (n < h->n && h->token[n].end <= safe)
		n++;
	/* a token without text may hold the first bytes of a character that is still to come */
	while (n == h->n && n && h->token[n - 1].end == (n > 1 ? h->token[n - 2].end : 0))
		n--;
	*sure = n;
	if (stop == h->len)
		return 0;
	size_t from = n ? h->token[n - 1].end : 0;
	spell(s, h->text + from, stop - from, rest, nrest);
	return 1;
}

void stop_drop(stop_held *h, size_t n)
{
	if (!n)
		return;
	size_t end = h->token[n - 1].end;
	h->len -= end;
	if (h->len)
		memmove(h->text, h->text + end, h->len);
	h->n -= n;
	memmove(h->token, h->token + n, h->n * sizeof *h->token);
	for (size_t i = 0; i < h->n; i++)
		h->token[i].end -= end;
}

void stop_free(stop_held *h)
{
	seq_decoder_free(h->decoder);
	free(h->text);
	free(h->token);
	*h = (stop_held){0};
}
