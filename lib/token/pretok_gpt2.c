/* SPDX-License-Identifier: MIT */
/* GPT-2 and its kin:
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
#include "token/pretok.h"
#include "token/pretok_gpt2.h"
#include "token/pretok_scan.h"

/* 's 't 'm 'd: 2, 're 've 'll: 3, none: 0; *open: cannot be told yet. */
static size_t contraction(const seqp_scan *s, bool *open)
{
	*open = false;
	if (s->n < 2)
		return *open = !s->end, 0;
	switch (s->p[1]) {
	case 's': case 't': case 'm': case 'd':
		return 2;
	case 'r': case 'v': case 'l':
		if (s->n < 3)
			return *open = !s->end, 0;
		return s->p[2] == (s->p[1] == 'l' ? 'l' : 'e') ? 3 : 0;
	default:
		return 0;
	}
}

/* A run of spaces; its last one goes with the word behind it. */
static size_t spaces(const seqp_scan *s, unsigned stop)
{
	bool open;
	int32_t cp;
	unsigned cat;
	size_t j = seqp_run(s, 0, SEQP_SPACE, stop, &open), last = j - 1;
	if (open)
		return 0;
	if (j == s->n || (seqp_next(s, j, &cp, &cat) && (cat & stop)))
		return j;
	while (last && (s->p[last] & 0xc0) == 0x80)
		last--;
	return last ? last : j;
}

size_t seqp_gpt2_next(const seqp_scan *s, unsigned stop)
{
	int32_t cp;
	unsigned cat;
	bool open;
	size_t i = seqp_next(s, 0, &cp, &cat), n;
	if (!i)
		return 0;
	if (cp == '\'') {
		n = contraction(s, &open);
		if (n || open)
			return n;
	}
	if (cp == ' ') {
		n = seqp_next(s, 1, &cp, &cat);
		if (!n && !s->end)
			return 0;
		if (!n || (cat & stop))
			return 1;
		i += n;
	}
	if (cat & SEQP_SPACE)
		return spaces(s, stop);
	n = seqp_run(s, i, cat & SEQP_KINDS, stop, &open);
	return open ? 0 : n;
}

static size_t next_gpt2(const struct seq_vocab *v, const uint8_t *p, size_t n, bool end)
{
	(void)v;
	return seqp_gpt2_next(&(seqp_scan){p, n, end}, 0);
}

seqp_split seqp_split_gpt2 = {
	" gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de jina-v2-code roberta-bpe mpt olmo jais trillion granite-docling "
	"modern-bert a.x-4.0 mellum exaone4 ",
	"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+\n",
	next_gpt2, 16, NULL};

/* Numbers are cut out one digit at a time first. */
static size_t next_digits(const struct seq_vocab *v, const uint8_t *p, size_t n, bool end)
{
	seqp_scan s = {p, n, end};
	int32_t cp;
	unsigned cat;
	size_t len = seqp_next(&s, 0, &cp, &cat);
	(void)v;
	if (len && (cat & SEQP_NUMBER))
		return len;
	return seqp_gpt2_next(&s, SEQP_NUMBER);
}

seqp_split seqp_split_digits = {
	" starcoder refact command-r smollm codeshell exaone minerva-7b ", NULL, next_digits, 16, NULL};
