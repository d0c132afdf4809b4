/* SPDX-License-Identifier: MIT */
/* Hugging Face in: the model is opened as ever, and the tables of its architecture's GGUF side are read backwards. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "export/plan.h"
#include "export/tokenizer_keys.h"
#include "model/arch/arch.h"

enum { NAME = 128 };

/* Architectures that GGUF knows under another's name, with the other's tables. */
static const char *const aliases[][2] = {{"mistral", "llama"}, {"mixtral", "llama"}, {"falcon_mamba", "mamba"}};

static const seqp_arch *target_of(const seq_model *m)
{
	const char *name = m->arch->gguf[0];
	for (size_t i = 0; !name && i < sizeof aliases / sizeof aliases[0]; i++)
		if (strcmp(aliases[i][0], m->arch->name) == 0)
			name = aliases[i][1];
	return name ? seqp_arch_find(SEQP_FROM_GGUF, name) : NULL;
}

typedef struct target {
	seqp_plan_file *p;
	const seq_model *m;
	const seqp_arch *arch;
	const char *name; /* in GGUF */
	bool interleave;  /* rotary pairs: halves there, neighbours in GGUF */
} target;

/* --- numbers --------------------------------------------------------------------------------------- */

static const seqp_number *row_of_key(const seqp_arch *a, const char *key)
{
	for (const seqp_number *const *list = a->numbers; *list; list++)
		for (const seqp_number *row = *list; row->key; row++)
			if (strcmp(row->key, key) == 0)
				return row;
	return NULL;
}

/* "%.x|..." is "ARCH.x". */
static bool full_key(const target *t, const char *names, char out[NAME])
{
	int n = (int)strcspn(names, "|");
	return *names != '%' ? snprintf(out, NAME, "%.*s", n, names) < NAME
			     : snprintf(out, NAME, "%s%.*s", t->name, n - 1, names + 1) < NAME;
}

static bool differs(const seq_model *m, const char *key)
{
	for (int64_t i = 1; i < m->layers; i++)
		if (seqp_model_number(m, i, key, NAN) != seqp_model_number(m, 0, key, NAN))
			return true;
	return false;
}

static void put_each(target *t, const char *name, const seqp_number *row)
{
	bool whole = row->how & SEQP_INT;
	seqp_gguf_put_array(&t->p->head, name, whole ? SEQP_GGUF_I32 : SEQP_GGUF_F32, (uint64_t)t->m->layers);
	for (int64_t i = 0; i < t->m->layers; i++) {
		double x = seqp_model_number(t->m, i, row->key, 0);
		if (whole)
			seqp_gguf_add_int(&t->p->head, SEQP_GGUF_I32, (int64_t)x);
		else
			seqp_gguf_add_float(&t->p->head, x);
	}
}

/* Ways to stretch the rope that GGUF has a word for: none, linear, yarn, longrope.  llama 3's goes as divisors. */
static bool is_scaled(const seq_model *m)
{
	int s = (int)seqp_model_number(m, -1, "rope.scaling", 0);
	return s == 1 || s == 3 || s == 5;
}

static void put_scaling(target *t, const char *name, double x)
{
	const char *word = x == 1 ? "linear" : x == 3 ? "yarn" : "longrope";
	seqp_gguf_put_str(&t->p->head, name, word, strlen(word));
}

/* longrope by formula (0) in a configuration; GGUF has the factor itself. */
static double attn_factor(const seq_model *m, double x)
{
	double scale = seqp_model_number(m, -1, "rope.factor", 1), orig = seqp_model_number(m, -1, "rope.orig", 1);
	if (x != 0 || seqp_model_number(m, -1, "rope.scaling", 0) != 5)
		return x;
	return scale > 1 ? sqrt(1 + log(scale) / log(orig)) : 1;
}

static void put_number(target *t, const seqp_number *row)
{
	char name[NAME];
	double all = seqp_model_number(t->m, -1, row->key, NAN), x = isnan(all) ? seqp_model_number(t->m, 0, row->key, NAN) : all;
	if (!row->gguf || *row->gguf == '=' || row_of_key(t->arch, row->key) != row || !full_key(t, row->gguf, name))
		return;
	if (!isfinite(x) || (strstr(row->gguf, ".rope.scaling.") && !is_scaled(t->m)))
		return;
	if (strcmp(row->key, "rope.scaling") == 0)
		put_scaling(t, name, x);
	else if (strcmp(row->key, "rope.attn_factor") == 0)
		seqp_gguf_put_float(&t->p->head, name, attn_factor(t->m, x));
	else if (isnan(all) && differs(t->m, row->key))
		put_each(t, name, row);
	else if (strcmp(row->key, "ssm.bcdt_norm") == 0 || strcmp(row->key, "parallel") == 0)
		seqp_gguf_put_int(&t->p->head, name, SEQP_GGUF_BOOL, x != 0);
	else if (row->how & SEQP_INT)
		seqp_gguf_put_int(&t->p->head, name, SEQP_GGUF_U32, (int64_t)(x < 4294967295.0 ? x : 4294967295.0));
	else
		seqp_gguf_put_float(&t->p->head, name, x);
}

/* Two keys of the architecture may share a name in GGUF; it is written once. */
static bool named_before(const target *t, const seqp_number *row)
{
	for (const seqp_number *const *list = t->arch->numbers; *list; list++)
		for (const seqp_number *r = *list; r->key; r++) {
			if (r == row)
				return false;
			if (r->gguf && row->gguf && row_of_key(t->arch, r->key) == r &&
			    strcspn(r->gguf, "|") == strcspn(row->gguf, "|") &&
			    strncmp(r->gguf, row->gguf, strcspn(row->gguf, "|")) == 0 &&
			    !isnan(seqp_model_number(t->m, t->m->layers ? 0 : -1, r->key, NAN)))
				return true;
		}
	return false;
}

/* What other readers insist on and our tables do not hold. */
static void put_extras(target *t)
{
	static const char *const keys[] = {"feed_forward_length", "attention.head_count", "context_length"};
	static const int64_t values[] = {0, 0, 1048576};
	char name[NAME];
	for (size_t i = 0; i < 3 && !row_of_key(t->arch, "attn.heads"); i++) {
		snprintf(name, sizeof name, "%s.%s", t->name, keys[i]);
		seqp_gguf_put_int(&t->p->head, name, SEQP_GGUF_U32, values[i]);
	}
	snprintf(name, sizeof name, "%s.vocab_size", t->name);
	seqp_gguf_put_int(&t->p->head, name, SEQP_GGUF_U32, t->m->vocab);
}

static void put_keys(target *t)
{
	seqp_gguf_put_str(&t->p->head, "general.architecture", t->name, strlen(t->name));
	seqp_gguf_put_str(&t->p->head, "general.type", "model", 5);
	if (*t->m->name)
		seqp_gguf_put_str(&t->p->head, "general.name", t->m->name, strlen(t->m->name));
	for (const seqp_number *const *list = t->arch->numbers; *list; list++)
		for (const seqp_number *row = *list; row->key; row++)
			if (!named_before(t, row))
				put_number(t, row);
	put_extras(t);
}

/* --- weights ------------------------------------------------------------------------------------------ */

static seqp_out *find(seqp_plan_file *p, const char *name)
{
	for (size_t i = p->n; i > 0; i--) /* slices follow each other */
		if (strcmp(p->out[i - 1].name, name) == 0)
			return &p->out[i - 1];
	return NULL;
}

static bool turns(const target *t, const char *role, int64_t layer, int64_t *heads, int64_t *rope)
{
	bool q = strncmp(role, "attn.q", 6) == 0 && (!role[6] || strcmp(role + 6, ".b") == 0);
	bool k = strncmp(role, "attn.k", 6) == 0 && (!role[6] || strcmp(role + 6, ".b") == 0);
	*heads = (int64_t)seqp_model_number(t->m, layer, q ? "attn.heads" : "attn.kv_heads", 1);
	*rope = (int64_t)seqp_model_number(t->m, layer, "rope.dim", 0);
	return t->interleave && (q || k);
}

/* A vector, or an interleaved bias, appended to what the tensor holds so far; memory is the plan's. */
static int add_vector(target *t, seqp_out *o, const seqp_part *part, int64_t layer, const seqp_view *v, seq_error *err)
{
	int64_t heads, rope, n = o->cols + v->cols;
	const float *old = o->pieces ? o->piece[0].v.data : NULL, *x = v->data;
	float *y = seqp_arena_alloc(&t->p->arena, (size_t)n, sizeof *y);
	if (!y)
		return seqp_nomem(err, (size_t)n * sizeof *y);
	if (old)
		memcpy(y, old, (size_t)o->cols * sizeof *y);
	bool turn = turns(t, part->role, layer, &heads, &rope);
	for (int64_t i = 0, d = turn ? v->cols / heads : 1; i < v->cols; i++) {
		int64_t k = i % d;
		y[o->cols + i] = x[turn && k < rope ? i - k + k / 2 + (k & 1 ? rope / 2 : 0) : i];
	}
	o->rank = 1;
	o->rows = 1;
	o->cols = o->dim[0] = n;
	o->from = SEQ_F32;
	o->piece[0] = (seqp_piece){.v = {y, SEQ_F32, 1, n, (size_t)n * sizeof *y}};
	o->pieces = 1;
	return SEQ_OK;
}

static int add_rows(target *t, seqp_out *o, const seqp_part *part, int64_t layer, const seqp_view *v, seq_error *err)
{
	seqp_piece piece = {.v = *v};
	if (!turns(t, part->role, layer, &piece.heads, &piece.rope))
		piece.heads = 0;
	if (o->pieces == SEQP_PIECES || (o->pieces && (o->from != v->dtype || o->cols != v->cols)))
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tensor %s: its parts are of several types", o->name);
	o->piece[o->pieces++] = piece;
	o->from = v->dtype;
	o->rank = 2;
	o->rows += v->rows;
	o->dim[0] = o->rows;
	o->dim[1] = o->cols = v->cols;
	return SEQ_OK;
}

/* A matrix for each expert, one tensor for all. */
static int add_stack(const target *t, seqp_out *o, const seqp_part *part, int64_t layer, const seqp_view *v, seq_error *err)
{
	int64_t n = seqp_weight_stack(t->m, part, layer);
	for (int64_t i = 0; i < n; i++)
		if (v[i].dtype != v->dtype || v[i].rows != v->rows || v[i].cols != v->cols)
			return seqp_fail(err, SEQ_E_UNSUPPORTED, "tensor %s: its parts are of several types", o->name);
	o->piece[0] = (seqp_piece){.v = *v, .each = v};
	o->pieces = 1;
	o->from = v->dtype;
	o->rank = 3;
	o->dim[0] = n;
	o->dim[1] = v->rows;
	o->dim[2] = o->cols = v->cols;
	o->rows = o->piece[0].v.rows = n * v->rows;
	return SEQ_OK;
}

/* Of several names that the weights of experts may have, the first is written. */
static bool named_by_another(const target *t, const seqp_part *p, int64_t layer)
{
	for (const seqp_part *const *list = t->arch->parts; *list; list++)
		for (const seqp_part *q = *list; q->role; q++) {
			if (q == p)
				return false;
			if ((q->how & SEQP_STACK) && q->gguf && strcmp(q->role, p->role) == 0 && seqp_weight_in_layer(t->m, q, layer))
				return true;
		}
	return false;
}

/* Where a slice begins must be where the ones before it end. */
static int check_first(const target *t, const seqp_out *o, const seqp_part *p, int64_t layer, seq_error *err)
{
	int64_t first = 0, have = p->cols ? o->rows : o->cols;
	int e = p->first ? seqp_expr(t->m, layer, p->first, &first, err) : SEQ_OK;
	if (e >= 0 && first != have)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tensor %s: its parts are in another order", o->name);
	return e;
}

static int put_part(target *t, const seqp_part *p, int64_t layer, seq_error *err)
{
	char name[NAME];
	const seqp_view *v = seqp_weight_own(t->m, layer, p->role);
	if (!v || !p->gguf || seqp_weight_tied(t->m, p->role) || !seqp_weight_in_layer(t->m, p, layer) ||
	    !seqp_weight_format("", p->gguf, layer, name, sizeof name))
		return SEQ_OK;
	if (named_by_another(t, p, layer))
		return SEQ_OK;
	seqp_out *o = find(t->p, name);
	if (o && !p->whole) /* the role has several rows; the first served */
		return SEQ_OK;
	if (!o && !(o = seqp_plan_add(t->p, name, err)))
		return SEQ_E_NOMEM;
	int e = check_first(t, o, p, layer, err);
	if (e < 0)
		return e;
	if (p->how & SEQP_STACK)
		return add_stack(t, o, p, layer, v, err);
	return p->cols ? add_rows(t, o, p, layer, v, err) : add_vector(t, o, p, layer, v, err);
}

static int put_weights(target *t, seq_error *err)
{
	for (const seqp_part *const *list = t->arch->parts; *list; list++)
		for (const seqp_part *p = *list; p->role; p++) {
			bool each = p->gguf && strchr(p->gguf, '%');
			for (int64_t layer = each ? 0 : -1; layer < (each ? t->m->layers : 0); layer++) {
				int e = put_part(t, p, layer, err);
				if (e < 0)
					return e;
			}
		}
	return SEQ_OK;
}

/* --- what has another form in GGUF ----------------------------------------------------------------------- */

/* llama 3 stretches its frequencies by a rule; GGUF has the divisors themselves. */
static int put_divisors(target *t, seq_error *err)
{
	const seq_model *m = t->m;
	if (seqp_model_number(m, -1, "rope.scaling", 0) != 4)
		return SEQ_OK;
	int64_t r = (int64_t)seqp_model_number(m, -1, "rope.dim", 0);
	double theta = seqp_model_number(m, -1, "rope.theta", 1e4), scale = seqp_model_number(m, -1, "rope.factor", 1);
	double low = seqp_model_number(m, -1, "rope.low", 1), high = seqp_model_number(m, -1, "rope.high", 4);
	double orig = seqp_model_number(m, -1, "rope.orig", 1);
	float *x = seqp_arena_alloc(&t->p->arena, (size_t)r / 2, sizeof *x);
	seqp_out *o = seqp_plan_add(t->p, "rope_freqs.weight", err);
	if (!x || !o)
		return seqp_nomem(err, (size_t)r * 2);
	for (int64_t i = 0; i < r / 2; i++) {
		double wave = 2 * M_PI * pow(theta, 2.0 * (double)i / (double)r), s = (orig / wave - low) / (high - low);
		x[i] = (float)(wave > orig / low ? scale : wave < orig / high ? 1 : 1 / ((1 - s) / scale + s));
	}
	o->rank = 1;
	o->rows = 1;
	o->cols = o->dim[0] = r / 2;
	o->from = SEQ_F32;
	o->piece[o->pieces++] = (seqp_piece){.v = {x, SEQ_F32, 1, r / 2, (size_t)r / 2 * sizeof *x}};
	return SEQ_OK;
}

/* Shapes that other readers expect: mamba2 has A and D as columns, its norm by groups. */
static void reshape(target *t)
{
	int64_t groups = (int64_t)seqp_model_number(t->m, -1, "ssm.groups", 1);
	for (size_t i = 0; i < t->p->n && seqp_number_has(t->m, -1, "ssm.groups"); i++) {
		seqp_out *o = &t->p->out[i];
		const char *dot = strncmp(o->name, "blk.", 4) == 0 ? strchr(o->name + 4, '.') : NULL;
		if (!dot || o->rank != 1)
			continue;
		bool column = strcmp(dot, ".ssm_a") == 0 || strcmp(dot, ".ssm_d") == 0, grouped = strcmp(dot, ".ssm_norm.weight") == 0;
		if (!column && !grouped)
			continue;
		o->rank = 2;
		o->rows = o->dim[0] = column ? o->cols : groups;
		o->cols = o->dim[1] = column ? 1 : o->dim[0] ? o->piece[0].v.cols / groups : 0;
		o->piece[0].v.rows = o->rows;
		o->piece[0].v.cols = o->cols;
		o->piece[0].v.stride = (size_t)o->cols * sizeof(float);
	}
}

/* The folder: the path itself, or where the file lies. */
static int put_tokenizer(seqp_plan_file *p, seq_error *err)
{
	const char *path = p->model->path, *slash = strrchr(path, '/');
	size_t n = strlen(path), tail = strlen(".safetensors");
	bool file = n > tail && strcmp(path + n - tail, ".safetensors") == 0;
	char *folder = !file ? strdup(path) : slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!folder)
		return seqp_nomem(err, n);
	int e = seqp_tokenizer_keys(&p->head, folder, err);
	free(folder);
	return e;
}

int seqp_plan_hf(seqp_plan_file *p, seq_error *err)
{
	target t = {.p = p, .m = p->model, .arch = target_of(p->model)};
	if (!t.arch)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "GGUF has no form of the architecture %s that is known here", p->model->arch->name);
	t.name = t.arch->gguf[0];
	const seqp_number *rope = row_of_key(t.arch, "attn.rope");
	t.interleave = rope && rope->gguf && rope->hf && strcmp(rope->gguf, "=2") == 0 && strcmp(rope->hf, "=1") == 0;
	put_keys(&t);
	int e = put_weights(&t, err);
	if (e < 0 || (e = put_divisors(&t, err)) < 0)
		return e;
	reshape(&t);
	p->bytes_in = p->model->bytes;
	for (size_t i = 0; i < p->n; i++)
		p->out[i].to = p->out[i].from;
	return put_tokenizer(p, err);
}
