/* SPDX-License-Identifier: MIT */
/* Cutting a text into the words that byte pairs may not cross.
 *
 * A splitter is a function of the bytes ahead alone: the length of the first word of
 * p[0..n), or 0 when that is not yet certain (never when end is set; n >= 1). */
#ifndef TOKEN_PRETOK_H
#define TOKEN_PRETOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seq_vocab;

typedef size_t seqp_split_fn(const struct seq_vocab *v, const uint8_t *p, size_t n, bool end);

typedef struct seqp_split {
	const char *names;    /* of GGUF tokenizer.ggml.pre, " a b c " */
	const char *patterns; /* of tokenizer.json, one a line; NULL: none */
	seqp_split_fn *next;
	/* A word longer than the window is cut in its middle: these many bytes of its beginning
	 * must stay for the splitter to know where it is.  0: it needs none. */
	unsigned head;
	/* Of p[0..n), whose end is not known: how many bytes surely belong to the word (NULL: all).  mend: just
	 * those n bytes go; make p[0..head), which stays, stand for them. */
	size_t (*sure)(uint8_t *p, size_t n, size_t head, bool mend);
} seqp_split;

/* By a GGUF name; NULL: none. */
seqp_split *seqp_split_named(const char *name, size_t n);
/* By the regular expression of a tokenizer.json. */
seqp_split *seqp_split_by_pattern(const char *pattern, size_t n);

extern seqp_split seqp_split_gpt2, seqp_split_digits, seqp_split_default, seqp_split_llama3, seqp_split_qwen2, seqp_split_falcon, seqp_split_deepseek_coder,
	seqp_split_spm, seqp_split_metaspace, seqp_split_bert;

#endif
