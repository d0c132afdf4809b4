/* SPDX-License-Identifier: MIT */
#include "model/store.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

int seqp_store_gguf(seqp_store *s, const void *data, size_t size, seq_error *err)
{
	int e = seqp_gguf_open(&s->gguf, data, size, err);
	if (e < 0)
		return e;
	s->format = SEQP_FROM_GGUF;
	seqp_slice arch = seqp_gguf_str(s->gguf, "general.architecture");
	if (!arch.p || !arch.n || arch.n > 64 || memchr(arch.p, 0, arch.n))
		return seqp_fail(err, SEQ_E_FORMAT, "GGUF: general.architecture is missing");
	s->arch = seqp_arena_strdup(&s->arena, arch.p, arch.n);
	s->tensors = seqp_gguf_tensors(s->gguf);
	s->tensor = seqp_arena_alloc(&s->arena, s->tensors, sizeof *s->tensor);
	seqp_name *list = seqp_arena_alloc(&s->arena, s->tensors, sizeof *list);
	if (!s->arch || !s->tensor || !list)
		return seqp_nomem(err, s->tensors * sizeof *s->tensor);
	for (size_t i = 0; i < s->tensors; i++) {
		s->tensor[i] = *seqp_gguf_tensor(s->gguf, i);
		list[i] = (seqp_name){s->tensor[i].name, i};
	}
	seqp_index_sort(&s->index, list, s->tensors);
	return SEQ_OK;
}

void seqp_store_close(seqp_store *s)
{
	seqp_gguf_free(s->gguf);
	json_decref(s->json);
	for (size_t i = 0; i < s->maps; i++)
		seqp_map_close(&s->map[i]);
	free(s->map);
	seqp_map_close(&s->tokenizer);
	seqp_arena_free(&s->arena);
	memset(s, 0, sizeof *s);
}

const seq_tensor *seqp_store_tensor(const seqp_store *s, const char *name, size_t *at)
{
	ptrdiff_t i = seqp_index_find(&s->index, name);
	if (i < 0)
		return NULL;
	if (at)
		*at = (size_t)i;
	return &s->tensor[i];
}

static seqp_raw from_gguf(const seqp_gguf_value *v)
{
	seqp_raw r = {.kind = SEQP_ABSENT, .gguf = v};
	if (!v)
		return r;
	seqp_gguf_iter it = seqp_gguf_each(v);
	r.count = v->count;
	if (v->array)
		r.kind = SEQP_LIST;
	else if (seqp_gguf_next_str(&it, &r.text))
		r.kind = SEQP_STRING;
	else
		r.kind = seqp_gguf_next_float(&it, &r.number) ? SEQP_NUMBER : SEQP_OTHER;
	return r;
}

/* Python's writers have no infinity in JSON; some say {"__float__": "Infinity"}. */
static bool special_float(const json_t *j, double *out)
{
	const char *s = json_string_value(json_object_get(j, "__float__"));
	if (s && strcmp(s, "Infinity") == 0)
		*out = INFINITY;
	else if (s && strcmp(s, "-Infinity") == 0)
		*out = -INFINITY;
	else
		return false;
	return true;
}

static bool json_number(const json_t *j, double *out)
{
	if (json_is_number(j)) {
		*out = json_number_value(j);
		if (fabs(*out) >= 1e308) /* a bare Infinity is read so */
			*out = copysign(INFINITY, *out);
	} else if (json_is_boolean(j)) {
		*out = json_is_true(j);
	} else {
		return special_float(j, out);
	}
	return true;
}

static seqp_raw from_json(const json_t *j)
{
	seqp_raw r = {.kind = SEQP_ABSENT, .json = j};
	if (!j)
		return r;
	if (json_is_null(j))
		r.kind = SEQP_NULL;
	else if (json_number(j, &r.number))
		r.kind = SEQP_NUMBER;
	else if (json_is_string(j))
		r.kind = SEQP_STRING, r.text = (seqp_slice){json_string_value(j), json_string_length(j)};
	else if (json_is_array(j))
		r.kind = SEQP_LIST, r.count = json_array_size(j);
	else
		r.kind = SEQP_OTHER;
	return r;
}

static const json_t *walk(const json_t *j, const char *path)
{
	while (j && *path) {
		char part[128];
		size_t n = strcspn(path, ".");
		if (n >= sizeof part)
			return NULL;
		memcpy(part, path, n);
		part[n] = 0;
		if (json_is_array(j))
			j = isdigit((unsigned char)*part) ? json_array_get(j, (size_t)atoi(part)) : NULL;
		else
			j = json_object_get(j, part);
		path += n + (path[n] == '.');
	}
	return j;
}

static seqp_raw get_one(const seqp_store *s, const char *key)
{
	if (s->format == SEQP_FROM_HF)
		return from_json(walk(s->config, key));
	if (*key != '%')
		return from_gguf(seqp_gguf_find(s->gguf, key));
	char name[256];
	snprintf(name, sizeof name, "%s%s", s->arch, key + 1);
	return from_gguf(seqp_gguf_find(s->gguf, name));
}

seqp_raw seqp_store_get(const seqp_store *s, const char *keys)
{
	seqp_raw r = {.kind = SEQP_ABSENT};
	while (keys && *keys && r.kind == SEQP_ABSENT) {
		char key[160];
		size_t n = strcspn(keys, "|");
		if (n < sizeof key) {
			memcpy(key, keys, n);
			key[n] = 0;
			r = get_one(s, key);
		}
		keys += n + (keys[n] == '|');
	}
	return r;
}

size_t seqp_raw_numbers(const seqp_raw *r, double *out, size_t max)
{
	size_t n = 0;
	if (r->kind != SEQP_LIST)
		return 0;
	if (r->gguf) {
		seqp_gguf_iter it = seqp_gguf_each(r->gguf);
		while (n < max && seqp_gguf_next_float(&it, &out[n]))
			n++;
		return n;
	}
	while (n < max && n < r->count && json_number(json_array_get(r->json, n), &out[n]))
		n++;
	return n;
}

seqp_slice seqp_raw_word(const seqp_raw *r, size_t i)
{
	const json_t *j = r->json && r->kind == SEQP_LIST ? json_array_get(r->json, i) : NULL;
	return json_is_string(j) ? (seqp_slice){json_string_value(j), json_string_length(j)} : (seqp_slice){NULL, 0};
}
