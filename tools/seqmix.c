/* SPDX-License-Identifier: MIT */
/* seqmix: one sequence mixer over named arrays. */
#include "tool.h"

#include <stdlib.h>
#include <string.h>

#include "seq/file.h"
#include "seq/op.h"

enum { OPT_MIXER = 256, OPT_WEIGHTS, OPT_SET, OPT_STEP, OPT_CHUNK, OPT_STATE_OUT, MOST = 64 };

static const char help[] =
	"usage: seqmix --mixer NAME [options] [FILE|NAME=FILE.npy...]\n"
	"Runs one sequence mixer over named arrays: tensor frames of a stream, or files of numpy.\n\n"
	"      --mixer NAME     which; `list` shows all, with -v their arrays and numbers\n"
	"      --weights FILE   arrays by name from a safetensors, GGUF or .npy file\n"
	"      --set KEY=VALUE  a number of the mixer, such as scale=1\n"
	"      --step           token by token\n"
	"      --chunk N        so many tokens at a time (all); the result is the same\n"
	"      --state-out FILE the final state there instead of behind the outputs\n\n";

static const struct option longs[] = {
	{"mixer", required_argument, NULL, OPT_MIXER}, {"weights", required_argument, NULL, OPT_WEIGHTS},
	{"set", required_argument, NULL, OPT_SET},     {"step", no_argument, NULL, OPT_STEP},
	{"chunk", required_argument, NULL, OPT_CHUNK}, {"state-out", required_argument, NULL, OPT_STATE_OUT}, {0}};

static const char *mixer, *state_out, *sets[MOST], *weights[MOST];
static int nsets, nweights;
static int64_t chunk = INT64_MAX;

static void keep(const char **list, int *n, const char *value)
{
	if (*n == MOST)
		tool_usage("at most %d of them", MOST);
	list[(*n)++] = value;
}

static void take(int opt, const char *value)
{
	switch (opt) {
	case OPT_MIXER: mixer = value; break;
	case OPT_WEIGHTS: keep(weights, &nweights, value); break;
	case OPT_SET: keep(sets, &nsets, value); break;
	case OPT_STEP: chunk = 1; break;
	case OPT_CHUNK: chunk = tool_int("--chunk", value, 1, INT64_MAX); break;
	case OPT_STATE_OUT: state_out = value; break;
	}
}

static const tool_spec spec = {"seqmix", help, "", longs, take, TOOL_THREADS | TOOL_STREAM};

/* --- the list --------------------------------------------------------------------- */

static void details(FILE *o, const char *name)
{
	seq_op_slot s;
	for (size_t i = 0; seq_op_slots(name, i, &s); i++) {
		fprintf(o, "    %-6s %-12s %s", s.kind, s.name, s.dims);
		fprintf(o, "%s%s%s\n", s.about ? s.about : "", s.optional && s.kind[0] != 'n' ? " (optional)" : "",
		        !s.optional && s.kind[0] == 'n' ? " (follows from sizes unless given)" : "");
	}
}

static void list(void)
{
	FILE *o = tool_text();
	seq_op_about a;
	fprintf(o, "%-24s %-34s %-30s %s\n", "mixer", "state, floats", "multiply-adds a token", "paper");
	for (size_t i = 0; seq_op_list(i, &a); i++) {
		fprintf(o, "%-24s %-34s %-30s %s%s\n", a.name, a.bytes, a.cost, a.paper, a.whole ? " (not causal)" : "");
		if (tool.verbose)
			details(o, a.name);
	}
}

/* --- inputs ------------------------------------------------------------------------ */

/* Frames of one name, one after another. */
typedef struct input {
	char name[SEQ_NAME_MAX + 1];
	seq_tensor t;
	float *data;
	size_t cap, n; /* floats */
} input;

static input inputs[MOST];
static int ninputs;

static input *find(const char *name)
{
	for (int i = 0; i < ninputs; i++)
		if (!strcmp(inputs[i].name, name))
			return &inputs[i];
	if (ninputs == MOST)
		tool_die("more than %d arrays", MOST);
	input *in = &inputs[ninputs++];
	snprintf(in->name, sizeof in->name, "%s", name);
	in->t.name = in->name, in->t.rank = -1;
	return in;
}

/* Appends t to the array NAME. */
static void add(const char *name, const seq_tensor *t)
{
	seq_error err;
	input *in = find(name);
	int64_t n = seq_tensor_count(t);
	if (in->t.rank >= 0 && (in->t.rank != t->rank || t->rank < 1 ||
	                        memcmp(in->t.dim + 1, t->dim + 1, (size_t)(t->rank - 1) * sizeof t->dim[0])))
		tool_die("%s: frames of different shapes do not follow each other", name);
	if (n < 0)
		tool_die("%s is too large", name);
	in->data = tool_grow(in->data, &in->cap, in->n + (size_t)n, sizeof *in->data);
	if (seq_tensor_f32(t, in->data + in->n, &err) < 0)
		tool_fail(&err);
	int64_t rows = in->t.rank > 0 ? in->t.dim[0] : 0;
	in->n += (size_t)n;
	in->t.rank = t->rank;
	memcpy(in->t.dim, t->dim, sizeof t->dim);
	if (t->rank > 0)
		in->t.dim[0] += rows;
	in->t.dtype = SEQ_F32, in->t.data = in->data, in->t.bytes = in->n * sizeof *in->data;
}

/* All arrays of a file; name: of the only one. */
static void add_file(const char *path, const char *name)
{
	seq_file *f;
	seq_error err;
	if (seq_file_open(&f, path, &err) < 0)
		tool_fail(&err);
	if (name && seq_file_tensors(f) != 1)
		tool_die("%s: one array is wanted, it has %zu", path, seq_file_tensors(f));
	for (size_t i = 0; i < seq_file_tensors(f); i++) {
		const seq_tensor *t = seq_file_tensor(f, i);
		add(name ? name : t->name, t);
	}
	seq_file_close(f);
}

/* Operands NAME=FILE are taken out of those that are streams. */
static void operands(void)
{
	size_t n = 0;
	for (size_t i = 0; i < tool.nfiles; i++) {
		char *path = tool.files[i], *equal = strchr(path, '=');
		if (!equal || equal == path || equal - path > SEQ_NAME_MAX) {
			tool.files[n++] = path;
			continue;
		}
		*equal = 0;
		add_file(equal + 1, path);
	}
	tool.nfiles = n;
}

static void streams(seq_writer *w)
{
	seq_frame f;
	while (tool_frame(&f)) {
		if (f.kind != SEQ_TENSOR || !f.name[0]) {
			if (f.kind & SEQ_KIND_SKIPPABLE)
				tool_put(w, &f);
			continue;
		}
		if (f.seq)
			tool_die("the stream has more than one sequence; pick one by seqcat --seq");
		seq_tensor t = {.name = f.name, .dtype = f.dtype, .rank = f.rank, .data = f.payload, .bytes = f.bytes};
		for (int i = 0; i < f.rank; i++)
			t.dim[i] = f.dim[i];
		add(f.name, &t);
	}
}

/* --- the work ----------------------------------------------------------------------- */

/* What seqmix wrote as a state is an initial state again. */
static int is_state(const char *name)
{
	seq_op_slot s;
	int state = 0;
	for (size_t i = 0; seq_op_slots(mixer, i, &s); i++)
		if (!strcmp(s.name, name)) {
			if (!strcmp(s.kind, "input"))
				return 0;
			state |= !strcmp(s.kind, "state");
		}
	return state;
}

/* An unknown name was asked wrongly. */
static void refuse(const seq_error *err)
{
	if (err->code != SEQ_E_ARG)
		tool_fail(err);
	tool_usage("%s", err->text);
}

static seq_op *ready(void)
{
	seq_op *op;
	seq_error err;
	char key[64];
	if (seq_op_open(&op, mixer, &err) < 0)
		refuse(&err);
	for (int i = 0; i < nsets; i++) {
		const char *equal = strchr(sets[i], '=');
		if (!equal || equal - sets[i] >= (ptrdiff_t)sizeof key)
			tool_usage("--set %s: KEY=VALUE is wanted", sets[i]);
		snprintf(key, sizeof key, "%.*s", (int)(equal - sets[i]), sets[i]);
		if (seq_op_set(op, key, equal + 1, &err) < 0)
			refuse(&err);
	}
	for (int i = 0; i < ninputs; i++)
		if ((is_state(inputs[i].name) ? seq_op_resume : seq_op_give)(op, &inputs[i].t, &err) < 0)
			tool_fail(&err);
	if (seq_op_start(op, tool.threads, &err) < 0)
		tool_fail(&err);
	return op;
}

static void run(seq_op *op)
{
	seq_error err;
	int64_t T = seq_op_tokens(op);
	for (int64_t t = 0; t < T;) {
		int64_t n = T - t < chunk ? T - t : chunk;
		if (seq_op_run(op, n, &err) < 0)
			tool_fail(&err);
		tool_progress((uint64_t)(t += n), (uint64_t)T);
	}
	tool_progress_clear();
}

static void put(seq_writer *w, const seq_tensor *t)
{
	seq_frame f = {.kind = SEQ_TENSOR, .dtype = (uint8_t)t->dtype, .rank = (uint8_t)t->rank, .payload = t->data, .bytes = t->bytes};
	for (int i = 0; i < t->rank; i++) {
		if (t->dim[i] > UINT32_MAX)
			tool_die("%s is too large for a frame", t->name);
		f.dim[i] = (uint32_t)t->dim[i];
	}
	snprintf(f.name, sizeof f.name, "%s", t->name);
	tool_put(w, &f);
}

static void results(seq_op *op, seq_writer *w)
{
	const seq_tensor *t;
	seq_error err;
	tool_file file;
	for (size_t i = 0; (t = seq_op_out(op, i)); i++)
		put(w, t);
	seq_writer *s = w;
	if (state_out) {
		tool_file_open(&file, state_out);
		s = tool_writer_on(&file, NULL, NULL);
	}
	for (size_t i = 0; (t = seq_op_state(op, i)); i++)
		put(s, t);
	if (!state_out)
		return;
	if (seq_writer_close(s, &err) < 0)
		tool_fail(&err);
	tool_file_keep(&file);
}

int main(int argc, char **argv)
{
	tool_begin(&spec, argc, argv);
	if (!mixer)
		tool_usage("--mixer is wanted; --mixer list shows them");
	if (!strcmp(mixer, "list")) {
		list();
		return tool_end();
	}
	for (int i = 0; i < nweights; i++)
		add_file(weights[i], NULL);
	operands();
	seq_writer *w = tool_writer(tool.nfiles ? tool_origin() : NULL, NULL);
	if (tool.nfiles)
		streams(w);
	if (tool_is_broken())
		return tool_end();
	seq_op *op = ready();
	double begun = tool_seconds();
	run(op);
	tool_summary((uint64_t)seq_op_tokens(op), tool_seconds() - begun, 0);
	results(op, w);
	seq_op_close(op);
	return tool_end();
}
