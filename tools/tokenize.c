/* SPDX-License-Identifier: MIT */
/* tokenize: text to token ids. */
#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "seq/token.h"
#include "textin.h"

enum { OPT_BOS = 256, OPT_NO_BOS, OPT_EOS, OPT_NO_EOS, OPT_SPECIAL, OPT_JSONL, OPT_IDS, OPT_REPEAT, OPT_COUNT, OPT_NO_NFC,
       OPT_EXACT, FRAME = 65536 };

static const char help[] =
	"usage: tokenize [options] [file...]\n"
	"Turns text into tokens, each file a sequence.\n\n"
	"  -l, --lines          each line is a sequence\n"
	"      --jsonl FIELD    each line is a JSON object, its string FIELD a sequence\n"
	"      --ids            the input is ids in text; no model is needed\n"
	"      --bos, --no-bos  begin with BOS or not (as the model's tokenizer does)\n"
	"      --eos, --no-eos  end with EOS or not (as the model's tokenizer does)\n"
	"      --special        special tokens spelt out in the text are those tokens\n"
	"      --repeat N       each text N times over (1)\n"
	"      --count          only print how many tokens each sequence has\n"
	"      --exact          keep the newline of a text of one line, which is left out otherwise\n"
	"      --no-nfc         leave out the vocabulary's Unicode normalisation\n\n";

static const struct option longs[] = {
	{"lines", no_argument, NULL, 'l'},          {"jsonl", required_argument, NULL, OPT_JSONL},
	{"ids", no_argument, NULL, OPT_IDS},        {"bos", no_argument, NULL, OPT_BOS},
	{"no-bos", no_argument, NULL, OPT_NO_BOS},  {"eos", no_argument, NULL, OPT_EOS},
	{"no-eos", no_argument, NULL, OPT_NO_EOS},  {"special", no_argument, NULL, OPT_SPECIAL},
	{"repeat", required_argument, NULL, OPT_REPEAT}, {"count", no_argument, NULL, OPT_COUNT},
	{"no-nfc", no_argument, NULL, OPT_NO_NFC},  {"exact", no_argument, NULL, OPT_EXACT},
	{0}};

static struct {
	int lines, ids, bos, eos, special, count, no_nfc, exact; /* bos, eos: -1: as the model says */
	const char *field;
	int64_t repeat;
} opt = {.bos = -1, .eos = -1, .repeat = 1};

static void take(int o, const char *value)
{
	switch (o) {
	case 'l': opt.lines = 1; break;
	case OPT_JSONL: opt.field = value; break;
	case OPT_IDS: opt.ids = 1; break;
	case OPT_BOS: opt.bos = 1; break;
	case OPT_NO_BOS: opt.bos = 0; break;
	case OPT_EOS: opt.eos = 1; break;
	case OPT_NO_EOS: opt.eos = 0; break;
	case OPT_SPECIAL: opt.special = 1; break;
	case OPT_REPEAT: opt.repeat = tool_int("--repeat", value, 1, 1 << 20); break;
	case OPT_COUNT: opt.count = 1; break;
	case OPT_EXACT: opt.exact = 1; break;
	default: opt.no_nfc = 1;
	}
}

static const tool_spec spec = {"tokenize", help, "l", longs, take, TOOL_MODEL | TOOL_STREAM};

/* --- ids on their way out ----------------------------------------------------------- */

static struct {
	seq_writer *w;
	uint32_t seq;
	int32_t *id; /* waiting: a frame's, or all of a text that is repeated */
	size_t n, cap;
	uint64_t total, all;
} out;

static void put(const int32_t *id, size_t n)
{
	for (size_t k; n; id += k, n -= k) {
		k = n < FRAME ? n : FRAME;
		seq_frame f = {.kind = SEQ_TOKENS, .dtype = SEQ_I32, .rank = 1, .dim = {(uint32_t)k}, .seq = out.seq,
		               .payload = id, .bytes = 4 * k};
		tool_put(out.w, &f);
	}
}

static void put_waiting(void)
{
	if (opt.repeat > 1)
		return;
	put(out.id, out.n);
	out.n = 0;
}

static int sink(void *arg, const int32_t *id, size_t n, seq_error *err)
{
	(void)arg;
	(void)err;
	out.total += n;
	if (opt.count)
		return 0;
	out.id = tool_grow(out.id, &out.cap, out.n + n, sizeof *out.id);
	memcpy(out.id + out.n, id, n * sizeof *id);
	out.n += n;
	if (out.n >= FRAME)
		put_waiting();
	return 0;
}

/* The sequence is complete.  first: ids in front that are not repeated (BOS). */
static void end_sequence(size_t first, size_t last)
{
	if (opt.repeat > 1)
		out.total += (uint64_t)(opt.repeat - 1) * (out.total - first - last);
	if (opt.count) {
		fprintf(tool_text(), "%llu\n", (unsigned long long)out.total);
	} else if (opt.repeat > 1) {
		put(out.id, first);
		for (int64_t i = 0; i < opt.repeat; i++)
			put(out.id + first, out.n - first - last);
		put(out.id + out.n - last, last);
	} else {
		put(out.id, out.n);
	}
	out.all += out.total;
	out.n = 0;
	out.total = 0;
	if (out.seq == UINT32_MAX)
		tool_die("more sequences than a stream can number");
	out.seq++;
}

/* --- text ------------------------------------------------------------------------------ */

static seq_vocab *vocab;
static seq_encoder *encoder;
static size_t bos, eos;

static void encode(const char *text, size_t n, int end)
{
	seq_error err;
	if (seq_encode(encoder, text, n, end, sink, NULL, &err) < 0)
		tool_fail(&err);
	if (end)
		end_sequence(bos, eos);
}

/* A text of one line, as echo makes it, means the line without its newline: a model goes on
 * from the last word.  Longer texts, and lines of blanks only, are taken as they are. */
static struct {
	int longer, words, held; /* held: the newline, until more comes */
} only;

static int has_words(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] > ' ')
			return 1;
	return 0;
}

/* How many of the n bytes are text for sure. */
static size_t without_newline(const char *p, size_t n)
{
	if (opt.exact || only.longer)
		return n;
	const char *newline = memchr(p, '\n', n);
	only.words = only.words || has_words(p, n);
	only.held = newline && newline == p + n - 1 && only.words;
	only.longer = newline && !only.held;
	return n - (size_t)only.held;
}

static void encode_held(void)
{
	if (!only.held)
		return;
	encode("\n", 1, 0);
	only.held = 0;
	only.longer = 1;
}

/* One file, one sequence: tokens leave as soon as they are certain. */
static void whole_file(size_t i)
{
	static char buf[1 << 16];
	textin t;
	textin_open(&t, i);
	memset(&only, 0, sizeof only);
	for (size_t n; (n = textin_read(&t, buf, sizeof buf));) {
		encode_held();
		encode(buf, without_newline(buf, n), 0);
		if (!opt.count && out.n && opt.repeat == 1) {
			put_waiting();
			if (!t.regular)
				tool_flush(out.w);
		}
		if (!opt.count)
			tool_progress(out.total, 0);
	}
	encode(NULL, 0, 1);
	textin_close(&t);
}

static void each_line(size_t i)
{
	textin t;
	char *line;
	size_t n;
	textin_open(&t, i);
	while (textin_line(&t, &line, &n)) {
		char *text = line, *made = NULL;
		if (opt.field)
			text = made = textin_field(&t, line, n, opt.field, &n);
		encode(text, n, 1);
		free(made);
		if (!t.regular && !opt.count)
			tool_flush(out.w);
	}
	textin_close(&t);
}

/* --- ids ---------------------------------------------------------------------------------- */

static void ids_of(textin *t, const char *p, size_t n)
{
	const char *end = p + n;
	seq_error err;
	while (p < end) {
		if (strchr(" \t\r\n,[]", *p) && *p) {
			p++;
			continue;
		}
		int64_t v = 0;
		const char *word = p;
		while (p < end && *p >= '0' && *p <= '9' && v <= INT32_MAX)
			v = 10 * v + (*p++ - '0');
		if (p == word || v > INT32_MAX || (p < end && (!*p || !strchr(" \t\r\n,[]", *p))))
			tool_die("%s: line %llu: '%.*s' is no token id (0 to %d)", t->name, (unsigned long long)t->lines,
			         (int)(end - word < 20 ? end - word : 20), word, INT32_MAX);
		int32_t id = (int32_t)v;
		sink(NULL, &id, 1, &err);
	}
}

static void ids_file(size_t i)
{
	textin t;
	char *line;
	size_t n;
	textin_open(&t, i);
	while (textin_line(&t, &line, &n)) {
		ids_of(&t, line, n);
		if (opt.lines)
			end_sequence(0, 0);
	}
	if (!opt.lines)
		end_sequence(0, 0);
	textin_close(&t);
}

/* --- */

static void open_vocab(const char *path)
{
	seq_error err;
	if (seq_vocab_open(&vocab, path, &err) < 0)
		tool_fail(&err);
	bos = opt.bos < 0 ? seq_vocab_adds_bos(vocab) : opt.bos;
	eos = opt.eos < 0 ? seq_vocab_adds_eos(vocab) : opt.eos;
	if (bos && seq_vocab_bos(vocab) < 0)
		tool_die("--bos: the vocabulary of %s has no BOS", path);
	if (eos && seq_vocab_eos(vocab) < 0)
		tool_die("--eos: the vocabulary of %s has no EOS", path);
	unsigned flags = (bos ? SEQ_ENCODE_BOS : 0) | (eos ? SEQ_ENCODE_EOS : 0) | (opt.special ? SEQ_ENCODE_SPECIAL : 0) |
	                 (opt.no_nfc ? SEQ_ENCODE_NO_NFC : 0);
	if (seq_encoder_new(&encoder, vocab, flags, &err) < 0)
		tool_fail(&err);
}

static void open_out(void)
{
	uint8_t print[16] = {0};
	const char *path = opt.ids && !tool.model ? NULL : tool_model_path(NULL);
	if (!opt.ids)
		open_vocab(path);
	if (opt.count)
		return;
	if (path)
		tool_fingerprint(path, print);
	out.w = tool_writer_as(NULL, path, print);
}

int main(int argc, char **argv)
{
	tool_begin(&spec, argc, argv);
	if (opt.ids && (opt.field || opt.special || opt.bos == 1 || opt.eos == 1))
		tool_usage("--ids goes with -l, --repeat and --count only");
	if (opt.lines && opt.field)
		tool_usage("-l and --jsonl exclude each other");
	open_out();
	for (size_t i = 0; i < tool.nfiles; i++) {
		if (opt.ids)
			ids_file(i);
		else if (opt.lines || opt.field)
			each_line(i);
		else
			whole_file(i);
	}
	tool_summary(out.all, tool_seconds(), 0);
	free(out.id);
	seq_encoder_free(encoder);
	seq_vocab_free(vocab);
	return tool_end();
}
