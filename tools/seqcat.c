/* SPDX-License-Identifier: MIT */
/* Joins, filters and converts streams. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "npy.h"
#include "tool.h"
#include "dump.h"

static const char help[] =
	"usage: seqcat [options] [FILE...]\n"
	"Joins streams; takes out what is asked for; shows it as text, JSON, raw bytes or a numpy array.\n\n"
	"      --only KIND,...  these kinds of frames only: tokens, logits, tensor, state, commit,\n"
	"                       draft, note, or a number\n"
	"      --name NAME      frames of this name only, such as an output of seqmix\n"
	"      --seq LIST       these sequences only: 0,2,5-7\n"
	"      --text           a line a frame for people\n"
	"      --json           a line a frame for programs (NDJSON)\n"
	"      --raw            the payloads, one after another, without frames\n"
	"      --npy            one array in numpy's format, the frames stacked along the first dimension\n"
	"      --values N       at most N values of a frame in --text (8; tokens: all) and --json (all)\n";

enum { OPT_ONLY = 256, OPT_NAME, OPT_SEQ, OPT_TEXT, OPT_JSON, OPT_RAW, OPT_NPY, OPT_VALUES };
enum { MOST_KINDS = 64, MOST_RANGES = 1024 };

static const struct option longs[] = {
	{"only", required_argument, NULL, OPT_ONLY}, {"seq", required_argument, NULL, OPT_SEQ},
	{"text", no_argument, NULL, OPT_TEXT},       {"json", no_argument, NULL, OPT_JSON},
	{"raw", no_argument, NULL, OPT_RAW},         {"npy", no_argument, NULL, OPT_NPY},
	{"values", required_argument, NULL, OPT_VALUES}, {"name", required_argument, NULL, OPT_NAME}, {0},
};

static int kinds[MOST_KINDS], nkinds;
static struct { uint32_t lo, hi; } ranges[MOST_RANGES];
static int nranges, form;
static const char *name;
static int64_t most = -1; /* values of a frame; -1: the form's habit */

static void take_only(const char *list)
{
	char word[64];
	while (*list) {
		size_t n = strcspn(list, ",");
		snprintf(word, sizeof word, "%.*s", (int)n, list);
		char *end;
		long number = strtol(word, &end, 0);
		int kind = seq_kind_find(word);
		if (kind < 0 && end != word && !*end && number > 0 && number < 65536)
			kind = (int)number;
		if (kind < 0 || kind == SEQ_BEGIN || kind == SEQ_END || nkinds == MOST_KINDS)
			tool_usage("--only %s: tokens, logits, tensor, state, commit, draft, note or a number is wanted", word);
		kinds[nkinds++] = kind;
		list += n + (list[n] == ',');
	}
}

static void take_seq(const char *list)
{
	for (;;) {
		char *end;
		unsigned long lo = strtoul(list, &end, 10), hi = lo;
		int bad = end == list || *list == '-' || *list == '+' || *list == ' ';
		if (!bad && *end == '-') {
			list = end + 1;
			hi = strtoul(list, &end, 10);
			bad = end == list || *list == '-' || *list == '+' || *list == ' ';
		}
		if (bad || (*end && *end != ',') || hi < lo || hi > UINT32_MAX || nranges == MOST_RANGES)
			tool_usage("--seq: numbers and ranges are wanted, as in 0,2,5-7");
		ranges[nranges].lo = (uint32_t)lo;
		ranges[nranges++].hi = (uint32_t)hi;
		if (!*end)
			return;
		list = end + 1;
	}
}

static void take(int opt, const char *value)
{
	if (opt == OPT_ONLY)
		take_only(value);
	else if (opt == OPT_SEQ)
		take_seq(value);
	else if (opt == OPT_NAME)
		name = value;
	else if (opt == OPT_VALUES)
		most = tool_int("--values", value, 0, INT64_MAX);
	else if (form && form != opt)
		tool_usage("only one of --text, --json, --raw and --npy can be had at a time");
	else
		form = opt;
}

static int chosen(const seq_frame *f)
{
	int kind = nkinds == 0, seq = nranges == 0;
	for (int i = 0; i < nkinds && !kind; i++)
		kind = kinds[i] == f->kind;
	for (int i = 0; i < nranges && !seq; i++)
		seq = f->seq >= ranges[i].lo && f->seq <= ranges[i].hi;
	return kind && seq && (!name || !strcmp(f->name, name));
}

static size_t shown(const seq_frame *f, size_t habit)
{
	size_t n = dump_count(f);
	if (most >= 0)
		habit = (size_t)most;
	return n < habit ? n : habit;
}

static void text_frame(FILE *o, const seq_frame *f)
{
	char buf[24];
	size_t n = shown(f, f->kind == SEQ_TOKENS ? SIZE_MAX : 8);
	fprintf(o, "%s seq=%" PRIu32, dump_kind(f->kind, buf), f->seq);
	if (f->layer)
		fprintf(o, " layer=%" PRIu32, f->layer);
	else if (f->kind == SEQ_STATE)
		fputs(" layer=0", o);
	if (f->role)
		fprintf(o, " role=%d", f->role);
	if (f->name[0]) {
		fputs(" name=", o);
		dump_plain(o, f->name, strlen(f->name));
	}
	putc(' ', o);
	dump_shape(o, f);
	if (f->kind == SEQ_NOTE) {
		fputs(": ", o);
		dump_plain(o, f->payload, f->bytes);
	} else if (dump_count(f)) {
		putc(':', o);
		for (size_t i = 0; i < n; i++) {
			putc(' ', o);
			dump_value(o, f, i, 0);
		}
		if (n < dump_count(f))
			fputs(" ...", o);
	}
	putc('\n', o);
}

static void json_frame(FILE *o, const seq_frame *f)
{
	char buf[24];
	size_t n = shown(f, SIZE_MAX);
	const char *type = seq_dtype_get(f->dtype)->name;
	fprintf(o, "{\"kind\":\"%s\",\"seq\":%" PRIu32 ",\"layer\":%" PRIu32 ",\"role\":%d,", dump_kind(f->kind, buf), f->seq,
	        f->layer, f->role);
	if (f->name[0]) {
		fputs("\"name\":", o);
		dump_json_string(o, f->name, strlen(f->name));
		putc(',', o);
	}
	fprintf(o, "\"dtype\":\"%s\",\"shape\":[", type);
	for (int i = 0; i < f->rank; i++)
		fprintf(o, i ? ",%" PRIu32 : "%" PRIu32, f->dim[i]);
	fprintf(o, "],\"bytes\":%zu", f->bytes);
	if (f->kind == SEQ_NOTE) {
		fputs(",\"text\":", o);
		dump_json_string(o, f->payload, f->bytes);
	} else if (seq_dtype_get(f->dtype)->block == 1) {
		fputs(",\"data\":[", o);
		for (size_t i = 0; i < n; i++) {
			if (i)
				putc(',', o);
			dump_value(o, f, i, 1);
		}
		putc(']', o);
	}
	fputs("}\n", o);
}

static void text_begin(FILE *o, const seq_origin *g)
{
	fputs("begin", o);
	if (dump_has_fingerprint(g->fingerprint)) {
		fputs(" fingerprint=", o);
		dump_fingerprint(o, g->fingerprint);
	}
	if (g->model[0]) {
		fputs(" model=", o);
		dump_plain(o, g->model, strlen(g->model));
	}
	putc('\n', o);
	for (const char *p = tool.no_provenance ? "" : g->provenance; *p;) {
		size_t n = strcspn(p, "\n");
		fputs("    ", o);
		dump_plain(o, p, n);
		putc('\n', o);
		p += n + (p[n] == '\n');
	}
}

static void json_begin(FILE *o, const seq_origin *g)
{
	int first = 1;
	fputs("{\"kind\":\"begin\",\"fingerprint\":", o);
	if (dump_has_fingerprint(g->fingerprint)) {
		putc('"', o);
		dump_fingerprint(o, g->fingerprint);
		putc('"', o);
	} else {
		fputs("null", o);
	}
	fputs(",\"model\":", o);
	dump_json_string(o, g->model, strlen(g->model));
	fputs(",\"provenance\":[", o);
	for (const char *p = tool.no_provenance ? "" : g->provenance; *p; first = 0) {
		size_t n = strcspn(p, "\n");
		if (!first)
			putc(',', o);
		dump_json_string(o, p, n);
		p += n + (p[n] == '\n');
	}
	fputs("]}\n", o);
}

/* As text or JSON: begin, what was chosen, end when the stream has one. */
static void show(void (*begin)(FILE *, const seq_origin *), void (*frame)(FILE *, const seq_frame *), const char *end)
{
	seq_frame f;
	const seq_origin *g = tool_origin();
	FILE *o = tool_text();
	if (!nkinds && !tool_is_broken())
		begin(o, g);
	while (tool_frame(&f)) {
		if (chosen(&f))
			frame(o, &f);
		fflush(o);
	}
	if (!nkinds && !tool_is_broken())
		fputs(end, o);
}

static void no_terminal(void)
{
	if (!tool.out && isatty(1))
		tool_usage("binary data is not written to a terminal; try `seqcat --text` or `-o FILE`");
}

static void raw(void)
{
	seq_frame f;
	no_terminal();
	FILE *o = tool_text();
	while (tool_frame(&f)) {
		if (chosen(&f))
			fwrite(f.payload, 1, f.bytes, o);
		fflush(o);
	}
}

static void npy(void)
{
	seq_frame f;
	npy_stack s = {0};
	no_terminal();
	while (tool_frame(&f))
		if (chosen(&f))
			npy_add(&s, &f);
	if (!tool_is_broken())
		npy_write(&s, tool_text());
}

static void stream(void)
{
	seq_frame f;
	const seq_origin *g = tool_origin();
	seq_writer *w = tool_writer(g, NULL);
	while (tool_frame(&f)) {
		if (!chosen(&f))
			continue;
		tool_put(w, &f);
		tool_flush(w);
	}
}

int main(int argc, char **argv)
{
	static const tool_spec spec = {"seqcat", help, "", longs, take, TOOL_STREAM};
	tool_begin(&spec, argc, argv);
	switch (form) {
	case OPT_TEXT: show(text_begin, text_frame, "end\n"); break;
	case OPT_JSON: show(json_begin, json_frame, "{\"kind\":\"end\"}\n"); break;
	case OPT_RAW: raw(); break;
	case OPT_NPY: npy(); break;
	default: stream(); break;
	}
	return tool_end();
}
