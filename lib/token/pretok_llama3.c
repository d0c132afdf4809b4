/* SPDX-License-Identifier: MIT */
/* Llama 3 and, with single digits, Qwen 2:
 *     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
 *     | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
#include "token/pretok.h"

#include <string.h>

#include "token/pretok_scan.h"

static size_t contraction(const seqp_scan *s, bool *open)
{
	*open = false;
	if (s->n < 2)
		return *open = !s->end, 0;
	switch (s->p[1] | 0x20) {
	case 's': case 't': case 'm': case 'd':
		return 2;
	case 'r': case 'v': case 'l':
		if (s->n < 3)
			return *open = !s->end, 0;
		return (s->p[2] | 0x20) == ((s->p[1] | 0x20) == 'l' ? 'l' : 'e') ? 3 : 0;
	default:
		return 0;
	}
}

static size_t numbers(const seqp_scan *s, size_t i, int most)
{
	int32_t cp;
	unsigned cat;
	for (int k = 1; k < most; k++) {
		size_t len = seqp_next(s, i, &cp, &cat);
		if (!len)
			return s->end ? i : 0;
		if (!(cat & SEQP_NUMBER))
			break;
		i += len;
	}
	return i;
}

static bool newline(uint8_t c)
{
	return c == '\n' || c == '\r';
}

/* Neither space, letter nor number, then line ends. */
static size_t signs(const seqp_scan *s, size_t i)
{
	bool open;
	i = seqp_run(s, i, SEQP_ELSE, 0, &open);
	if (open)
		return 0;
	while (i < s->n && newline(s->p[i]))
		i++;
	return i < s->n || s->end ? i : 0;
}

/* Spaces up to the last line end; without one, all but the last. */
static size_t spaces(const seqp_scan *s)
{
	bool open;
	size_t j = seqp_run(s, 0, SEQP_SPACE, 0, &open), last = j;
	if (open)
		return 0;
	while (last && !newline(s->p[last - 1]))
		last--;
	if (last || j == s->n)
		return last ? last : j;
	for (last = j - 1; last && (s->p[last] & 0xc0) == 0x80;)
		last--;
	return last ? last : j;
}

static size_t next(const seqp_scan *s, int digits)
{
	int32_t cp, cp2;
	unsigned cat, cat2 = 0;
	bool open;
	size_t i = seqp_next(s, 0, &cp, &cat), n;
	if (!i)
		return 0;
	if (cp == '\'') {
		n = contraction(s, &open);
		if (n || open)
			return n;
	}
	if (cat & SEQP_LETTER)
		return n = seqp_run(s, i, SEQP_LETTER, 0, &open), open ? 0 : n;
	if (cat & SEQP_NUMBER)
		return numbers(s, i, digits);
	n = seqp_next(s, i, &cp2, &cat2);
	if (!n && !s->end)
		return 0;
	if (n && (cat2 & SEQP_LETTER) && cp != '\n' && cp != '\r')
		return n = seqp_run(s, i + n, SEQP_LETTER, 0, &open), open ? 0 : n;
	if (!(cat & SEQP_SPACE))
		return signs(s, i);
	if (n && cp == ' ' && !(cat2 & SEQP_KINDS))
		return signs(s, i + n);
	return spaces(s);
}

static size_t next_llama3(const struct seq_vocab *v, const uint8_t *p, size_t n, bool end)
{
	(void)v;
	return next(&(seqp_scan){p, n, end}, 3);
}

static size_t next_qwen2(const struct seq_vocab *v, const uint8_t *p, size_t n, bool end)
{
	(void)v;
	return next(&(seqp_scan){p, n, end}, 1);
}

/* Spaces behind the last line end may not belong to the word.  A beginning that stands for spaces
 * with a line end among them ends with one itself. */
static size_t sure(uint8_t *p, size_t n, size_t head, bool mend)
{
	int32_t cp;
	unsigned cat = 0, cat2 = 0;
	seqp_scan s = {p, n, true};
	size_t i = seqp_next(&s, 0, &cp, &cat), k = n;
	seqp_next(&s, i, &cp, &cat2);
	if (!(cat & cat2 & SEQP_SPACE))
		return n;
	while (k && !newline(p[k - 1]))
		k--;
	if (mend && k == n)
		memset(p, '\n', head);
	return k ? k : n;
}

seqp_split seqp_split_llama3 = {
	" llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 dbrx smaug-bpe ",
	"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|"
	"\\s+(?!\\S)|\\s+\n",
	next_llama3, 16, sure};

seqp_split seqp_split_qwen2 = {
	" qwen2 stablelm2 deepseek-r1-qwen kormo megrez ",
	"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|"
	"\\s+(?!\\S)|\\s+\n",
	next_qwen2, 16, sure};
