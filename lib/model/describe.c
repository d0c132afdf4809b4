/* SPDX-License-Identifier: MIT */
/* A model told as lines of text. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/arch/arch.h"

enum { LIST_SHOWN = 6, TEXT_SHOWN = 120 };

static void put_text(FILE *f, const char *p, size_t n)
{
	for (size_t i = 0; i < n && i < TEXT_SHOWN; i++) {
		unsigned char c = (unsigned char)p[i];
		if (c == '\\')
			fputs("\\\\", f);
		else if (c < 0x20 || c == 0x7f)
			fprintf(f, "\\x%02x", c);
		else
			fputc(c, f);
	}
	if (n > TEXT_SHOWN)
		fprintf(f, "... (%zu bytes)", n);
}

static void put_gguf(FILE *f, const seqp_gguf_value *v)
{
	seqp_gguf_iter it = seqp_gguf_each(v);
	size_t shown = v->array ? LIST_SHOWN : 1;
	fprintf(f, "%s = %s", v->key, v->array ? "[" : "");
	for (size_t i = 0; i < v->count && i < shown; i++) {
		seqp_slice s;
		int64_t n;
		double x;
		fputs(i ? ", " : "", f);
		if (seqp_gguf_next_str(&it, &s))
			put_text(f, s.p, s.n);
		else if (seqp_gguf_next_int(&it, &n))
			fprintf(f, "%" PRId64, n);
		else if (seqp_gguf_next_float(&it, &x))
			fprintf(f, "%.9g", x);
	}
	if (v->array)
		fprintf(f, v->count > shown ? ", ...] (%zu)" : "]", v->count);
	fputc('\n', f);
}

static void put_scalar(FILE *f, const json_t *j)
{
	if (json_is_string(j))
		put_text(f, json_string_value(j), json_string_length(j));
	else if (json_is_number(j))
		fprintf(f, "%.17g", json_number_value(j));
	else
		fputs(json_is_true(j) ? "true" : json_is_false(j) ? "false" : json_is_null(j) ? "null" : "...", f);
}

static void put_json(FILE *f, const char *prefix, const json_t *object)
{
	const char *key;
	json_t *j;
	json_object_foreach((json_t *)(uintptr_t)object, key, j) {
		char path[160];
		snprintf(path, sizeof path, "%s%s%s", prefix, *prefix ? "." : "", key);
		if (json_is_object(j) && strlen(path) < 100) {
			put_json(f, path, j);
			continue;
		}
		put_text(f, path, strlen(path));
		fputs(" = ", f);
		if (!json_is_array(j)) {
			put_scalar(f, j);
			fputc('\n', f);
			continue;
		}
		size_t n = json_array_size(j);
		fputc('[', f);
		for (size_t i = 0; i < n && i < LIST_SHOWN; i++) {
			fputs(i ? ", " : "", f);
			put_scalar(f, json_array_get(j, i));
		}
		fprintf(f, n > LIST_SHOWN ? ", ...] (%zu)\n" : "]\n", n);
	}
}

static void put_numbers(FILE *f, const seq_model *m)
{
	for (size_t i = 0; i < m->values; i++) {
		const seqp_value *v = &m->value[i];
		if (!v->of && !isnan(v->all))
			fprintf(f, "number.%s = %.9g\n", v->key, v->all);
		if (!v->of)
			continue;
		fprintf(f, "number.%s = [", v->key);
		for (int64_t l = 0; l < m->layers && l < LIST_SHOWN; l++)
			fprintf(f, "%s%.9g", l ? ", " : "", seqp_model_number(m, l, v->key, NAN));
		fprintf(f, m->layers > LIST_SHOWN ? ", ...] (%lld)\n" : "]\n", (long long)m->layers);
	}
}

static void put_tensors(FILE *f, const seq_model *m, enum seqp_use use, const char *word)
{
	for (size_t i = 0; i < m->src.tensors; i++)
		if (m->use[i] == use) {
			fprintf(f, "%s = ", word);
			put_text(f, m->src.tensor[i].name, strlen(m->src.tensor[i].name));
			fputc('\n', f);
		}
}

static void put_model(FILE *f, const seq_model *m)
{
	fprintf(f, "architecture = %s\nname = ", m->arch->name);
	put_text(f, m->name, strlen(m->name));
	fprintf(f, "\nformat = %s\nlayers = %" PRId64 "\nwidth = %" PRId64 "\nvocabulary = %" PRId64 "\ncontext = %" PRId64
		   "\nparameters = %" PRIu64 "\nbytes = %" PRIu64 "\ntensors = %zu\nfingerprint = ",
		m->src.format == SEQP_FROM_GGUF ? "gguf" : "huggingface", m->layers, m->width, m->vocab, m->context, m->weights,
		m->bytes, m->src.tensors);
	for (int i = 0; i < 16; i++)
		fprintf(f, "%02x", m->fingerprint[i]);
	fputc('\n', f);
}

char *seq_model_describe(const seq_model *m)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	if (!f)
		return NULL;
	put_model(f, m);
	put_numbers(f, m);
	put_tensors(f, m, SEQP_SKIPPED, "tensor.skipped");
	put_tensors(f, m, SEQP_UNUSED, "tensor.without-role");
	for (size_t i = 0; m->src.gguf && i < seqp_gguf_keys(m->src.gguf); i++)
		put_gguf(f, seqp_gguf_at(m->src.gguf, i));
	if (m->src.json)
		put_json(f, "", m->src.json);
	bool bad = ferror(f);
	if (fclose(f) != 0 || bad) {
		free(text);
		return NULL;
	}
	return text;
}
