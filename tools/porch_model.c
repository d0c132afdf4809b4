/* SPDX-License-Identifier: MIT */
/* Which model: asked for, named in the stream, or the installed one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "porch.h"

#ifndef SEQ_DATADIR
#define SEQ_DATADIR "/usr/share/libseq"
#endif

static const char default_name[] = "story-mamba2.gguf";

void porch_fingerprint_text(const uint8_t f[16], char text[33])
{
	for (int i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", f[i]);
}

int porch_fingerprint_zero(const uint8_t f[16])
{
	static const uint8_t zero[16];
	return !memcmp(f, zero, 16);
}

static int is_folder(const char *path)
{
	struct stat st;
	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

void tool_fingerprint(const char *path, uint8_t out[16])
{
	seq_error err;
	seq_model *m;
	memset(out, 0, 16);
	if (seq_model_open(&m, path, &err) < 0) {
		/* a folder may hold a tokenizer and no model; a file that cannot be read is another matter */
		if (err.code == SEQ_E_NOMEM || (err.code == SEQ_E_IO && !is_folder(path)))
			tool_fail(&err);
		return;
	}
	seq_model_fingerprint(m, out);
	seq_model_free(m);
}

static const char *named_in_stream(const seq_origin *o)
{
	uint8_t fp[16];
	if (!o || !o->model || !*o->model || access(o->model, R_OK))
		return NULL;
	tool_fingerprint(o->model, fp);
	return memcmp(fp, o->fingerprint, 16) ? NULL : o->model;
}

static char *installed(void)
{
	const char *dir = getenv("SEQ_DATADIR");
	char *path;
	if (!dir || !*dir)
		dir = SEQ_DATADIR;
	if (asprintf(&path, "%s/%s", dir, default_name) < 0)
		tool_die("no memory for a path");
	return path;
}

const char *tool_model_path(const seq_origin *o)
{
	static char *kept;
	const char *env = getenv("SEQ_MODEL"), *named;
	if (tool.model)
		return tool.model;
	if (env && *env)
		return env;
	if (kept)
		return kept;
	named = named_in_stream(o);
	kept = named ? strdup(named) : installed();
	if (!kept)
		tool_die("no memory for a path");
	if (access(kept, R_OK))
		tool_die("no model: %s: %s; give -m MODEL or set SEQ_MODEL", kept, strerror(errno));
	return kept;
}

void tool_check_origin(const seq_origin *o, const seq_model *m)
{
	uint8_t fp[16];
	char theirs[33], ours[33];
	if (!o || porch_fingerprint_zero(o->fingerprint))
		return;
	seq_model_fingerprint(m, fp);
	if (!memcmp(fp, o->fingerprint, 16))
		return;
	porch_fingerprint_text(o->fingerprint, theirs);
	porch_fingerprint_text(fp, ours);
	tool_die("the stream belongs to the model %s (%.8s...), not to %s (%.8s...)",
	         o->model && *o->model ? o->model : "without a name", theirs, seq_model_path(m), ours);
}

seq_model *tool_model_open(const seq_origin *o)
{
	seq_error err;
	seq_model *m;
	if (tool_is_broken()) /* the input is no stream: nothing to open a model for */
		exit(1);
	const char *path = tool_model_path(o);
	if (seq_model_open(&m, path, &err) < 0)
		tool_die("%s%s%s", strstr(err.text, path) ? "" : path, strstr(err.text, path) ? "" : ": ", err.text);
	tool_check_origin(o, m);
	return m;
}

int tool_net_option(int opt, const char *value, seq_net_opts *o, int first)
{
	static const char *const kv[] = {"f16", "f32", "bf16", "q8_0", NULL}, *const act[] = {"q8", "f32", NULL};
	static const int types[] = {SEQ_F16, SEQ_F32, SEQ_BF16, SEQ_Q8_0};
	switch (opt - first) {
	case 0: o->chunk = (int)tool_size("--chunk", value, 1, 1 << 20); return 1;
	case 1: o->context = tool_size("--ctx", value, 1, INT64_C(1) << 40); return 1;
	case 2:
		o->kv_dtype = types[tool_choice("--kv", value, kv)];
		o->kv_set = 1;
		return 1;
	case 3: o->exact = tool_choice("--act", value, act); return 1;
	}
	return 0;
}
