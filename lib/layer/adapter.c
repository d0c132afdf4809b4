/* SPDX-License-Identifier: MIT */
#include "layer/adapter.h"

#include <stdio.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/linear.h"

enum { ROWS = 16, COLS = 64 };

/* One of the two matrices, or NULL. */
static int open_half(const seqp_bind *b, const char *name, const char *half, const seqp_view **v, seq_error *err)
{
	char n[96];
	snprintf(n, sizeof n, "%s%s%s", name, name[0] ? "." : "", half);
	*v = seqp_bind_weight(b, n);
	if (!*v || seqk_matmul_can((*v)->dtype, (size_t)(*v)->cols))
		return 0;
	return seqp_bind_fail(b, n, err, "a type that cannot be multiplied here");
}

int seqp_adapter_open(const seqp_bind *b, const char *name, int64_t out, int64_t in, seqp_adapter **adapter, seq_error *err)
{
	const seqp_view *down, *up;
	int rc;
	*adapter = NULL;
	if ((rc = open_half(b, name, "lora_a", &down, err)) < 0 || (rc = open_half(b, name, "lora_b", &up, err)) < 0)
		return rc;
	if (!down && !up)
		return 0;
	if (!down || !up || down->cols != in || up->rows != out || down->rows != up->cols || up->cols < 1 ||
	    up->cols > SEQP_ADAPTER_RANK)
		return seqp_bind_fail(b, name, err, "its adapter, lora_a and lora_b, does not fit");
	seqp_adapter *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	if (!m)
		return seqp_nomem(err, sizeof *m);
	*m = (seqp_adapter){*down, *up, (size_t)up->cols};
	seqp_raise(&b->needs->own, seqp_linear_own_bytes(m->r));
	*adapter = m;
	return 0;
}

/* The second half for rows t [n][r], few enough. */
static void add_up(const seqp_adapter *m, const seqk_act *t, float *y, size_t ldy, size_t r0, size_t r1, void *scratch)
{
	float u[ROWS * COLS];
	for (size_t c = r0; c < r1; c += COLS) {
		size_t n = r1 - c < COLS ? r1 - c : COLS;
		seqk_matmul(m->b.dtype, (const char *)m->b.data + c * m->b.stride, m->b.stride, t, u, COLS, 0, n, scratch);
		for (size_t j = 0; j < t->n; j++)
			seqk_add(y + j * ldy + c, y + j * ldy + c, u + j * COLS, n);
	}
}

void seqp_adapter_add(const seqp_adapter *m, const seqk_act *x, float *y, size_t ldy, size_t r0, size_t r1, void *scratch)
{
	float t[ROWS * SEQP_ADAPTER_RANK];
	for (size_t j = 0; j < x->n; j += ROWS) {
		seqk_act in = {.x = x->x + j * x->ldx, .ldx = x->ldx, .n = x->n - j < ROWS ? x->n - j : ROWS, .k = x->k};
		seqk_act mid = {.x = t, .ldx = m->r, .n = in.n, .k = m->r};
		seqk_matmul(m->a.dtype, m->a.data, m->a.stride, &in, t, m->r, 0, m->r, scratch);
		add_up(m, &mid, y + j * ldy, ldy, r0, r1, scratch);
	}
}
