/* SPDX-License-Identifier: MIT */
#include "export/imatrix.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/endian.h"
#include "base/fail.h"
#include "base/half.h"
#include "base/map.h"
#include "base/size.h"
#include "seq/frame.h"
#include "tensor/gguf.h"

static int bad(seq_error *err, const char *name, const char *what)
{
	return seqp_fail(err, SEQ_E_FORMAT, "importances of %.100s: %s", name, what);
}

/* A new entry of n = slabs * cols numbers, zero. */
static int add(seqp_imatrix *x, const char *name, size_t len, size_t cols, size_t slabs, seqp_importance **out, seq_error *err)
{
	size_t n;
	if (!cols || !slabs || !seqp_mul(cols, slabs, &n))
		return bad(err, name, "no numbers");
	seqp_importance e = {seqp_arena_strdup(&x->arena, name, len), seqp_arena_alloc(&x->arena, n, sizeof(float)), cols, slabs};
	if (!e.name || !e.mean || !seqp_grow(&x->list, &x->cap, x->n + 1, sizeof *x->list))
		return seqp_nomem(err, n * sizeof(float));
	x->list[x->n] = e;
	*out = &x->list[x->n++];
	return SEQ_OK;
}

static int check(const seqp_importance *e, seq_error *err)
{
	for (size_t i = 0; i < e->cols * e->slabs; i++)
		if (!isfinite(e->mean[i]) || e->mean[i] < 0)
			return bad(err, e->name, "a number that is no mean of squares");
	return SEQ_OK;
}

/* --- our own stream ------------------------------------------------------------------------- */

static int take_frame(seqp_imatrix *x, const seq_frame *f, seq_error *err)
{
	seqp_importance *e;
	if (f->kind != SEQ_TENSOR || f->dtype != SEQ_F32 || f->rank != 1 || !f->name[0])
		return SEQ_OK;
	int rc = add(x, f->name, strlen(f->name), f->dim[0], 1, &e, err);
	if (rc < 0)
		return rc;
	memcpy(e->mean, f->payload, e->cols * sizeof(float));
	return check(e, err);
}

static int read_stream(seqp_imatrix *x, const char *path, seq_error *err)
{
	seq_reader *r;
	seq_frame f;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return seqp_fail(err, SEQ_E_IO, "%s: %s", path, strerror(errno));
	int rc = seq_reader_open(&r, fd, 1, path, err);
	if (rc < 0)
		return rc;
	while ((rc = seq_reader_next(r, &f, err)) > 0 && (rc = take_frame(x, &f, err)) >= 0)
		;
	seq_reader_close(r);
	return rc;
}

/* --- GGUF: NAME.in_sum2 [slabs][cols] and NAME.counts [slabs] --------------------------------- */

static float f32_at(const seq_tensor *t, size_t i)
{
	return seqp_bits_f32(seqp_get32((const unsigned char *)t->data + 4 * i));
}

static int take_sums(seqp_imatrix *x, const seqp_gguf *g, const seq_tensor *t, seq_error *err)
{
	static const char sums[] = ".in_sum2", counts[] = ".counts";
	size_t len = strlen(t->name), n = sizeof sums - 1;
	if (len <= n || strcmp(t->name + len - n, sums))
		return SEQ_OK;
	char name[512];
	seqp_importance *e;
	if (len - n + sizeof counts > sizeof name)
		return bad(err, t->name, "a long name");
	memcpy(name, t->name, len - n);
	memcpy(name + len - n, counts, sizeof counts);
	const seq_tensor *c = seqp_gguf_tensor_find(g, name);
	size_t cols = t->rank ? (size_t)t->dim[t->rank - 1] : 0, slabs = cols ? t->bytes / 4 / cols : 0;
	if (!c || t->dtype != SEQ_F32 || c->dtype != SEQ_F32 || c->bytes / 4 != slabs)
		return bad(err, t->name, "no counts of its shape");
	int rc = add(x, t->name, len - n, cols, slabs, &e, err);
	for (size_t i = 0; rc >= 0 && i < cols * slabs; i++) {
		float k = f32_at(c, i / cols); /* an expert that was never asked: all alike */
		e->mean[i] = k > 0 ? f32_at(t, i) / k : 1;
	}
	return rc < 0 ? rc : check(e, err);
}

static int read_gguf(seqp_imatrix *x, const seqp_map *m, seq_error *err)
{
	seqp_gguf *g;
	int rc = seqp_gguf_open(&g, m->data, m->size, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < seqp_gguf_tensors(g) && rc >= 0; i++)
		rc = take_sums(x, g, seqp_gguf_tensor(g, i), err);
	seqp_gguf_free(g);
	return rc;
}

/* --- both --------------------------------------------------------------------------------------- */

static int make_index(seqp_imatrix *x, const char *path, seq_error *err)
{
	if (!x->n)
		return seqp_fail(err, SEQ_E_FORMAT, "%s: no importances in this file", path);
	seqp_name *list = seqp_arena_alloc(&x->arena, x->n, sizeof *list);
	if (!list)
		return seqp_nomem(err, x->n * sizeof *list);
	for (size_t i = 0; i < x->n; i++)
		list[i] = (seqp_name){x->list[i].name, i};
	const char *twice = seqp_index_sort(&x->index, list, x->n);
	return twice ? seqp_fail(err, SEQ_E_FORMAT, "%s: importances of %.100s twice", path, twice) : SEQ_OK;
}

int seqp_imatrix_open(seqp_imatrix *x, const char *path, seq_error *err)
{
	seqp_map m;
	*x = (seqp_imatrix){0};
	int rc = seqp_map_open(&m, path, err);
	if (rc < 0)
		return rc;
	bool gguf = m.size >= 4 && !memcmp(m.data, "GGUF", 4);
	rc = gguf ? read_gguf(x, &m, err) : read_stream(x, path, err);
	seqp_map_close(&m);
	if (rc >= 0)
		rc = make_index(x, path, err);
	else if (gguf)
		rc = seqp_fail_at(err, rc, "%s", path);
	if (rc < 0)
		seqp_imatrix_close(x);
	return rc;
}

const seqp_importance *seqp_imatrix_find(const seqp_imatrix *x, const char *name, int64_t cols, int64_t rows)
{
	ptrdiff_t i = seqp_index_find(&x->index, name);
	const seqp_importance *e = i < 0 ? NULL : &x->list[i];
	return e && e->cols == (size_t)cols && (size_t)rows % e->slabs == 0 ? e : NULL;
}

void seqp_imatrix_close(seqp_imatrix *x)
{
	free(x->list);
	seqp_arena_free(&x->arena);
	*x = (seqp_imatrix){0};
}
