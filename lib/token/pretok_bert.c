/* SPDX-License-Identifier: MIT */
/* BERT: words end at spaces; a punctuation character is a word by itself. */
#include "token/pretok.h"
#include "token/pretok_scan.h"

/* The reference knows the punctuation of Unicode 8 only; what came later counts as a letter. */
static bool later(int32_t cp)
{
	static const int32_t range[][2] = {
		{0x61d, 0x61d},     {0x9fd, 0x9fd},     {0xa76, 0xa76},     {0xc77, 0xc77},     {0xc84, 0xc84},
		{0x1b7d, 0x1b7e},   {0x2e43, 0x2e5d},   {0x10ead, 0x10ead}, {0x10f55, 0x10f89}, {0x1144b, 0x1145d},
		{0x11660, 0x1166c}, {0x116b9, 0x116b9}, {0x1183b, 0x1183b}, {0x11944, 0x11946}, {0x119e2, 0x119e2},
		{0x11a3f, 0x11aa2}, {0x11b00, 0x11b09}, {0x11c41, 0x11c45}, {0x11c70, 0x11c71}, {0x11ef7, 0x11ef8},
		{0x11f43, 0x11f4f}, {0x11fff, 0x11fff}, {0x12ff1, 0x12ff2}, {0x16e97, 0x16e9a}, {0x16fe2, 0x16fe2},
		{0x1e95e, 0x1e95f},
	};
	for (size_t i = 0; i < sizeof(range) / sizeof(*range); i++)
		if (cp >= range[i][0] && cp <= range[i][1])
			return true;
	return false;
}

static bool punctuation(int32_t cp, unsigned cat)
{
	if (cp > 0 && cp < 0x80)
		return (cp >= 33 && cp <= 47) || (cp >= 58 && cp <= 64) || (cp >= 91 && cp <= 96) || (cp >= 123 && cp <= 126);
	return (cat & SEQP_PUNCT) && !later(cp);
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

seqp_split seqp_split_bert = {" ", NULL, next_bert, 1024, NULL};
