/* SPDX-License-Identifier: MIT */
/* From a path to the files of a model: a GGUF file, one of rwkv.cpp's, a safetensors file beside its
 * config.json, or a folder. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fail.h"
#include "model/config.h"
#include "model/rwkv_file.h"
#include "model/store.h"

enum { MAX_FILES = 4096 };

static char *join(const char *dir, const char *name)
{
	char *p;
	return asprintf(&p, "%s/%s", dir, name) < 0 ? NULL : p;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);
	return n >= k && strcmp(s + n - k, end) == 0;
}

static int map_file(seqp_store *s, const char *path, seq_error *err)
{
	if (s->maps >= MAX_FILES)
		return seqp_fail(err, SEQ_E_FORMAT, "more than %d files", MAX_FILES);
	seqp_map *more = realloc(s->map, (s->maps + 1) * sizeof *more);
	if (!more)
		return seqp_nomem(err, (s->maps + 1) * sizeof *more);
	s->map = more;
	int e = seqp_map_open(&s->map[s->maps], path, err);
	if (e >= 0)
		s->maps++;
	return e;
}

/* Maps dir/name and reads its tensors. */
static int add_shard(seqp_store *s, seqp_tensor_list *list, const char *dir, const char *name, seq_error *err)
{
	char *path = join(dir, name);
	if (!path)
		return seqp_nomem(err, strlen(dir) + strlen(name));
	int e = map_file(s, path, err);
	free(path);
	if (e < 0)
		return e;
	const seqp_map *m = &s->map[s->maps - 1];
	e = seqp_safetensors_read(list, &s->arena, m->data, m->size, err);
	return e < 0 ? seqp_fail_at(err, e, "%.80s", name) : e;
}

static int read_json(json_t **out, const char *dir, const char *name, seq_error *err)
{
	char *path = join(dir, name);
	if (!path)
		return seqp_nomem(err, strlen(dir) + strlen(name));
	seqp_map m;
	int e = seqp_map_open(&m, path, err);
	free(path);
	if (e < 0)
		return e;
	e = seqp_config_parse(out, m.data, m.size, err);
	seqp_map_close(&m);
	return e < 0 ? seqp_fail_at(err, e, "%s", name) : e;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The files that the index names, each once. */
static int shard_names(const json_t *map, const char **name, size_t *n, seq_error *err)
{
	const char *key;
	json_t *j;
	size_t k = 0;
	json_object_foreach((json_t *)(uintptr_t)map, key, j) {
		name[k] = json_string_value(j);
		if (!name[k] || !*name[k] || strchr(name[k], '/') || !ends_with(name[k], ".safetensors"))
			return seqp_fail(err, SEQ_E_FORMAT, "weight_map: \"%.100s\" is in no safetensors file", key);
		k++;
	}
	qsort(name, k, sizeof *name, by_text);
	*n = 0;
	for (size_t i = 0; i < k; i++)
		if (!i || strcmp(name[i], name[i - 1]) != 0)
			name[(*n)++] = name[i];
	return SEQ_OK;
}

static int add_map(seqp_store *s, seqp_tensor_list *list, const char *dir, const json_t *map, seq_error *err)
{
	const char **name = seqp_alloc(json_object_size(map), sizeof *name);
	if (!name)
		return seqp_nomem(err, json_object_size(map) * sizeof *name);
	size_t n = 0;
	int e = shard_names(map, name, &n, err);
	for (size_t i = 0; e >= 0 && i < n; i++)
		e = add_shard(s, list, dir, name[i], err);
	free(name);
	return e;
}

static int add_index(seqp_store *s, seqp_tensor_list *list, const char *dir, seq_error *err)
{
	json_t *index;
	int e = read_json(&index, dir, "model.safetensors.index.json", err);
	if (e < 0)
		return e;
	const json_t *map = json_object_get(index, "weight_map");
	e = json_object_size(map) ? add_map(s, list, dir, map, err)
				  : seqp_fail(err, SEQ_E_FORMAT, "model.safetensors.index.json: no weight_map");
	json_decref(index);
	return e;
}

/* The only safetensors file of a folder, if there is just one. */
static int add_only(seqp_store *s, seqp_tensor_list *list, const char *dir, seq_error *err)
{
	char only[256] = "";
	int n = 0;
	DIR *d = opendir(dir);
	if (!d)
		return seqp_fail(err, SEQ_E_IO, "%s", strerror(errno));
	for (struct dirent *f; (f = readdir(d));)
		if (ends_with(f->d_name, ".safetensors") && strlen(f->d_name) < sizeof only) {
			strcpy(only, f->d_name);
			n++;
		}
	closedir(d);
	if (n != 1)
		return seqp_fail(err, SEQ_E_FORMAT, n ? "several safetensors files, no index" : "no safetensors file");
	return add_shard(s, list, dir, only, err);
}

static bool there(const char *dir, const char *name)
{
	struct stat st;
	char *path = join(dir, name);
	bool yes = path && stat(path, &st) == 0;
	free(path);
	return yes;
}

static int map_tokenizer(seqp_store *s, const char *dir, seq_error *err)
{
	if (!there(dir, "tokenizer.json"))
		return SEQ_OK;
	char *path = join(dir, "tokenizer.json");
	if (!path)
		return seqp_nomem(err, strlen(dir) + 16);
	int e = seqp_map_open(&s->tokenizer, path, err);
	free(path);
	return e;
}

static int add_tensors(seqp_store *s, seqp_tensor_list *list, const char *dir, const char *file, seq_error *err)
{
	if (file)
		return add_shard(s, list, dir, file, err);
	if (there(dir, "model.safetensors"))
		return add_shard(s, list, dir, "model.safetensors", err);
	if (there(dir, "model.safetensors.index.json"))
		return add_index(s, list, dir, err);
	return add_only(s, list, dir, err);
}

static int read_config(seqp_store *s, const char *dir, seq_error *err)
{
	char *path = join(dir, "config.json");
	if (!path)
		return seqp_nomem(err, strlen(dir) + 16);
	seqp_map m;
	int e = seqp_map_open(&m, path, err);
	free(path);
	if (e < 0)
		return e;
	e = seqp_store_config(s, m.data, m.size, err);
	seqp_map_close(&m);
	return e;
}

/* file NULL: what the folder holds. */
static int open_hf(seqp_store *s, const char *dir, const char *file, seq_error *err)
{
	seqp_tensor_list list = {0};
	bool configured = there(dir, "config.json");
	int e = configured ? read_config(s, dir, err) : SEQ_OK;
	if (e >= 0 && (e = map_tokenizer(s, dir, err)) >= 0)
		e = add_tensors(s, &list, dir, file, err);
	if (e < 0 && !configured && !s->maps)
		e = read_config(s, dir, err); /* fails: there is nothing at all */
	if (e >= 0)
		e = seqp_store_tensors(s, &list, err);
	free(list.t);
	return e < 0 || configured ? e : seqp_store_unconfigured(s, err);
}

static int open_beside(seqp_store *s, const char *path, seq_error *err)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	if (!dir)
		return seqp_nomem(err, strlen(path));
	int e = open_hf(s, dir, slash ? slash + 1 : path, err);
	free(dir);
	return e;
}

/* GGUF, unless it begins like a file of rwkv.cpp's. */
static int open_file(seqp_store *s, const char *path, seq_error *err)
{
	int e = map_file(s, path, err);
	if (e < 0)
		return e;
	return seqp_rwkv_is(s->map->data, s->map->size) ? seqp_store_rwkv(s, s->map->data, s->map->size, err)
							: seqp_store_gguf(s, s->map->data, s->map->size, err);
}

int seqp_store_open(seqp_store *s, const char *path, seq_error *err)
{
	struct stat st;
	memset(s, 0, sizeof *s);
	if (stat(path, &st) < 0)
		return seqp_fail(err, SEQ_E_IO, "%.150s: %s", path, strerror(errno));
	int e;
	if (S_ISDIR(st.st_mode))
		e = open_hf(s, path, NULL, err);
	else if (ends_with(path, ".safetensors"))
		e = open_beside(s, path, err);
	else
		e = open_file(s, path, err);
	if (e < 0)
		seqp_store_close(s);
	return e;
}
