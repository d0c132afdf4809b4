/* SPDX-License-Identifier: MIT */
/* BERT: words end at spaces; a punctuation character is a word by itself. */
#include "token/pretok.h"
#include "token/pretok_scan.h"

static bool punctuation(int32_t cp, unsigned cat)
{
	if (cp > 0 && cp < 0x80)
		return (cp >= 33 && cp <= 47) || (cp >= 58 && cp <= 64) || (cp >= 91 && cp <= 96) || (cp >= 123 && cp <= 126);
	return cat & SEQP_PUNCT;
}

static size_t next_bert(const struct seq_vocab *v, const uint8_t *p, size_t n, bool end)
{
	seqp_scan s = {p, n, end};
	int32_t cp;
	unsigned cat;
	size_t i = seqp_next(&s, 0, &cp, &cat), len;
	(void)v;
	if (!i || punctuation(cp, cat) || (cat & SEQP_SPACE))
		return i;
	for (; (len = seqp_next(&s, i, &cp, &cat)); i += len)
		if (punctuation(cp, cat) || (cat & SEQP_SPACE))
			return i;
	return end ? i : 0;
}

seqp_split seqp_split_bert = {" ", NULL, next_bert, 16};
