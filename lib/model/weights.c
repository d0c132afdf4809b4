/* SPDX-License-Identifier: MIT */
/* The weights of a model: each row of its architecture's table finds its tensor, checks
 * the shape, transforms what must be, and keeps a view by role. */
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/size.h"
#include "model/arch/arch.h"

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

static int bad_shape(const seq_tensor *t, int64_t rows, int64_t cols, seq_error *err)
{
	char is[100] = "";
	for (int i = 0, n = 0; i < t->rank; i++)
		n += snprintf(is + n, sizeof is - (size_t)n, i ? " %lld" : "%lld", (long long)t->dim[i]);
	return cols ? seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: shape [%s], expected [%lld %lld]", t->name, is,
				(long long)rows, (long long)cols)
		    : seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: shape [%s], expected %lld elements", t->name, is,
				(long long)rows);
}

static int64_t elements(const seq_tensor *t)
{
	int64_t n = 1;
	for (int i = 0; i < t->rank; i++)
		n *= t->dim[i]; /* checked when the file was read */
	return n;
}

/* rows: of the whole tensor; cols 0: a vector. */
static int check_shape(const seq_tensor *t, unsigned how, int64_t rows, int64_t cols, seq_error *err)
{
	bool ok;
	int64_t n;
	if (rows <= 0 || __builtin_mul_overflow(rows, cols ? cols : 1, &n))
		ok = false;
	else if (!cols)
		ok = elements(t) == rows;
	else if (how & SEQP_SMALL)
		ok = elements(t) == n && t->rank && t->dim[t->rank - 1] == cols;
	else if (how & SEQP_FLAT)
		ok = elements(t) == n && t->rank > 1 && t->dim[t->rank - 1] == cols;
	else
		ok = t->rank == 2 && t->dim[0] == rows && t->dim[1] == cols;
	return ok ? SEQ_OK : bad_shape(t, rows, cols, err);
}

static int matrix_type(const seq_tensor *t, seq_error *err)
{
	if ((t->dtype >= SEQ_I8 && t->dtype <= SEQ_F64) || t->dtype == SEQ_U8)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tensor %.100s: a matrix in %s", t->name,
				 seq_dtype_get(t->dtype)->name);
	return SEQ_OK;
}

typedef struct shape {
	int64_t rows, cols, first, whole; /* cols 0: a vector */
} shape;

/* The view of a whole tensor, its elements transformed. */
static int whole_view(seq_model *m, const seq_tensor *t, unsigned how, const shape *s, seqp_view *v, seq_error *err)
{
	*v = (seqp_view){t->data, t->dtype, s->whole, s->cols ? s->cols : 1, 0};
	if (!s->cols || (how & SEQP_SMALL)) {
		v->stride = (size_t)v->cols * sizeof(float);
		return seqp_make_f32(m, t, how, v, err);
	}
	v->stride = (size_t)seq_dtype_bytes(t->dtype, s->cols);
	return matrix_type(t, err);
}

/* Transforms are those of the Hugging Face side. */
static unsigned how_here(const seq_model *m, const seqp_part *p)
{
	unsigned hf = SEQP_HF_PLUS1 | SEQP_HF_NEGEXP | SEQP_HF_TRANSPOSE | SEQP_HF_HEADS | SEQP_HF_PAIRS | SEQP_HF_COLUMNS;
	return m->src.format == SEQP_FROM_HF && !m->src.transformed ? p->how : p->how & ~hf;
}

static int part_shape(const seq_model *m, const seqp_part *p, int64_t layer, shape *s, seq_error *err)
{
	*s = (shape){0, 0, 0, 0};
	int e = seqp_expr(m, layer, p->rows, &s->rows, err);
	if (e >= 0 && p->cols)
		e = seqp_expr(m, layer, p->cols, &s->cols, err);
	if (e >= 0 && p->first)
		e = seqp_expr(m, layer, p->first, &s->first, err);
	s->whole = how_here(m, p) & SEQP_HF_COLUMNS ? s->cols : s->rows;
	if (e >= 0 && p->whole)
		e = seqp_expr(m, layer, p->whole, &s->whole, err);
	return e;
}

static int gather(seq_model *m, int64_t layer, const seq_tensor *t, const shape *s, seqp_view *v, seq_error *err)
{
	int64_t groups = (int64_t)seqp_model_number(m, layer, "attn.kv_heads", seqp_model_number(m, layer, "attn.heads", 0));
	if (groups <= 0 || s->rows % groups || s->whole % groups || s->first > 2)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: not equal parts per head", t->name);
	int64_t size = s->rows / groups, all = s->whole / groups, first = s->first ? all - (3 - s->first) * size : 0;
	if (first < 0 || size > all)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: not q, k and v of each head", t->name);
	return seqp_make_gathered(m, *v, groups, all, first, size, v, err);
}

/* The same rows of every group; as many groups as number "groups" of the role's prefix. */
static int each_group(seq_model *m, int64_t groups, const seq_tensor *t, const shape *s, seqp_view *v, seq_error *err)
{
	if (groups < 1 || s->rows % groups || s->whole % groups || s->first > s->whole / groups - s->rows / groups)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: %lld groups of rows do not fit", t->name, (long long)groups);
	return seqp_make_gathered(m, *v, groups, s->whole / groups, s->first, s->rows / groups, v, err);
}

/* Every second row: of a matrix where it lies. */
static int each_second(seq_model *m, const seq_tensor *t, const shape *s, seqp_view *v, seq_error *err)
{
	if (s->whole != 2 * s->rows || s->first > 1)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: not pairs of rows", t->name);
	if (!s->cols)
		return seqp_make_gathered(m, *v, s->rows, 2, s->first, 1, v, err);
	*v = (seqp_view){(const char *)v->data + (size_t)s->first * v->stride, v->dtype, s->rows, v->cols, 2 * v->stride};
	return SEQ_OK;
}

/* Matrix i of one tensor of rank 3. */
static seq_tensor slab(const seq_tensor *t, int64_t i)
{
	seq_tensor s = *t;
	s.rank = 2;
	s.dim[0] = t->dim[1];
	s.dim[1] = t->dim[2];
	s.bytes = t->bytes / (size_t)t->dim[0];
	s.data = (const char *)t->data + (size_t)i * s.bytes;
	return s;
}

/* Columns [first, first + cols) of whole. */
static int columns_view(const seq_tensor *t, const shape *s, seqp_view *v, seq_error *err)
{
	const seq_dtype_row *row = seq_dtype_get(t->dtype);
	int e = check_shape(t, 0, s->rows, s->whole, err);
	if (e < 0 || (e = matrix_type(t, err)) < 0)
		return e;
	if (row->block != 1)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tensor %.100s: columns of %s", t->name, row->name);
	if (s->cols < 1 || s->first > s->whole - s->cols)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: too few columns", t->name);
	*v = (seqp_view){(const char *)t->data + (size_t)s->first * row->bytes, t->dtype, s->rows, s->cols,
		(size_t)s->whole * row->bytes};
	return SEQ_OK;
}

/* [n][cols][whole / n] to all rows, or to those from first on, every step-th, of the [whole][cols] that its matrices are when turned. */
static int turned_view(seq_model *m, const seq_tensor *t, int64_t step, const shape *s, seqp_view *v, seq_error *err)
{
	int64_t n = t->rank == 3 ? t->dim[0] : 1, each = t->rank > 1 ? t->dim[t->rank - 1] : 0;
	if (t->rank < 2 || t->rank > 3 || t->dim[t->rank - 2] != s->cols || n < 1 || each < 1 || each != s->whole / n || s->whole % n)
		return bad_shape(t, s->cols, s->whole, err);
	if (t->rank == 3 && s->rows == s->whole && step == 1)
		return seqp_make_blocks_turned(m, t, v, err);
	if (s->rows > s->whole || s->first >= s->whole || s->first % each + (s->rows - 1) * step >= each)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: too few rows", t->name);
	seq_tensor one = t->rank == 3 ? slab(t, s->first / each) : *t;
	return seqp_make_transposed(m, &one, s->first % each, step, s->rows, v, err);
}

static int shaped_view(seq_model *m, unsigned how, int64_t layer, int64_t groups, const seq_tensor *t, const shape *s,
		       seqp_view *v, seq_error *err)
{
	bool pairs = how & SEQP_HF_PAIRS;
	if (how & SEQP_HF_TRANSPOSE)
		return turned_view(m, t, pairs ? 2 : 1, s, v, err);
	if (how & SEQP_HF_COLUMNS)
		return columns_view(t, s, v, err);
	int e = check_shape(t, how, s->whole, s->cols, err);
	if (e < 0)
		return e;
	if (!(how & SEQP_HF_HEADS) && s->first > s->whole - s->rows * (pairs ? 2 : 1) + pairs)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s: too few rows", t->name);
	if ((e = whole_view(m, t, how, s, v, err)) < 0)
		return e;
	if (how & SEQP_HF_HEADS)
		return gather(m, layer, t, s, v, err);
	if (pairs)
		return each_second(m, t, s, v, err);
	if (how & SEQP_GROUPS)
		return each_group(m, groups, t, s, v, err);
	*v = seqp_view_rows(*v, s->first, s->rows);
	return SEQ_OK;
}

/* Number "what" of the prefix of a part's role. */
static int64_t prefix_number(const seq_model *m, const seqp_part *p, int64_t layer, const char *what)
{
	char key[64];
	snprintf(key, sizeof key, "%.*s.%s", (int)strcspn(p->role, "."), p->role, what);
	return (int64_t)seqp_model_number(m, layer, key, 0);
}

static int take(seq_model *m, const seqp_part *p, int64_t layer, const seq_tensor *t, seqp_view *v, seq_error *err)
{
	shape s;
	int64_t groups = prefix_number(m, p, layer, "groups");
	int e = part_shape(m, p, layer, &s, err);
	if (e < 0 || (e = shaped_view(m, how_here(m, p), layer, groups, t, &s, v, err)) < 0)
		return e;
	if (!s.cols) /* a vector is one row */
		*v = (seqp_view){v->data, v->dtype, 1, v->rows, (size_t)v->rows * sizeof(float)};
	return SEQ_OK;
}

bool seqp_weight_in_layer(const seq_model *m, const seqp_part *p, int64_t layer)
{
	unsigned type = (unsigned)seqp_model_number(m, layer, "type", 0);
	return layer < 0 || !p->types || (p->types >> type & 1);
}

int64_t seqp_weight_stack(const seq_model *m, const seqp_part *p, int64_t layer)
{
	return prefix_number(m, p, layer, "experts");
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
		int e = take(m, p, layer, t, &v[i], err);
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
		seq_tensor s = slab(t, i);
		int e = take(m, p, layer, &s, &v[i], err);
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
	int e = take(m, p, layer, t, &v, err);
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
			*turned = how_here(m, p) & SEQP_HF_TRANSPOSE;
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
			m->weights += (uint64_t)elements(&m->src.tensor[i]);
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
