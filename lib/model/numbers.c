/* SPDX-License-Identifier: MIT */
/* The numbers of a model: read by the rows of its architecture, checked, kept by key,
 * one for all layers or one each. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/size.h"
#include "model/arch/arch.h"

static seqp_value *find(const seq_model *m, const char *key)
{
	for (size_t i = 0; i < m->values; i++)
		if (strcmp(m->value[i].key, key) == 0)
			return &m->value[i];
	return NULL;
}

/* The place of key, made when it is new. */
static seqp_value *place(seq_model *m, const char *key, seq_error *err)
{
	seqp_value *v = find(m, key);
	if (v)
		return v;
	if (!seqp_grow(&m->value, &m->value_cap, m->values + 1, sizeof *v)) {
		seqp_nomem(err, (m->values + 1) * sizeof *v);
		return NULL;
	}
	m->value[m->values] = (seqp_value){key, NAN, NULL};
	return &m->value[m->values++];
}

static int own_values(seq_model *m, seqp_value *v, seq_error *err)
{
	if (v->of)
		return SEQ_OK;
	double *of = seqp_arena_alloc(&m->arena, (size_t)m->layers, sizeof *of);
	if (!of)
		return seqp_nomem(err, (size_t)m->layers * sizeof *of);
	for (int64_t i = 0; i < m->layers; i++)
		of[i] = NAN;
	v->of = of;
	return SEQ_OK;
}

int seqp_number_set(seq_model *m, int64_t layer, const char *key, double x, seq_error *err)
{
	seqp_value *v = place(m, key, err);
	if (!v)
		return SEQ_E_NOMEM;
	if (layer < 0) {
		v->all = x;
		return SEQ_OK;
	}
	int e = own_values(m, v, err);
	if (e >= 0)
		v->of[layer] = x;
	return e;
}

double seqp_model_number(const seq_model *m, int64_t layer, const char *key, double dflt)
{
	const seqp_value *v = find(m, key);
	if (!v)
		return dflt;
	if (v->of && layer >= 0 && layer < m->layers && !isnan(v->of[layer]))
		return v->of[layer];
	return isnan(v->all) ? dflt : v->all;
}

bool seqp_number_has(const seq_model *m, int64_t layer, const char *key)
{
	return !isnan(seqp_model_number(m, layer, key, NAN));
}

/* Checks a number against its row and keeps it. */
static int keep(seq_model *m, const seqp_number *row, int64_t layer, double x, seq_error *err)
{
	if (!(x >= row->min && x <= row->max) || ((row->how & SEQP_INT) && x != floor(x)))
		return seqp_fail(err, SEQ_E_FORMAT, "%s is %g; it must be %s from %g to %g", row->key, x,
				 row->how & SEQP_INT ? "whole," : "a number", row->min, row->max);
	return seqp_number_set(m, layer, row->key, x, err);
}

/* 1: the word stands for a number (in *x), 0: for nothing. */
static int word_number(const seqp_number *row, seqp_slice text, double *x, seq_error *err)
{
	for (const seqp_word *w = row->words; w && w->word; w++)
		if (seqp_slice_is(text, w->word)) {
			*x = w->number;
			return !isnan(w->number);
		}
	if (!text.p)
		return seqp_fail(err, SEQ_E_FORMAT, "%s: its list holds more than words", row->key);
	return seqp_fail(err, SEQ_E_UNSUPPORTED, "%s: \"%.*s\" is not known here", row->key,
			 (int)(text.n < 80 ? text.n : 80), text.p);
}

/* The word of layer i, of a list or of letters. */
static seqp_slice layer_word(const seqp_raw *r, int64_t i)
{
	return r->kind == SEQP_STRING ? (seqp_slice){r->text.p + i, 1} : seqp_raw_word(r, (size_t)i);
}

static int keep_words(seq_model *m, const seqp_number *row, const seqp_raw *r, seq_error *err)
{
	int e = SEQ_OK;
	for (int64_t i = 0; i < m->layers && e >= 0; i++) {
		double x = NAN;
		if ((e = word_number(row, layer_word(r, i), &x, err)) > 0)
			e = keep(m, row, i, x, err);
	}
	return e < 0 ? e : SEQ_OK;
}

static int keep_list(seq_model *m, const seqp_number *row, const seqp_raw *r, seq_error *err)
{
	size_t n = r->kind == SEQP_STRING ? r->text.n : r->count;
	if (m->layers <= 0 || n < (size_t)m->layers)
		return seqp_fail(err, SEQ_E_FORMAT, "%s: a list of %zu for %lld layers", row->key, n, (long long)m->layers);
	if (row->words && (m->src.format == SEQP_FROM_HF || layer_word(r, 0).p))
		return keep_words(m, row, r, err);
	double *x = seqp_arena_alloc(&m->arena, (size_t)m->layers, sizeof *x);
	if (!x)
		return seqp_nomem(err, (size_t)m->layers * sizeof *x);
	if (seqp_raw_numbers(r, x, (size_t)m->layers) < (size_t)m->layers)
		return seqp_fail(err, SEQ_E_FORMAT, "%s: its list holds more than numbers", row->key);
	for (int64_t i = 0; i < m->layers; i++) {
		int e = keep(m, row, i, x[i], err);
		if (e < 0)
			return e;
	}
	return SEQ_OK;
}

/* A default that depends on numbers which may differ by layer. */
static int keep_expr(seq_model *m, const seqp_number *row, const char *expr, seq_error *err)
{
	int64_t x;
	int e = seqp_expr(m, -1, expr, &x, err);
	if (e >= 0)
		return keep(m, row, -1, (double)x, err);
	bool any = false;
	for (int64_t i = 0; i < m->layers; i++) {
		if (seqp_expr(m, i, expr, &x, NULL) < 0)
			continue;
		any = true;
		if ((e = keep(m, row, i, (double)x, err)) < 0)
			return e;
	}
	return any || !(row->how & SEQP_NEED) ? SEQ_OK : seqp_fail_at(err, e, "%s", row->key);
}

/* "for GGUF|for Hugging Face", or one for both. */
static int keep_default(seq_model *m, const seqp_number *row, seq_error *err)
{
	char left[96];
	const char *bar = strchr(row->expr, '|');
	if (!bar)
		return keep_expr(m, row, row->expr, err);
	if (m->src.format == SEQP_FROM_HF)
		return keep_expr(m, row, bar + 1, err);
	memcpy(left, row->expr, (size_t)(bar - row->expr));
	left[bar - row->expr] = 0;
	return keep_expr(m, row, left, err);
}

static int fall_back(seq_model *m, const seqp_number *row, const char *names, seq_error *err)
{
	if (row->expr)
		return keep_default(m, row, err);
	if (row->how & SEQP_DFLT)
		return seqp_number_set(m, -1, row->key, row->dflt, err);
	if (row->how & SEQP_NEED)
		return seqp_fail(err, SEQ_E_FORMAT, "%s is missing (%s)", row->key, names ? names : "no name");
	return SEQ_OK;
}

static int read_row(seq_model *m, const seqp_number *row, seq_error *err)
{
	const char *names = m->src.format == SEQP_FROM_HF ? row->hf : row->gguf;
	if (names && *names == '=')
		return keep_expr(m, row, names + 1, err);
	seqp_raw r = seqp_store_get(&m->src, names);
	int e;
	if ((row->how & SEQP_COUNT) && (r.kind == SEQP_LIST || r.kind == SEQP_STRING))
		return keep(m, row, -1, (double)(r.kind == SEQP_LIST ? r.count : r.text.n), err);
	switch (r.kind) {
	case SEQP_NUMBER:
		return keep(m, row, -1, r.number, err);
	case SEQP_STRING:
		if (row->how & SEQP_LETTERS)
			return keep_list(m, row, &r, err);
		e = word_number(row, r.text, &r.number, err);
		return e < 0 ? e : e ? keep(m, row, -1, r.number, err) : fall_back(m, row, names, err);
	case SEQP_LIST:
		return keep_list(m, row, &r, err);
	case SEQP_OTHER:
		return seqp_fail(err, SEQ_E_FORMAT, "%s: neither a number nor a list", row->key);
	case SEQP_NULL:
		if (row->how & SEQP_NULL_ZERO)
			return seqp_number_set(m, -1, row->key, 0, err);
		break;
	case SEQP_ABSENT:
		break;
	}
	return fall_back(m, row, names, err);
}

static int refuse(const seq_model *m, seq_error *err)
{
	const char *keys = m->src.format == SEQP_FROM_HF ? m->arch->refuse_hf : m->arch->refuse_gguf;
	while (keys && *keys) {
		char key[160] = "";
		size_t n = strcspn(keys, "|");
		memcpy(key, keys, n < sizeof key ? n : 0);
		seqp_raw r = seqp_store_get(&m->src, key);
		if (r.kind != SEQP_ABSENT && r.kind != SEQP_NULL && !(r.kind == SEQP_NUMBER && r.number == 0))
			return seqp_fail(err, SEQ_E_UNSUPPORTED, "architecture %s with %s is not built in", m->arch->name, key);
		keys += n + (keys[n] == '|');
	}
	return SEQ_OK;
}

int seqp_numbers_read(seq_model *m, seq_error *err)
{
	int e = refuse(m, err);
	for (const seqp_number *const *list = m->arch->numbers; *list && e >= 0; list++)
		for (const seqp_number *row = *list; row->key && e >= 0; row++) {
			if (find(m, row->key))
				continue;
			e = place(m, row->key, err) ? read_row(m, row, err) : SEQ_E_NOMEM;
			if (e >= 0 && strcmp(row->key, "layers") == 0)
				m->layers = (int64_t)seqp_model_number(m, -1, "layers", 0);
		}
	return e;
}
