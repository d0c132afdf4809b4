/* SPDX-License-Identifier: MIT */
/* Which reader a path is for: by its first bytes, and in a folder by the names in it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fail.h"
#include "base/map.h"
#include "token/vocab.h"

/* path's folder + "/" + name into a new string; NULL: no memory. */
static char *beside(const char *path, bool folder, const char *name)
{
	const char *slash = strrchr(path, '/');
	size_t n = folder ? strlen(path) : slash ? (size_t)(slash - path) : 0;
	char *s = malloc(n + strlen(name) + 2);
	if (s)
		snprintf(s, n + strlen(name) + 2, "%.*s%s%s", (int)n, path, n || (!folder && slash) ? "/" : "", name);
	return s;
}

static bool is_file(const char *path)
{
	struct stat st;
	return path && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int read_json(seq_vocab **out, const char *path, const seqp_map *m, seq_error *err)
{
	seqp_map config = {0};
	char *name = beside(path, false, "tokenizer_config.json");
	if (is_file(name) && seqp_map_open(&config, name, err) < 0)
		config = (seqp_map){0};
	free(name);
	int rc = seqp_vocab_read_json(out, m->data, m->size, config.data, config.size, err);
	seqp_map_close(&config);
	return rc;
}

static int read_mapped(seq_vocab **out, const char *path, const seqp_map *m, seq_error *err)
{
	const unsigned char *p = m->data;
	size_t n = m->size, i = 0;
	if (n >= 4 && !memcmp(p, "GGUF", 4))
		return seqp_vocab_read_gguf(out, p, n, err);
	while (i < n && (p[i] == ' ' || p[i] == '\n' || p[i] == '\t' || p[i] == '\r'))
		i++;
	if (i < n && p[i] == '{')
		return read_json(out, path, m, err);
	if (n >= 3 && !memcmp(p, "1 ", 2) && (p[2] == '\'' || p[2] == '"' || p[2] == 'b'))
		return seqp_vocab_read_rwkv(out, p, n, err);
	if (n && p[0] == 0x0a)
		return seqp_vocab_read_sp(out, p, n, err);
	return seqp_fail(err, SEQ_E_UNSUPPORTED, "neither GGUF, tokenizer.json, SentencePiece model nor RWKV vocabulary");
}

static int open_file(seq_vocab **out, const char *path, seq_error *err)
{
	seqp_map m;
	int rc = seqp_map_open(&m, path, err);
	if (rc < 0)
		return rc;
	rc = read_mapped(out, path, &m, err);
	seqp_map_close(&m);
	return rc < 0 ? seqp_fail_at(err, rc, "%s", path) : 0;
}

static int open_folder(seq_vocab **out, const char *path, seq_error *err)
{
	static const char *const names[] = {"tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model",
	                                    "rwkv_vocab_v20230424.txt"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *name = beside(path, true, names[i]);
		if (!name)
			return seqp_nomem(err, strlen(path));
		bool there = is_file(name);
		int rc = there ? open_file(out, name, err) : 0;
		free(name);
		if (there)
			return rc;
	}
	return seqp_fail(err, SEQ_E_IO, "%s: no tokenizer.json and no tokenizer.model in this folder", path);
}

int seq_vocab_open(seq_vocab **out, const char *path, seq_error *err)
{
	struct stat st;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return open_folder(out, path, err);
	return open_file(out, path, err);
}
