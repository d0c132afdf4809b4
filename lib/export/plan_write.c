/* SPDX-License-Identifier: MIT */
/* Rows through the kernels, a few megabytes at a time, into the file in order.  Threads share the rows. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/size.h"
#include "base/team.h"
#include "export/plan.h"
#include "kernel/cpu.h"
#include "kernel/matmul.h"
#include "kernel/quantize.h"

enum { CHUNK = 4 << 20 }; /* bytes of output at once */

typedef struct job {
	const seqp_out *t;
	const float *weight; /* [slabs][cols] or NULL */
	int64_t slab;        /* rows of a slab */
	int64_t first, n;    /* rows now */
	unsigned char *out;
	float *row;          /* [lanes][cols] */
	int64_t *bad;        /* [lanes]: first row that cannot be written, or -1 */
} job;

/* --- rows -------------------------------------------------------------------------------------------- */

/* Where row r of a piece lies: see seqp_piece. */
static int64_t place_of(const seqp_piece *p, int64_t r)
{
	if (!p->heads)
		return r;
	int64_t d = p->v.rows / p->heads, i = r % d;
	return i < p->rope ? r - i + i / 2 + (i & 1 ? p->rope / 2 : 0) : r;
}

static const void *row_of(const seqp_out *t, int64_t r)
{
	const seqp_piece *p = t->piece;
	while (r >= p->v.rows)
		r -= p++->v.rows;
	if (p->each) {
		const seqp_view *v = &p->each[r / p->each->rows];
		return (const char *)v->data + (size_t)(r % v->rows) * v->stride;
	}
	return (const char *)p->v.data + (size_t)place_of(p, r) * p->v.stride;
}

static bool can_hold(int dtype, const float *x, size_t n)
{
	float most = dtype == SEQ_F32 || dtype == SEQ_BF16 ? INFINITY : SEQK_QUANTIZE_MAX;
	bool ok = true;
	for (size_t i = 0; i < n; i++)
		ok &= isfinite(x[i]) && fabsf(x[i]) <= most;
	return ok;
}

static bool write_row(const job *j, int64_t r, float *row)
{
	const seqp_out *t = j->t;
	size_t cols = (size_t)t->cols;
	unsigned char *out = j->out + (size_t)(r - j->first) * t->row_bytes;
	if (t->from == t->to) {
		memcpy(out, row_of(t, r), t->row_bytes);
		return true;
	}
	seqk_dequant(t->from, row_of(t, r), row, cols);
	if (!can_hold(t->to, row, cols))
		return false;
	seqk_quantize(t->to, row, j->weight ? j->weight + (size_t)(r / j->slab) * cols : NULL, out, cols);
	return true;
}

static void work(void *arg, const seqp_lane *lane)
{
	job *j = arg;
	size_t r0, r1;
	seqp_lane_split(lane, (size_t)j->n, 1, &r0, &r1);
	j->bad[lane->tid] = -1;
	for (size_t r = r0; r < r1; r++)
		if (!write_row(j, j->first + (int64_t)r, j->row + (size_t)lane->tid * (size_t)j->t->cols)) {
			j->bad[lane->tid] = j->first + (int64_t)r;
			return;
		}
}

/* --- importances ------------------------------------------------------------------------------------- */

/* Scaled to a mean of one for each slab.  A column that never saw an input still counts a little: the next text may. */
static float *weights_of(const seqp_importance *e)
{
	float *w = seqp_alloc(e->cols * e->slabs, sizeof *w);
	for (size_t s = 0; w && s < e->slabs; s++) {
		const float *m = e->mean + s * e->cols;
		double sum = 0;
		for (size_t i = 0; i < e->cols; i++)
			sum += (double)m[i];
		for (size_t i = 0; i < e->cols; i++)
			w[s * e->cols + i] = (float)(sum > 0 ? (double)m[i] * (double)e->cols / sum + 1e-3 : 1);
	}
	return w;
}

/* --- the file ------------------------------------------------------------------------------------------ */

static int write_all(int fd, const void *p, size_t n, seq_error *err)
{
	const char *at = p;
	while (n) {
		ssize_t w = write(fd, at, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return seqp_fail(err, SEQ_E_IO, "write: %s", w < 0 ? strerror(errno) : "nothing was written");
		at += w;
		n -= (size_t)w;
	}
	return SEQ_OK;
}

static int pad(int fd, uint64_t n, seq_error *err)
{
	static const char zeros[SEQP_GGUF_ALIGN];
	return write_all(fd, zeros, (size_t)(-n % SEQP_GGUF_ALIGN), err);
}

static void forget_view(const seqp_view *v)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t a = (uintptr_t)v->data, b = a + (size_t)v->rows * v->stride;
	a = seqp_round_up(a, page);
	b &= ~(uintptr_t)(page - 1);
	if (a < b)
		madvise((void *)a, b - a, MADV_COLD);
}

/* Pages that were read are given back: a large model does not push out all else. */
static void forget(const seqp_out *t)
{
	for (int i = 0; i < t->pieces; i++) {
		const seqp_piece *p = &t->piece[i];
		for (int64_t k = 0; p->each && k < p->v.rows / p->each->rows; k++)
			forget_view(&p->each[k]);
		if (!p->each)
			forget_view(&p->v);
	}
}

typedef struct output {
	const seq_quantize_opts *o;
	seqp_team *team;
	int fd;
	uint64_t done, total;
} output;

static int bad_row(const job *j, int lanes, seq_error *err)
{
	for (int i = 0; i < lanes; i++)
		if (j->bad[i] >= 0)
			return seqp_fail(err, SEQ_E_FORMAT, "tensor %.100s, row %lld: a number that is not finite or too large for %s",
					 j->t->name, (long long)j->bad[i], seq_dtype_get(j->t->to)->name);
	return SEQ_OK;
}

static int write_rows(output *w, job *j, int64_t chunk, seq_error *err)
{
	for (j->first = 0; j->t->row_bytes && j->first < j->t->rows; j->first += j->n) {
		int64_t left = j->t->rows - j->first;
		j->n = left < chunk ? left : chunk;
		seqp_team_run(w->team, work, j);
		int e = bad_row(j, seqp_team_size(w->team), err);
		size_t bytes = (size_t)j->n * j->t->row_bytes;
		if (e < 0 || (e = write_all(w->fd, j->out, bytes, err)) < 0)
			return e;
		w->done += bytes;
		if (w->o->progress)
			w->o->progress(w->o->arg, w->done, w->total);
	}
	return pad(w->fd, (uint64_t)j->t->rows * j->t->row_bytes, err);
}

static int write_tensor(output *w, const seqp_out *t, seq_error *err)
{
	int lanes = seqp_team_size(w->team), e;
	int64_t chunk = t->row_bytes ? CHUNK / (int64_t)t->row_bytes : 1;
	chunk = chunk < lanes ? lanes : chunk > t->rows ? t->rows : chunk;
	job j = {.t = t, .slab = t->weight ? t->rows / (int64_t)t->weight->slabs : 0};
	j.out = seqp_alloc((size_t)chunk, t->row_bytes);
	j.row = seqp_alloc((size_t)lanes, (size_t)t->cols * sizeof(float));
	j.bad = seqp_alloc((size_t)lanes, sizeof *j.bad);
	float *weight = t->weight ? weights_of(t->weight) : NULL;
	j.weight = weight;
	if (!j.out || !j.row || !j.bad || (t->weight && !weight))
		e = seqp_nomem(err, (size_t)chunk * t->row_bytes);
	else
		e = write_rows(w, &j, chunk, err);
	free(j.out);
	free(j.row);
	free(j.bad);
	free(weight);
	forget(t);
	return e;
}

static void count(seq_quantize_sum *s, const output *w, const seqp_out *t)
{
	seq_quantize_row r = {t->name, t->from, t->to, (uint64_t)t->rows * (uint64_t)t->cols, (uint64_t)t->rows * t->row_bytes,
		t->weight != NULL};
	s->tensors++;
	s->elements += r.elements;
	s->bytes_out += r.bytes;
	s->weighted += t->weight != NULL;
	if (w->o->each)
		w->o->each(w->o->arg, &r);
}

int seqp_plan_write(seqp_plan_file *p, const seqp_bytes *head, const seq_quantize_opts *o, int fd, seq_quantize_sum *sum,
                    seq_error *err)
{
	output w = {.o = o, .team = seqp_team_new(o->threads), .fd = fd};
	*sum = (seq_quantize_sum){.bytes_in = p->bytes_in};
	for (size_t i = 0; i < p->n; i++)
		w.total += (uint64_t)p->out[i].rows * p->out[i].row_bytes;
	int e = w.team ? write_all(fd, head->p, head->n, err) : seqp_nomem(err, 4096);
	for (size_t i = 0; i < p->n && e >= 0; i++) {
		e = write_tensor(&w, &p->out[i], err);
		if (e >= 0)
			count(sum, &w, &p->out[i]);
	}
	if (w.team)
		seqp_team_free(w.team);
	return e;
}
