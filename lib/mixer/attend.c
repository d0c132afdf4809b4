/* SPDX-License-Identifier: MIT */
#include "mixer/attend.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "kernel/vec.h"

enum {
	B = SEQK_ATTN_BLOCK,
	QUERIES = 64,   /* of an item, unless a group is larger */
	ITEMS = 8,      /* a lane: more items than this are not shared */
	PARTS = 256     /* block results of a round */
};

struct item {
	size_t seq, row, rows, head; /* first row and rows of the tile; key/value head */
	int64_t b0, b1;              /* key blocks [b0, b1) */
};

/* A lane's own scratch. */
struct desk {
	seqk_attn_query *query;
	seqk_attn_acc *acc;
	float *o;
	void *scratch;
};

static size_t desk_bytes(const seqp_attend *a)
{
	size_t at = 0;
	seqp_place(&at, a->nq, sizeof(seqk_attn_query));
	seqp_place(&at, a->nq, sizeof(seqk_attn_acc));
	seqp_place(&at, a->nq * a->dv, 4);
	seqp_place(&at, seqk_attn_scratch(a->nq, a->d, a->dv), 1);
	return at;
}

static struct desk set_desk(const seqp_attend *a, char *own)
{
	size_t at = 0;
	struct desk k;
	k.query = (void *)(own + seqp_place(&at, a->nq, sizeof(seqk_attn_query)));
	k.acc = (void *)(own + seqp_place(&at, a->nq, sizeof(seqk_attn_acc)));
	k.o = (void *)(own + seqp_place(&at, a->nq * a->dv, 4));
	k.scratch = own + at;
	return k;
}

/* A result in scratch: m, l, then o. */
static size_t result_floats(const seqp_attend *a)
{
	return seqp_round_up(a->dv + 2, 16);
}

void seqp_attend_open(seqp_attend *a, const seqp_bind *b, size_t *at)
{
	a->group = a->heads / a->kv_heads;
	a->tile = a->group < QUERIES ? QUERIES / a->group : 1;
	a->nq = a->tile * a->group;
	if (b->lanes > 1) {
		a->part = seqp_place(at, PARTS * a->nq * result_floats(a), 4);
		a->total = seqp_place(at, (size_t)b->lanes * ITEMS * a->nq * result_floats(a), 4);
	}
	seqp_raise(&b->needs->own, desk_bytes(a));
}

/* The next item, in order of sequence, tile, head; it starts zeroed with rows 0. */
static int next_item(const seqp_attend *a, const seqp_batch *batch, struct item *i)
{
	if (i->rows && ++i->head < a->kv_heads)
		return 1;
	i->head = 0;
	i->row += i->rows;
	while (i->seq < batch->nseq && i->row == batch->first[i->seq + 1])
		i->seq++;
	if (i->seq == batch->nseq)
		return 0;
	size_t left = batch->first[i->seq + 1] - i->row;
	int64_t p0 = batch->row_pos[i->row];
	i->rows = left < a->tile ? left : a->tile;
	i->b0 = a->window && p0 - a->window + 1 > 0 ? (p0 - a->window + 1) / B : 0;
	i->b1 = (p0 + (int64_t)i->rows - 1) / B + 1;
	return 1;
}

/* The queries of an item that see anything of block b; their results go to acc. */
static size_t list_queries(const seqp_attend *a, const seqp_batch *batch, const struct item *i, int64_t b, const float *q,
                           seqk_attn_query *query, seqk_attn_acc *acc)
{
	size_t n = 0;
	for (size_t r = 0; r < i->rows; r++) {
		int64_t p = batch->row_pos[i->row + r], lo = a->window ? p - a->window + 1 - b * B : 0, hi = p + 1 - b * B;
		lo = lo < 0 ? 0 : lo;
		hi = hi > B ? B : hi;
		for (size_t g = 0; lo < hi && g < a->group; g++)
			query[n++] = (seqk_attn_query){.q = q + ((i->row + r) * a->heads + i->head * a->group + g) * a->d,
				.lo = (int)lo, .hi = (int)hi, .acc = &acc[r * a->group + g]};
	}
	return n;
}

static void block(const seqp_attend *a, const seqp_ctx *ctx, const struct item *i, const seqp_slot *s, int64_t b,
                  const float *q, const struct desk *k)
{
	size_t n = list_queries(a, ctx->batch, i, b, q, k->query, k->acc);
	if (n)
		seqk_attn_block(s->spec->dtype, seqp_kv_keys(s, b, i->head), seqp_kv_values(s, b, i->head), a->d, a->dv, a->scale,
		                a->cap, k->query, n, k->scratch);
}

static void start(seqk_attn_acc *acc, float *o, size_t dv)
{
	*acc = (seqk_attn_acc){.m = -INFINITY, .l = 0, .o = o};
	memset(o, 0, dv * sizeof *o);
}

static void finish(const seqp_attend *a, const struct item *i, size_t query, const seqk_attn_acc *acc, float *out)
{
	size_t row = i->row + query / a->group, head = i->head * a->group + query % a->group;
	seqk_scale(out + (row * a->heads + head) * a->dv, acc->o, 1.0f / acc->l, a->dv);
}

static void whole_item(const seqp_attend *a, const seqp_ctx *ctx, const struct item *i, const seqp_slot *s,
                       const float *q, float *out)
{
	struct desk k = set_desk(a, ctx->own);
	for (size_t j = 0; j < i->rows * a->group; j++)
		start(&k.acc[j], k.o + j * a->dv, a->dv);
	for (int64_t b = i->b0; b < i->b1; b++)
		block(a, ctx, i, s, b, q, &k);
	for (size_t j = 0; j < i->rows * a->group; j++)
		finish(a, i, j, &k.acc[j], out);
}

/* Results in shared scratch: [m, l, o] of query j of a part or total. */
static float *result(const seqp_attend *a, const seqp_ctx *ctx, size_t place, size_t index, size_t j)
{
	return (float *)(void *)(ctx->shared + place) + (index * a->nq + j) * result_floats(a);
}

static void one_part(const seqp_attend *a, const seqp_ctx *ctx, const struct item *i, const seqp_slot *s, int64_t b,
                     size_t part, const float *q)
{
	struct desk k = set_desk(a, ctx->own);
	for (size_t j = 0; j < i->rows * a->group; j++)
		start(&k.acc[j], result(a, ctx, a->part, part, j) + 2, a->dv);
	block(a, ctx, i, s, b, q, &k);
	for (size_t j = 0; j < i->rows * a->group; j++) {
		float *r = result(a, ctx, a->part, part, j);
		r[0] = k.acc[j].m;
		r[1] = k.acc[j].l;
	}
}

/* Merges parts [p0, p0 + n) of an item, blocks in order, into its total; this lane's queries only. */
static void merge_parts(const seqp_attend *a, const seqp_ctx *ctx, const struct item *i, size_t index, size_t p0, size_t n,
                        int first, int last, float *out)
{
	for (size_t j = 0; j < i->rows * a->group; j++) {
		if ((index * a->nq + j) % (size_t)ctx->lane.n != (size_t)ctx->lane.tid)
			continue;
		float *t = result(a, ctx, a->total, index, j);
		seqk_attn_acc acc = {.m = t[0], .l = t[1], .o = t + 2};
		if (first)
			start(&acc, t + 2, a->dv);
		for (size_t p = p0; p < p0 + n; p++) {
			float *r = result(a, ctx, a->part, p, j);
			seqk_attn_acc one = {.m = r[0], .l = r[1], .o = r + 2};
			if (one.l > 0)
				seqk_attn_merge(&acc, &one, a->dv);
		}
		t[0] = acc.m;
		t[1] = acc.l;
		if (last)
			finish(a, i, j, &acc, out);
	}
}

/* Lanes share blocks.  A round is up to PARTS blocks, of one item after another. */
struct cursor {
	struct item i;
	size_t index;
	int64_t b; /* next block */
	int more;
};

static void take(const seqp_attend *a, const seqp_batch *batch, struct cursor *c, int64_t n)
{
	c->b += n;
	if (c->b == c->i.b1) {
		c->more = next_item(a, batch, &c->i);
		c->index++;
		c->b = c->i.b0;
	}
}

static void shared_items(const seqp_attend *a, const seqp_ctx *ctx, seqp_slot *const *state, const float *q, float *out)
{
	struct cursor c = {.i = {0}};
	c.more = next_item(a, ctx->batch, &c.i);
	c.b = c.i.b0;
	while (c.more) {
		struct cursor m = c;
		for (size_t p = 0; p < PARTS && c.more; p++) {
			if (p % (size_t)ctx->lane.n == (size_t)ctx->lane.tid)
				one_part(a, ctx, &c.i, state[c.i.seq], c.b, p, q);
			take(a, ctx->batch, &c, 1);
		}
		seqp_team_barrier(&ctx->lane);
		for (size_t p = 0; p < PARTS && m.more;) {
			int64_t n = m.i.b1 - m.b, room = (int64_t)(PARTS - p);
			n = n < room ? n : room;
			merge_parts(a, ctx, &m.i, m.index, p, (size_t)n, m.b == m.i.b0, m.b + n == m.i.b1, out);
			p += (size_t)n;
			take(a, ctx->batch, &m, n);
		}
		seqp_team_barrier(&ctx->lane);
	}
}

void seqp_attend_run(const seqp_attend *a, const seqp_ctx *ctx, seqp_slot *const *state, const float *q, float *out)
{
	size_t n = 0, lanes = (size_t)ctx->lane.n;
	int64_t deepest = 0;
	for (struct item i = {0}; n <= ITEMS * lanes && next_item(a, ctx->batch, &i); n++)
		deepest = i.b1 - i.b0 > deepest ? i.b1 - i.b0 : deepest;
	if (lanes > 1 && n <= ITEMS * lanes && n % lanes && deepest >= 4) {
		shared_items(a, ctx, state, q, out);
		return;
	}
	n = 0;
	for (struct item i = {0}; next_item(a, ctx->batch, &i); n++)
		if (n % lanes == (size_t)ctx->lane.tid)
			whole_item(a, ctx, &i, state[i.seq], q, out);
}
