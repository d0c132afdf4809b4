/* SPDX-License-Identifier: MIT */
/* Says what is in streams and models, and which kernels run here. */
#include "seqstat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump.h"
#include "seq/cpu.h"
#include "tool.h"

static const char help[] =
	"usage: seqstat [options] [FILE...]\n"
	"Says what is in streams and models.\n\n"
	"      --check          verify every checksum and the end, say one line\n"
	"      --json           a JSON object a FILE\n"
	"      --cpu            the kernels: detected, built, chosen\n";

enum { OPT_CHECK = 256, OPT_JSON, OPT_CPU };

static const struct option longs[] = {
	{"check", no_argument, NULL, OPT_CHECK}, {"json", no_argument, NULL, OPT_JSON}, {"cpu", no_argument, NULL, OPT_CPU}, {0},
};

int stat_check, stat_json;
static int cpu;

static void take(int opt, const char *value)
{
	(void)value;
	if (opt == OPT_CHECK)
		stat_check = 1;
	else if (opt == OPT_JSON)
		stat_json = 1;
	else
		cpu = 1;
}

static void print_cpu(void)
{
	FILE *o = tool_text();
	const char *form = stat_json ? "{\"detected\":\"%s\"," : "detected  %s\n";
	fprintf(o, form, seq_cpu_detected());
	fprintf(o, stat_json ? "\"built\":\"%s\"," : "built     %s\n", seq_cpu_built());
	fprintf(o, stat_json ? "\"chosen\":\"%s\"}\n" : "chosen    %s\n", seq_cpu_name());
}

/* --- streams --------------------------------------------------------------------- */

static void each_line(FILE *o, const char *p, const char *before, const char *between, int json)
{
	while (*p) {
		size_t n = strcspn(p, "\n");
		fputs(before, o);
		if (json)
			dump_json_string(o, p, n);
		else
			dump_plain(o, p, n);
		p += n + (p[n] == '\n');
		fputs(*p || !json ? between : "", o);
	}
}

static void print_stream(FILE *o, const char *name, const seq_origin *g, const stat_tally *t, int whole)
{
	fprintf(o, "%s: stream, %" PRIu32 " part%s, %" PRIu64 " frames, %" PRIu64 " bytes (%" PRIu64 " stored)%s\n", name, t->parts,
	        t->parts == 1 ? "" : "s", t->frames, t->raw, t->stored, whole ? "" : ", BROKEN");
	if (g->model[0] || dump_has_fingerprint(g->fingerprint)) {
		fputs("  model ", o);
		dump_plain(o, g->model[0] ? g->model : "unnamed", strlen(g->model[0] ? g->model : "unnamed"));
		putc(' ', o);
		dump_fingerprint(o, g->fingerprint);
		putc('\n', o);
	}
	each_line(o, g->provenance, "  by ", "\n", 0);
	tally_print(o, t);
}

static void json_stream(FILE *o, const char *name, const seq_origin *g, const stat_tally *t, int whole)
{
	fputs("{\"file\":", o);
	dump_json_string(o, name, strlen(name));
	fprintf(o, ",\"type\":\"stream\",\"whole\":%s,\"parts\":%" PRIu32 ",\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"stored\":%"
	        PRIu64 ",\"fingerprint\":", whole ? "true" : "false", t->parts, t->frames, t->raw, t->stored);
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
	each_line(o, g->provenance, "", ",", 1);
	fputs("],", o);
	tally_json(o, t);
	fputs("}\n", o);
}

void stat_stream(int fd, const char *name)
{
	stat_tally t = {0};
	seq_reader *r;
	seq_frame f;
	seq_error err;
	int e;
	if (fd == 0 && isatty(0))
		tool_usage("standard input is a terminal; a stream is wanted, from a pipe or a FILE");
	if (seq_reader_open(&r, fd, fd != 0, name, &err) < 0)
		tool_fail(&err);
	seq_reader_coded(r);
	while ((e = seq_reader_next(r, &f, &err)) > 0)
		tally_frame(&t, &f);
	seq_reader_where(r, &t.last, &t.parts);
	if (e < 0)
		tool_broken("%s", err.text);
	if (stat_json && (e == 0 || t.parts))
		json_stream(tool_text(), name, seq_reader_origin(r), &t, e == 0);
	else if (stat_check && e == 0)
		fprintf(tool_text(), "%s: whole, %" PRIu64 " frames in %" PRIu32 " part%s\n", name, t.frames, t.parts, t.parts == 1 ? "" : "s");
	else if (!stat_check && t.parts)
		print_stream(tool_text(), name, seq_reader_origin(r), &t, e == 0);
	seq_reader_close(r);
	tally_free(&t);
}

/* --- which is it ---------------------------------------------------------------- */

static int ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n >= m && !strcmp(s + n - m, end);
}

/* A folder, or a file that begins as GGUF does or is called safetensors. */
static int is_model(const char *path)
{
	struct stat st;
	char head[4] = "";
	if (!strcmp(path, "-") || stat(path, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode) || ends_with(path, ".safetensors") || ends_with(path, ".json"))
		return 1;
	FILE *f = S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL;
	if (!f)
		return 0;
	size_t n = fread(head, 1, 4, f);
	fclose(f);
	return n == 4 && !memcmp(head, "GGUF", 4);
}

int main(int argc, char **argv)
{
	static const tool_spec spec = {"seqstat", help, "", longs, take, TOOL_OUT};
	tool_begin(&spec, argc, argv);
	if (cpu)
		print_cpu();
	for (size_t i = 0; i < tool.nfiles; i++) {
		const char *name, *path = tool.files[i];
		if (cpu && tool.nfiles == 1 && !strcmp(path, "-"))
			break;
		if (is_model(path)) {
			stat_model(path);
		} else {
			int fd = tool_open_input(i, &name);
			stat_stream(fd, name);
		}
	}
	return tool_end();
}
