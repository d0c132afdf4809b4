/* SPDX-License-Identifier: MIT */
/* The table of splitters. */
#include "token/pretok.h"

#include <string.h>

static seqp_split *const rows[] = {
	&seqp_split_gpt2, &seqp_split_digits, &seqp_split_llama3, &seqp_split_qwen2, &seqp_split_falcon,
	&seqp_split_deepseek_coder, &seqp_split_default,
};

seqp_split *seqp_split_named(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *s = rows[i]->names;
		for (const char *at = s; n && (at = memmem(at, strlen(at), name, n)); at++)
			if (at > s && at[-1] == ' ' && at[n] == ' ')
				return rows[i];
	}
	return NULL;
}

seqp_split *seqp_split_by_pattern(const char *pattern, size_t n)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (const char *p = rows[i]->patterns, *eol; p && (eol = strchr(p, '\n')); p = eol + 1)
			if ((size_t)(eol - p) == n && !memcmp(p, pattern, n))
				return rows[i];
	return NULL;
}
