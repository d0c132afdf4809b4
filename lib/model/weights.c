/* SPDX-License-Identifier: MIT */
/* The weights of a model: each row of its architecture's table finds its tensor, whose
 * view (part_view.c) is kept by role. */
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/size.h"
#include "model/arch/arch.h"
#include "seq/file.h"

enum { MAX_TENSOR_NAME = 512 };

static seqp_weight *find(const seq_model *m, const char *role)
{
	for (size_t i = 0; i < m->roles; i++)
		if (strcmp(m->weight[i].role, role) == 0)
			return &m->weight[i];
	return NULL;
}

const seqp_view *seqp_weight_own(const seq_model *m, int64_t layer, const char *role)
{
	const seqp_weight *w = find(m, role);
	if (!w || layer < -1 || layer >= m->layers || !w->view[layer + 1].data)
		return NULL;
	return w->stack && w->stack[layer + 1] ? w->stack[layer + 1] : &w->view[layer + 1];
}

const seqp_view *seqp_model_weight(const seq_model *m, int64_t layer, const char *role)
{
	const seqp_view *v = seqp_weight_own(m, layer, role);
	return v ? v : seqp_weight_own(m, -1, role);
}

/* The place of a role, made when it is new. */
static seqp_weight *place(seq_model *m, const char *role, seq_error *err)
{
	seqp_weight *w = find(m, role);
	if (w)
		return w;
	seqp_view *views = seqp_arena_alloc(&m->arena, (size_t)m->layers + 1, sizeof *views);
	if (!views || !seqp_grow(&m->weight, &m->role_cap, m->roles + 1, sizeof *w)) {
		seqp_nomem(err, ((size_t)m->layers + 1) * sizeof *views);
		return NULL;
	}
	m->weight[m->roles] = (seqp_weight){role, views, NULL};
	return &m->weight[m->roles++];
}

int seqp_weight_set(seq_model *m, int64_t layer, const char *role, const seqp_view *v, seq_error *err)
{
	seqp_weight *w = place(m, role, err);
	if (!w)
		return SEQ_E_NOMEM;
	w->view[layer + 1] = *v;
	return SEQ_OK;
}

static int set_stack(seq_model *m, int64_t layer, const char *role, seqp_view *v, seq_error *err)
{
	seqp_weight *w = place(m, role, err);
	if (!w)
		return SEQ_E_NOMEM;
	if (!w->stack && !(w->stack = seqp_arena_alloc(&m->arena, (size_t)m->layers + 1, sizeof *w->stack)))
		return seqp_nomem(err, ((size_t)m->layers + 1) * sizeof *w->stack);
	w->view[layer + 1] = *v;
	w->stack[layer + 1] = v;
	return SEQ_OK;
}

bool seqp_weight_format(const char *prefix, const char *name, int64_t layer, char *out, size_t size)
{
	const char *mark = strchr(name, '%');
	int n = mark ? snprintf(out, size, "%s%.*s%lld%s", prefix, (int)(mark - name), name, (long long)layer, mark + 1)
		     : snprintf(out, size, "%s%s", prefix, name);
	return n > 0 && (size_t)n < size;
}

/* name with the layer's ordinal for its "@". */
static const char *with_ordinal(const seq_model *m, const char *name, int64_t layer, char out[MAX_TENSOR_NAME])
{
	const char *mark = strchr(name, '@');
	if (!mark)
		return name;
	snprintf(out, MAX_TENSOR_NAME, "%.*s%d%s", (int)(mark - name), name, (int)seqp_model_number(m, layer, "ordinal", 0), mark + 1);
	return out;
}

/* The name of a part's tensor in this model's files; false: the format has none. */
static bool tensor_name(const seq_model *m, const seqp_part *p, int64_t layer, char out[MAX_TENSOR_NAME])
{
	bool hf = m->src.format == SEQP_FROM_HF;
	const char *name = hf ? p->hf : p->gguf, *prefix = hf && m->prefix ? m->prefix : "";
	if (!name)
		return false;
	if (*name == '/') {
		prefix = "";
		name++;
	}
	char with[MAX_TENSOR_NAME];
	const char *key = p->how & SEQP_SHARED ? "shared" : "names.layer";
	name = with_ordinal(m, name, layer, with);
	if (hf && layer >= 0)
		layer = (int64_t)seqp_model_number(m, layer, key, (double)layer);
	return seqp_weight_format(prefix, name, layer, out, MAX_TENSOR_NAME);
}

bool seqp_weight_tied(const seq_model *m, const char *role)
{
	const seqp_view *e = seqp_weight_own(m, -1, "embed"), *h = seqp_weight_own(m, -1, "head");
	return strcmp(role, "head") == 0 && e && h && e->data == h->data;
}

bool seqp_weight_name(const seq_model *m, int64_t layer, const char *role, char *out, size_t size)
{
	bool gguf = m->src.format == SEQP_FROM_GGUF;
	role = seqp_weight_tied(m, role) ? "embed" : role;
	for (const seqp_part *const *list = m->arch->parts; *list; list++)
		for (const seqp_part *p = *list; p->role; p++) {
			if (strcmp(p->role, role) || !p->gguf)
				continue;
			if (seqp_weight_format("", p->gguf, layer, out, size) && (!gguf || seqp_store_tensor(&m->src, out, NULL)))
				return true;
		}
	return false;
}

static bool per_layer(const seqp_part *p)
{
	return (p->gguf && strchr(p->gguf, '%')) || (p->hf && strchr(p->hf, '%'));
}

bool seqp_weight_in_layer(const seq_model *m, const seqp_part *p, int64_t layer)
{
	unsigned type = (unsigned)seqp_model_number(m, layer, "type", 0);
	return layer < 0 || !p->types || (p->types >> type & 1);
}

int64_t seqp_weight_stack(const seq_model *m, const seqp_part *p, int64_t layer)
{
	return seqp_prefix_number(m, p, layer, "experts");
}

/* "#" in a name stands for the matrix. */
static const seq_tensor *one_of_stack(const seq_model *m, const char *name, int64_t i, char out[MAX_TENSOR_NAME], size_t *at)
{
	const char *mark = strchr(name, '#');
	int n = snprintf(out, MAX_TENSOR_NAME, "%.*s%lld%s", (int)(mark - name), name, (long long)i, mark + 1);
	return n < MAX_TENSOR_NAME ? seqp_store_tensor(&m->src, out, at) : NULL;
}

/* A stack of n matrices, each a tensor. */
static int read_each(seq_model *m, const seqp_part *p, int64_t layer, const char *name, seqp_view *v, int64_t n, seq_error *err)
{
	char one[MAX_TENSOR_NAME];
	size_t at;
	for (int64_t i = 0; i < n; i++) {
		const seq_tensor *t = one_of_stack(m, name, i, one, &at);
		if (!t)
			return seqp_fail(err, SEQ_E_FORMAT, "tensor %.150s is missing", one);
		int e = seqp_part_view(m, p, layer, t, &v[i], err);
		if (e < 0)
			return e;
		m->use[at] = SEQP_USED;
	}
	return SEQ_OK;
}

/* A stack of n matrices in one tensor. */
static int read_slabs(seq_model *m, const seqp_part *p, int64_t layer, const seq_tensor *t, seqp_view *v, int64_t n, seq_error *err)
{
	if (t->rank != 3 || t->dim[0] != n)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s is no stack of %lld matrices", t->name, (long long)n);
	for (int64_t i = 0; i < n; i++) {
		seq_tensor s = seqp_tensor_slab(t, i);
		int e = seqp_part_view(m, p, layer, &s, &v[i], err);
		if (e < 0)
			return e;
	}
	return SEQ_OK;
}

static int read_stack(seq_model *m, const seqp_part *p, int64_t layer, const char *name, seq_error *err)
{
	char first[MAX_TENSOR_NAME];
	size_t at;
	bool each = strchr(name, '#');
	const seq_tensor *t = each ? one_of_stack(m, name, 0, first, &at) : seqp_store_tensor(&m->src, name, &at);
	int64_t n = seqp_weight_stack(m, p, layer);
	if (!t)
		return SEQ_OK;
	if (n < 1)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.150s: how many experts there are is not said", t->name);
	seqp_view *v = seqp_arena_alloc(&m->arena, (size_t)n, sizeof *v);
	if (!v)
		return seqp_nomem(err, (size_t)n * sizeof *v);
	int e = each ? read_each(m, p, layer, name, v, n, err) : read_slabs(m, p, layer, t, v, n, err);
	if (e < 0)
		return e;
	m->use[at] = SEQP_USED;
	return set_stack(m, layer, p->role, v, err);
}

static int read_part(seq_model *m, const seqp_part *p, int64_t layer, seq_error *err)
{
	char name[MAX_TENSOR_NAME];
	size_t at;
	if (!seqp_weight_in_layer(m, p, layer) || seqp_weight_own(m, layer, p->role) || !tensor_name(m, p, layer, name))
		return SEQ_OK;
	if (p->how & SEQP_STACK)
		return read_stack(m, p, layer, name, err);
	const seq_tensor *t = seqp_store_tensor(&m->src, name, &at);
	if (!t)
		return SEQ_OK;
	seqp_view v;
	int e = seqp_part_view(m, p, layer, t, &v, err);
	if (e < 0)
		return e;
	m->use[at] = SEQP_USED;
	return seqp_weight_set(m, layer, p->role, &v, err);
}

/* The tensor of a role in a layer, by the first row of the table that has one; *turned: its rows are columns. */
static const seq_tensor *role_tensor(const seq_model *m, const char *role, int64_t layer, bool *turned)
{
	char name[MAX_TENSOR_NAME];
	for (const seqp_part *const *list = m->arch->parts; *list; list++)
		for (const seqp_part *p = *list; p->role; p++) {
			if (strcmp(p->role, role) || !tensor_name(m, p, layer, name))
				continue;
			const seq_tensor *t = seqp_store_tensor(&m->src, name, NULL);
			*turned = seqp_part_how(m, p) & SEQP_HF_TRANSPOSE;
			if (t)
				return t;
		}
	return NULL;
}

int seqp_number_by_rows(seq_model *m, const char *key, const char *role, seq_error *err)
{
	bool turned = false;
	const seq_tensor *t = NULL;
	for (int64_t i = 0; i < m->layers && !t; i++)
		t = role_tensor(m, role, i, &turned);
	if (!t)
		return SEQ_OK;
	if (t->rank < 2)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s is no matrix", t->name);
	return seqp_number_set(m, -1, key, (double)t->dim[turned ? t->rank - 1 : 0], err);
}

static int need_part(const seq_model *m, const seqp_part *p, int64_t layer, seq_error *err)
{
	char name[MAX_TENSOR_NAME];
	if ((p->how & SEQP_OPT) || !seqp_weight_in_layer(m, p, layer) || seqp_weight_own(m, layer, p->role))
		return SEQ_OK;
	if (!tensor_name(m, p, layer, name))
		return SEQ_OK;
	return seqp_fail(err, SEQ_E_FORMAT, "tensor %.150s is missing", name);
}

static int for_each_part(seq_model *m, bool need, seq_error *err)
{
	int e = SEQ_OK;
	for (const seqp_part *const *list = m->arch->parts; *list; list++)
		for (const seqp_part *p = *list; p->role; p++) {
			int64_t layer = per_layer(p) ? 0 : -1, end = layer < 0 ? 0 : m->layers;
			for (; layer < end && e >= 0; layer++)
				e = need ? need_part(m, p, layer, err) : read_part(m, p, layer, err);
			if (e < 0)
				return e;
		}
	return SEQ_OK;
}

/* Tied: the embedding is the head.  Hugging Face: the configuration says; GGUF: a stored
 * head is used. */
static int tie_head(seq_model *m, seq_error *err)
{
	const seqp_view *embed = seqp_weight_own(m, -1, "embed"), *head = seqp_weight_own(m, -1, "head");
	bool hf = m->src.format == SEQP_FROM_HF, tied = seqp_model_number(m, -1, "tied", 0) != 0;
	if (head && !(hf && tied))
		return SEQ_OK;
	if (hf && !tied)
		return seqp_fail(err, SEQ_E_FORMAT, "the head is missing and tie_word_embeddings is not set");
	for (size_t i = 0; head && i < m->src.tensors; i++)
		if (m->src.tensor[i].data == head->data && m->use[i] == SEQP_USED)
			m->use[i] = SEQP_SKIPPED;
	return seqp_weight_set(m, -1, "head", embed, err);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);
	return n >= k && strcmp(s + n - k, end) == 0;
}

static void mark_skipped(seq_model *m)
{
	for (size_t i = 0; i < m->src.tensors; i++)
		for (const char *const *s = m->arch->skip; s && *s && !m->use[i]; s++)
			if (ends_with(m->src.tensor[i].name, *s))
				m->use[i] = SEQP_SKIPPED;
}

int seqp_weights_read(seq_model *m, seq_error *err)
{
	int e = for_each_part(m, false, err);
	if (e < 0 || (e = for_each_part(m, true, err)) < 0 || (e = tie_head(m, err)) < 0)
		return e;
	mark_skipped(m);
	for (size_t i = 0; i < m->src.tensors; i++) {
		m->bytes += m->src.tensor[i].bytes;
		if (m->use[i] == SEQP_USED)
			m->weights += (uint64_t)seq_tensor_count(&m->src.tensor[i]);
	}
	return SEQ_OK;
}

static const seq_tensor *embed_tensor(const seq_model *m)
{
	char name[MAX_TENSOR_NAME];
	for (const seqp_part *const *list = m->arch->parts; *list; list++)
		for (const seqp_part *p = *list; p->role; p++)
			if (strcmp(p->role, "embed") == 0 && tensor_name(m, p, -1, name)) {
				const seq_tensor *t = seqp_store_tensor(&m->src, name, NULL);
				if (t)
					return t;
			}
	return NULL;
}

/* The embedding gives away the prefix of the names and the size of the vocabulary. */
int seqp_weights_find_embed(seq_model *m, seq_error *err)
{
	static const char *const none[] = {"", NULL};
	const char *const *prefix = m->arch->prefix ? m->arch->prefix : none;
	const seq_tensor *t = NULL;
	for (; *prefix && !t; prefix++) {
		m->prefix = *prefix;
		t = embed_tensor(m);
	}
	if (!t)
		return seqp_fail(err, SEQ_E_FORMAT, "architecture %s: no tensor is the embedding", m->arch->name);
	if (t->rank != 2 || t->dim[0] <= 0 || t->dim[0] > INT32_MAX)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s is no embedding", t->name);
	m->vocab = t->dim[0];
	return seqp_number_set(m, -1, "vocab", (double)m->vocab, err);
}
