/* SPDX-License-Identifier: MIT */
/* detokenize: token ids back to text, as they arrive. */
#include "tool.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "seq/token.h"

enum { OPT_SPECIAL = 256, OPT_JSONL, OPT_IDS };

static const char help[] =
	"usage: detokenize [options] [stream...]\n"
	"Writes the text of tokens as they arrive.\n\n"
	"      --special        write special tokens as they are spelt\n"
	"      --jsonl          a JSON object for each sequence, on a line\n"
	"      --ids            write ids instead of text; no model is needed\n\n";

static const struct option longs[] = {{"special", no_argument, NULL, OPT_SPECIAL}, {"jsonl", no_argument, NULL, OPT_JSONL},
                                      {"ids", no_argument, NULL, OPT_IDS}, {0}};

static struct {
	int special, jsonl, ids;
} opt;

static void take(int o, const char *value)
{
	(void)value;
	if (o == OPT_SPECIAL)
		opt.special = 1;
	else if (o == OPT_JSONL)
		opt.jsonl = 1;
	else
		opt.ids = 1;
}

static const tool_spec spec = {"detokenize", help, "", longs, take, TOOL_MODEL | TOOL_OUT};

/* --- sequences ---------------------------------------------------------------------- */

/* The first sequence is written as it comes, the others wait in memory for their turn. */
typedef struct one {
	uint32_t seq;
	seq_decoder *d;
	int begun;
	char *text;
	size_t n, cap;
} one;

static struct {
	one *at;
	size_t n, cap;
} all;

static seq_vocab *vocab;
static uint64_t tokens;

static one *find(uint32_t seq)
{
	for (size_t i = all.n; i--;)
		if (all.at[i].seq == seq)
			return &all.at[i];
	all.at = tool_grow(all.at, &all.cap, all.n + 1, sizeof *all.at);
	all.at[all.n] = (one){.seq = seq};
	return &all.at[all.n++];
}

static int streams(const one *o)
{
	return o == all.at && !opt.jsonl;
}

static void put(one *o, const char *text, size_t n)
{
	if (streams(o)) {
		if (n && fwrite(text, 1, n, tool_text()) != n)
			tool_die("%s: write error", tool.out ? tool.out : "standard output");
		return;
	}
	o->text = tool_grow(o->text, &o->cap, o->n + n + 1, 1);
	if (n)
		memcpy(o->text + o->n, text, n);
	o->n += n;
}

/* The blank that encoding put in front of a text is dropped where a text begins: with BOS where the
 * model's tokenizer writes one.  Without it the ids go on a text. */
static void begin(one *o, int32_t first)
{
	seq_error err;
	int goes_on = seq_vocab_adds_bos(vocab) && first != seq_vocab_bos(vocab);
	unsigned flags = (opt.special ? SEQ_DECODE_SPECIAL : 0) | (goes_on ? SEQ_DECODE_CONTINUE : 0);
	if (seq_decoder_new(&o->d, vocab, flags, &err) < 0)
		tool_fail(&err);
}

static void text_of(one *o, const int32_t *id, size_t n)
{
	seq_error err;
	for (size_t i = 0; i < n; i++) {
		const char *text;
		size_t len;
		if (!o->d)
			begin(o, id[i]);
		if (seq_decode(o->d, id[i], &text, &len, &err) < 0)
			tool_fail(&err);
		put(o, text, len);
	}
}

static void ids_of(one *o, const int32_t *id, size_t n)
{
	char word[24];
	for (size_t i = 0; i < n; i++, o->begun = 1) {
		int len = snprintf(word, sizeof word, "%s%d", !o->begun ? "" : opt.jsonl ? "," : " ", (int)id[i]);
		put(o, word, (size_t)len);
	}
}

/* --- the end ---------------------------------------------------------------------------- */

static void put_json(const one *o)
{
	FILE *f = tool_text();
	if (opt.ids) {
		fprintf(f, "{\"seq\":%u,\"ids\":[%.*s]}\n", o->seq, (int)o->n, o->n ? o->text : "");
		return;
	}
	/* Bytes that are no UTF-8 cannot be written in JSON: each becomes U+FFFD. */
	char *clean = tool_alloc(3 * o->n + 1, 1);
	size_t k = 0;
	for (size_t i = 0; i < o->n;) {
		size_t len = o->n - i < 4 ? o->n - i : 4;
		json_t *s = NULL;
		for (; len && !(s = json_stringn(o->text + i, len)); len--)
			;
		memcpy(clean + k, s ? o->text + i : "\xef\xbf\xbd", s ? len : 3);
		k += s ? len : 3;
		i += s ? len : 1;
		json_decref(s);
	}
	json_t *s = json_stringn(clean, k);
	char *quoted = json_dumps(s, JSON_ENCODE_ANY);
	fprintf(f, "{\"seq\":%u,\"text\":%s}\n", o->seq, quoted ? quoted : "null");
	free(quoted);
	json_decref(s);
	free(clean);
}

static void end_one(one *o)
{
	seq_error err;
	const char *text;
	size_t n;
	if (o->d && seq_decode_end(o->d, &text, &n, &err) >= 0)
		put(o, text, n);
	seq_decoder_free(o->d);
	if (opt.jsonl)
		put_json(o);
	else if (!streams(o) && o->n)
		fwrite(o->text, 1, o->n, tool_text());
	if (!opt.jsonl && (opt.ids || all.n > 1))
		fputc('\n', tool_text());
	free(o->text);
}

static void open_vocab(void)
{
	seq_error err;
	if (!vocab && seq_vocab_open(&vocab, tool_model_path(tool_origin()), &err) < 0)
		tool_fail(&err);
}

int main(int argc, char **argv)
{
	seq_frame f;
	tool_begin(&spec, argc, argv);
	while (tool_frame(&f)) {
		if (f.kind != SEQ_TOKENS)
			continue;
		if (!opt.ids)
			open_vocab();
		one *o = find(f.seq);
		(opt.ids ? ids_of : text_of)(o, f.payload, f.bytes / 4);
		tokens += f.bytes / 4;
		if (streams(o))
			fflush(tool_text());
	}
	for (size_t i = 0; i < all.n; i++)
		end_one(&all.at[i]);
	tool_text();
	free(all.at);
	seq_vocab_free(vocab);
	tool_summary(tokens, tool_seconds(), 0);
	return tool_end();
}
