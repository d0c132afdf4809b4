/* SPDX-License-Identifier: MIT */
/* quantize: a model as GGUF in another type. */
#include "seq/quantize.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

enum { OPT_KEEP = 256, OPT_IMATRIX, OPT_PURE, OPT_REQUANTIZE };

static const char help[] =
	"usage: quantize [options] --type TYPE -o FILE [model]\n"
	"Writes a model as GGUF in another type.\n\n"
	"  -T, --type TYPE      Q8_0, Q4_K_M, F16, ...; `list` prints all\n"
	"      --keep REGEX=TYPE   type of the matrices whose name fits; may be given several times\n"
	"      --imatrix FILE   importances of columns, from score --imatrix\n"
	"      --pure           every matrix in TYPE itself, none with more bits\n"
	"      --requantize     allow an input that is quantised already\n\n";

static const struct option longs[] = {
	{"type", required_argument, NULL, 'T'}, {"keep", required_argument, NULL, OPT_KEEP},
	{"imatrix", required_argument, NULL, OPT_IMATRIX}, {"pure", no_argument, NULL, OPT_PURE},
	{"requantize", no_argument, NULL, OPT_REQUANTIZE}, {0}};

static seq_quantize_opts opts;
static const char **rules;
static size_t cap;

static void list_types(void)
{
	for (size_t i = 0; seq_quantize_type(i); i++)
		puts(seq_quantize_type(i));
	exit(0);
}

static void take(int opt, const char *v)
{
	switch (opt) {
	case 'T':
		if (!strcmp(v, "list"))
			list_types();
		opts.type = v;
		break;
	case OPT_KEEP:
		rules = tool_grow(rules, &cap, opts.keeps + 1, sizeof *rules);
		rules[opts.keeps++] = v;
		break;
	case OPT_IMATRIX: opts.imatrix = v; break;
	case OPT_PURE: opts.pure = 1; break;
	case OPT_REQUANTIZE: opts.requantize = 1; break;
	}
}

static const tool_spec spec = {"quantize", help, "T:", longs, take, TOOL_MODEL | TOOL_THREADS | TOOL_OUT};

static const char *type_name(int dtype)
{
	const seq_dtype_row *row = seq_dtype_get(dtype);
	return row ? row->name : "?";
}

/* A line for each tensor with -v. */
static void each(void *arg, const seq_quantize_row *r)
{
	(void)arg;
	tool_progress_clear();
	fprintf(stderr, "%-40s %12llu  %-7s -> %-5s %12llu%s\n", r->name, (unsigned long long)r->elements, type_name(r->from),
	        type_name(r->to), (unsigned long long)r->bytes, r->weighted ? "  weighted" : "");
}

static void progress(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	tool_progress_of("MB", 1e6, done, total);
}

static void summary(const seq_quantize_sum *s, double seconds)
{
	if (opts.imatrix && !s->weighted)
		tool_warn("%s names no matrix that was quantised", opts.imatrix);
	if (tool.verbose)
		fprintf(stderr, "quantize: %llu tensors, %llu elements, %.1f MB -> %.1f MB (%.3f bits each), %llu weighted, %.3f s, %.1f MB/s\n",
		        (unsigned long long)s->tensors, (unsigned long long)s->elements, (double)s->bytes_in / 1e6,
		        (double)s->bytes_out / 1e6, s->elements ? 8 * (double)s->bytes_out / (double)s->elements : 0,
		        (unsigned long long)s->weighted, seconds, seconds > 0 ? (double)s->bytes_in / seconds / 1e6 : 0);
}

static const char *input(void)
{
	if (tool.nfiles > 1)
		tool_usage("one model at a time");
	if (strcmp(tool.files[0], "-"))
		return tool.files[0];
	return tool_model_path(NULL);
}

int main(int argc, char **argv)
{
	seq_error err;
	seq_quantize_sum sum;
	tool_file out;
	tool_begin(&spec, argc, argv);
	if (!opts.type)
		tool_usage("--type TYPE is wanted; `quantize --type list` prints the types");
	if (!tool.out && isatty(1))
		tool_usage("a model is not written to a terminal; try `-o FILE`");
	const char *path = input();
	opts.keep = rules;
	opts.threads = tool.threads;
	opts.progress = progress;
	opts.each = tool.verbose ? each : NULL;
	tool_file_open(&out, tool.out);
	double start = tool_seconds();
	int e = seq_quantize(path, &opts, out.fd, &sum, &err);
	tool_progress_clear();
	if (e == SEQ_E_ARG)
		tool_usage("%s", err.text);
	if (e < 0)
		tool_fail(&err);
	tool_file_keep(&out);
	free(rules);
	summary(&sum, tool_seconds() - start);
	return tool_end();
}
