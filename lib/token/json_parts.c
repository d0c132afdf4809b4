/* SPDX-License-Identifier: MIT */
#include "token/json_parts.h"

#include "base/fail.h"

#define BLANK "\xe2\x96\x81"

static const char *type_of(const json_t *part)
{
	return seqp_json_str(part, "type");
}

static bool is(const json_t *part, const char *type)
{
	return !strcmp(type_of(part), type);
}

static bool truth(const json_t *part, const char *key, bool dflt)
{
	const json_t *b = json_object_get(part, key);
	return json_is_boolean(b) ? json_is_true(b) : dflt;
}

static int unknown(seq_error *err, const char *where, const json_t *part)
{
	return seqp_fail(err, SEQ_E_UNSUPPORTED, "tokenizer.json: %s: '%.60s' in this place is not supported", where, type_of(part));
}

/* A part, or the i-th of a Sequence; NULL past the last. */
static const json_t *nth(const json_t *part, const char *list, size_t i)
{
	if (!json_is_object(part))
		return NULL;
	if (is(part, "Sequence"))
		return json_array_get(json_object_get(part, list), i);
	return i ? NULL : part;
}

/* The text of {"String": ...} or {"Regex": ...}. */
static const char *pattern(const json_t *part)
{
	const json_t *p = json_object_get(part, "pattern");
	const char *s = seqp_json_str(p, "Regex");
	return *s ? s : seqp_json_str(p, "String");
}

/* --- normalizer ---------------------------------------------------------------------- */

static int charsmap(seq_vocab *v, const json_t *part, seq_error *err)
{
	const char *s = seqp_json_str(part, "precompiled_charsmap");
	(void)v;
	if (!*s)
		return 0;
	return unknown(err, "normalizer", part);
}

static int normalizer(seq_vocab *v, const json_t *part, seq_error *err)
{
	if (is(part, "NFC")) {
		v->nfc = true;
	} else if (is(part, "Prepend") && !strcmp(seqp_json_str(part, "prepend"), BLANK)) {
		v->space_prefix = true;
	} else if (is(part, "Replace") && !strcmp(pattern(part), " ") && !strcmp(seqp_json_str(part, "content"), BLANK)) {
		v->escape_space = true;
	} else if (is(part, "BertNormalizer")) {
		v->clean = truth(part, "clean_text", true);
		v->cjk_spaces = truth(part, "handle_chinese_chars", true);
		v->lower = truth(part, "lowercase", true);
		v->strip_accents = truth(part, "strip_accents", v->lower);
		return v->kind == SEQP_WORDPIECE ? 0 : unknown(err, "normalizer", part);
	} else if (is(part, "Precompiled")) {
		return charsmap(v, part, err);
	} else {
		return unknown(err, "normalizer", part);
	}
	return v->kind == SEQP_WORDPIECE ? unknown(err, "normalizer", part) : 0;
}

/* --- pre_tokenizer ----------------------------------------------------------------------- */

/* The parts in order as one text, "Split:PATTERN Digits ByteLevel": what is recognised are whole
 * chains. */
static const struct chain {
	const char *text;
	seqp_split *split;
} chains[] = {
	{"ByteLevel+", &seqp_split_gpt2},
	{"Digits1 ByteLevel+", &seqp_split_digits},
	{"PunctuationContiguous ByteLevel+ Digits Split:[0-9][0-9][0-9]", &seqp_split_falcon},
	{"Split:[\r\n] Split:\\s?\\p{L}+ Split:\\s?\\p{P}+ Split:[\xe4\xb8\x80-\xe9\xbe\xa5\xe0\xa0\x80-\xe4\xb8\x80\xea\xb0\x80-\xed\x9f\xbf]+ "
	 "Digits1 ByteLevel", &seqp_split_deepseek_coder},
	{"Split:[\\r\\n] Split:\\s?\\p{L}+ Split:\\s?\\p{P}+ Split:[\xe4\xb8\x80-\xe9\xbe\xa5\xe0\xa0\x80-\xe4\xb8\x80\xea\xb0\x80-\xed\x9f\xbf]+ "
	 "Digits1 ByteLevel", &seqp_split_deepseek_coder},
	{"BertPreTokenizer", &seqp_split_bert},
};

static void append(char *s, size_t cap, const char *more)
{
	size_t n = strlen(s);
	if (n + strlen(more) + 1 < cap)
		memcpy(s + n, more, strlen(more) + 1);
	else
		memcpy(s, "?", 2); /* longer than any chain */
}

static void describe(const json_t *part, char *s, size_t cap)
{
	append(s, cap, *s ? " " : "");
	if (is(part, "Split") && (!strcmp(seqp_json_str(part, "behavior"), "Isolated") || truth(part, "invert", false))) {
		append(s, cap, "Split:");
		append(s, cap, pattern(part));
		return;
	}
	append(s, cap, type_of(part));
	if (is(part, "ByteLevel") && truth(part, "use_regex", true))
		append(s, cap, "+");
	if (is(part, "Digits") && truth(part, "individual_digits", false))
		append(s, cap, "1");
	if (is(part, "Punctuation"))
		append(s, cap, seqp_json_str(part, "behavior"));
}

static seqp_split *find_chain(const char *text)
{
	for (size_t i = 0; i < sizeof(chains) / sizeof(*chains); i++)
		if (!strcmp(chains[i].text, text))
			return chains[i].split;
	size_t n = strlen(text);
	static const char tail[] = " ByteLevel";
	if (n < 17 || strncmp(text, "Split:", 6) || strcmp(text + n - 10, tail))
		return NULL;
	return seqp_split_by_pattern(text + 6, n - 16);
}

static int metaspace(seq_vocab *v, const json_t *part)
{
	const char *scheme = seqp_json_str(part, "prepend_scheme");
	bool prefix = *scheme ? strcmp(scheme, "never") != 0 : truth(part, "add_prefix_space", true);
	v->escape_space = true;
	v->space_prefix = prefix;
	v->prefix_unless_blank = prefix;
	v->prefix_once = !strcmp(scheme, "first");
	v->split = truth(part, "split", true) ? &seqp_split_metaspace : &seqp_split_spm;
	return 0;
}

static int pre_tokenizer(seq_vocab *v, const json_t *part, seq_error *err)
{
	char text[1024] = "";
	const json_t *one;
	v->split = &seqp_split_spm;
	if (!json_is_object(part))
		return 0;
	if (is(part, "Metaspace"))
		return metaspace(v, part);
	for (size_t i = 0; (one = nth(part, "pretokenizers", i)); i++) {
		describe(one, text, sizeof(text));
		if (is(one, "ByteLevel"))
			v->byte_level = true;
		if (is(one, "ByteLevel") && truth(one, "add_prefix_space", true))
			v->space_prefix = v->prefix_unless_blank = true;
	}
	v->split = find_chain(text);
	if (!v->split)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tokenizer.json: pre_tokenizer: no splitter is known for '%.120s'", text);
	return 0;
}

/* --- decoder and post_processor -------------------------------------------------------------- */

static void decoder(seq_vocab *v, const json_t *part)
{
	if (is(part, "Strip") && json_integer_value(json_object_get(part, "start")) == 1)
		v->strip_first = true;
	if (is(part, "Metaspace") && v->space_prefix)
		v->strip_first = true;
	if (is(part, "WordPiece"))
		v->strip_first = true;
}

static int32_t id_of_name(const seq_vocab *v, const char *name)
{
	return *name ? seq_vocab_find(v, name, strlen(name)) : -1;
}

static void from_template(seq_vocab *v, const json_t *single)
{
	size_t n = json_array_size(single);
	const json_t *first = json_object_get(json_array_get(single, 0), "SpecialToken");
	const json_t *last = n ? json_object_get(json_array_get(single, n - 1), "SpecialToken") : NULL;
	int32_t bos = id_of_name(v, seqp_json_str(first, "id")), eos = id_of_name(v, seqp_json_str(last, "id"));
	if (bos >= 0)
		v->bos = bos, v->adds_bos = true;
	if (eos >= 0 && n > 1)
		v->eos = eos, v->adds_eos = true;
}

static void post_processor(seq_vocab *v, const json_t *part)
{
	if (is(part, "TemplateProcessing"))
		from_template(v, json_object_get(part, "single"));
	if (!is(part, "BertProcessing") && !is(part, "RobertaProcessing"))
		return;
	v->bos = id_of_name(v, json_string_value(json_array_get(json_object_get(part, "cls"), 0)) ?
	                            json_string_value(json_array_get(json_object_get(part, "cls"), 0)) : "");
	v->eos = id_of_name(v, json_string_value(json_array_get(json_object_get(part, "sep"), 0)) ?
	                            json_string_value(json_array_get(json_object_get(part, "sep"), 0)) : "");
	v->adds_bos = v->bos >= 0;
	v->adds_eos = v->eos >= 0;
}

int seqp_json_parts(seq_vocab *v, const json_t *root, seq_error *err)
{
	const json_t *one;
	int rc = 0;
	for (size_t i = 0; rc >= 0 && (one = nth(json_object_get(root, "normalizer"), "normalizers", i)); i++)
		rc = normalizer(v, one, err);
	if (rc >= 0)
		rc = pre_tokenizer(v, json_object_get(root, "pre_tokenizer"), err);
	for (size_t i = 0; rc >= 0 && (one = nth(json_object_get(root, "decoder"), "decoders", i)); i++)
		decoder(v, one);
	for (size_t i = 0; rc >= 0 && (one = nth(json_object_get(root, "post_processor"), "processors", i)); i++)
		post_processor(v, one);
	if (rc >= 0 && (v->kind == SEQP_WORDPIECE) != (v->split == &seqp_split_bert))
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tokenizer.json: WordPiece and BertPreTokenizer go together only");
	if (rc >= 0 && v->kind == SEQP_UNIGRAM && v->split != &seqp_split_metaspace && v->split != &seqp_split_spm)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tokenizer.json: Unigram goes with Metaspace only");
	return rc;
}
