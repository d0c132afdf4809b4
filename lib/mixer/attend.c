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

/* A lane's own scratch; m, l and o may lie elsewhere. */
struct desk {
	float *q; /* of an item, one after another */
	seqk_attn_span *span;
	float *m, *l, *o, *bias;
	void *scratch;
};

/* Lays out a desk from own on (NULL: only counts); returns its bytes. */
static size_t set_desk(const seqp_attend *a, char *own, struct desk *k)
{
	size_t at = 0;
	k->q = (void *)(own + seqp_place(&at, a->nq * a->shape.d, sizeof(float)));
	k->span = (void *)(own + seqp_place(&at, a->nq, sizeof(seqk_attn_span)));
	k->m = (void *)(own + seqp_place(&at, a->nq, sizeof(float)));
	k->l = (void *)(own + seqp_place(&at, a->nq, sizeof(float)));
	k->o = (void *)(own + seqp_place(&at, a->nq * a->shape.dv, sizeof(float)));
	k->bias = a->slope ? (void *)(own + seqp_place(&at, a->nq * B, sizeof(float))) : NULL;
	k->scratch = own + seqp_place(&at, seqk_attn_scratch(a->nq, a->shape.dv), 1);
	return at;
}

/* A result in scratch: m, l, then o of all queries. */
static size_t result_floats(const seqp_attend *a)
{
	return seqp_round_up(a->nq * (a->shape.dv + 2), 16);
}

static void set_result(const seqp_attend *a, const seqp_ctx *ctx, size_t place, size_t index, struct desk *k)
{
	k->m = (float *)(void *)(ctx->shared + place) + index * result_floats(a);
	k->l = k->m + a->nq;
	k->o = k->l + a->nq;
}

void seqp_attend_open(seqp_attend *a, const seqp_bind *b, size_t *at)
{
	struct desk k;
	char none[1];
	a->group = a->heads / a->kv_heads;
	a->tile = a->group < QUERIES ? QUERIES / a->group : 1;
	a->nq = a->tile * a->group;
	if (b->lanes > 1) {
		a->part = seqp_place(at, PARTS * result_floats(a), 4);
		a->total = seqp_place(at, (size_t)b->lanes * ITEMS * result_floats(a), 4);
	}
	seqp_raise(&b->needs->own, set_desk(a, none, &k));
}

/* The first position that a query at pos sees. */
static int64_t oldest(const seqp_attend *a, int64_t pos)
{
	int64_t lo = a->window && pos >= a->window ? pos - a->window + 1 : 0, at = a->chunk ? pos / a->chunk * a->chunk : 0;
	return at > lo ? at : lo;
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
	i->b0 = oldest(a, p0) / B;
	i->b1 = (p0 + (int64_t)i->rows - 1) / B + 1;
	return 1;
}

static seqk_attn_span visible(const seqp_attend *a, int64_t pos, int64_t b)
{
	int64_t lo = oldest(a, pos) - b * B, hi = pos + 1 - b * B;
	return (seqk_attn_span){(int)(lo < 0 ? 0 : lo < B ? lo : B), (int)(hi > B ? B : hi > 0 ? hi : 0)};
}

/* The item's queries, one after another. */
static void gather(const seqp_attend *a, const struct item *i, const float *q, struct desk *k)
{
	size_t n = a->group * a->shape.d;
	for (size_t r = 0; r < i->rows; r++)
		memcpy(k->q + r * n, q + ((i->row + r) * a->kv_heads + i->head) * n, n * sizeof *q);
}

/* Results of queries [j0, j1) before any block: of all of them the sink's, of a part nothing. */
static void start(const seqp_attend *a, const struct item *i, struct desk *k, size_t j0, size_t j1, int whole)
{
	const float *sink = whole ? a->sink : NULL;
	for (size_t j = j0; j < j1; j++) {
		k->m[j] = sink ? sink[i->head * a->group + j % a->group] * (float)M_LOG2E : -INFINITY;
		k->l[j] = sink != NULL;
	}
	memset(k->o + j0 * a->shape.dv, 0, (j1 - j0) * a->shape.dv * sizeof *k->o);
}

/* What distance adds to the scores of a query at pos. */
static void tilt(float *bias, float slope, int64_t distance)
{
	for (int64_t t = 0; t < B; t++)
		bias[t] = slope * (float)(distance + t);
}

static seqk_attn_kv cached(const seqp_slot *s, const struct item *i, int64_t b)
{
	return (seqk_attn_kv){seqp_kv_keys(s, b, i->head), seqp_kv_values(s, b, i->head)};
}

/* Block b for those of the item's queries that see any of it: consecutive rows. */
static void block(const seqp_attend *a, const seqp_ctx *ctx, const struct item *i, const seqp_slot *s, int64_t b,
                  struct desk *k)
{
	const int64_t *pos = ctx->batch->row_pos + i->row;
	size_t r0 = 0, r1 = i->rows, first;
	while (r0 < r1 && pos[r0] < b * B)
		r0++;
	while (r1 > r0 && visible(a, pos[r1 - 1], b).lo == B)
		r1--;
	first = r0 * a->group;
	for (size_t r = r0, j = first; r < r1; r++)
		for (size_t g = 0; g < a->group; g++, j++) {
			k->span[j] = visible(a, pos[r], b);
			if (a->slope)
				tilt(k->bias + j * B, a->slope[i->head * a->group + g], b * B - pos[r]);
		}
	seqk_attn_kv at = cached(s, i, b), next = b + 1 < i->b1 ? cached(s, i, b + 1) : at;
	seqk_attn_set set = {.n = (r1 - r0) * a->group, .q = k->q + first * a->shape.d, .span = k->span + first,
		.bias = a->slope ? k->bias + first * B : NULL,
		.m = k->m + first, .l = k->l + first, .o = k->o + first * a->shape.dv};
	if (set.n)
		seqk_attn_block(&a->shape, &at, b + 1 < i->b1 ? &next : NULL, &set, k->scratch);
}

/* Queries [j0, j1) of an item to the output. */
static void finish(const seqp_attend *a, const struct item *i, const struct desk *k, size_t j0, size_t j1, float *out)
{
	for (size_t j = j0; j < j1; j++) {
		size_t row = i->row + j / a->group, head = i->head * a->group + j % a->group;
		seqk_scale(out + (row * a->heads + head) * a->shape.dv, k->o + j * a->shape.dv, 1.0f / k->l[j], a->shape.dv);
	}
}

static void whole_item(const seqp_attend *a, const seqp_ctx *ctx, const struct item *i, const seqp_slot *s,
                       const float *q, float *out)
{
	struct desk k;
	set_desk(a, ctx->own, &k);
	gather(a, i, q, &k);
	start(a, i, &k, 0, i->rows * a->group, 1);
	for (int64_t b = i->b0; b < i->b1; b++)
		block(a, ctx, i, s, b, &k);
	finish(a, i, &k, 0, i->rows * a->group, out);
}

/* Blocks [b, b + n) of an item, each to a part of its own. */
static void some_parts(const seqp_attend *a, const seqp_ctx *ctx, const struct item *i, const seqp_slot *s, int64_t b,
                       int64_t n, size_t part, const float *q)
{
	struct desk k;
	set_desk(a, ctx->own, &k);
	gather(a, i, q, &k);
	for (int64_t j = 0; j < n; j++) {
		set_result(a, ctx, a->part, part + (size_t)j, &k);
		start(a, i, &k, 0, i->rows * a->group, 0);
		block(a, ctx, i, s, b + j, &k);
	}
}

/* Merges parts [p0, p0 + n) of an item, blocks in order, into its total; this lane's queries only. */
static void merge_parts(const seqp_attend *a, const seqp_ctx *ctx, const struct item *i, size_t index, size_t p0, size_t n,
                        int first, int last, float *out)
{
	struct desk t, k;
	size_t j0, j1, dv = a->shape.dv;
	seqp_lane_split(&ctx->lane, i->rows * a->group, 1, &j0, &j1);
	set_result(a, ctx, a->total, index, &t);
	seqk_attn_set total = {.n = j1 - j0, .m = t.m + j0, .l = t.l + j0, .o = t.o + j0 * dv};
	if (first)
		start(a, i, &t, j0, j1, 1);
	for (size_t p = p0; p < p0 + n; p++) {
		set_result(a, ctx, a->part, p, &k);
		seqk_attn_set one = {.n = j1 - j0, .m = k.m + j0, .l = k.l + j0, .o = k.o + j0 * dv};
		seqk_attn_merge(&total, &one, dv);
	}
	if (last)
		finish(a, i, &t, j0, j1, out);
}

/* Lanes share blocks.  A round is up to PARTS blocks, of one item after another. */
struct cursor {
	struct item i;
	size_t index;
	int64_t b; /* next block */
	int more;
};

/* The next blocks of one item, most at a time; returns how many. */
static int64_t ahead(const struct cursor *c, size_t most)
{
	int64_t n = c->more ? c->i.b1 - c->b : 0;
	return n < (int64_t)most ? n : (int64_t)most;
}

static void take(const seqp_attend *a, const seqp_batch *batch, struct cursor *c, int64_t n)
{
	c->b += n;
	if (c->b == c->i.b1) {
		c->more = next_item(a, batch, &c->i);
		c->index++;
		c->b = c->i.b0;
	}
}

/* Parts [p0, p1) of the round that starts at c. */
static void make_parts(const seqp_attend *a, const seqp_ctx *ctx, struct cursor c, seqp_slot *const *state, size_t p0, size_t p1,
                       const float *q)
{
	for (size_t p = 0; p < p1;) {
		int64_t skip = p < p0 ? ahead(&c, p0 - p) : 0, n = skip ? skip : ahead(&c, p1 - p);
		if (!skip)
			some_parts(a, ctx, &c.i, state[c.i.seq], c.b, n, p, q);
		take(a, ctx->batch, &c, n);
		p += (size_t)n;
	}
}

static void shared_items(const seqp_attend *a, const seqp_ctx *ctx, seqp_slot *const *state, const float *q, float *out)
{
	struct cursor c = {.i = {0}};
	c.more = next_item(a, ctx->batch, &c.i);
	c.b = c.i.b0;
	while (c.more) {
		struct cursor m = c;
		size_t parts = 0, p0, p1;
		for (int64_t n; (n = ahead(&c, PARTS - parts)) > 0; parts += (size_t)n)
			take(a, ctx->batch, &c, n);
		seqp_lane_split(&ctx->lane, parts, 1, &p0, &p1);
		make_parts(a, ctx, m, state, p0, p1, q);
		seqp_team_barrier(&ctx->lane);
		for (size_t p = 0; p < parts;) {
			int64_t n = ahead(&m, parts - p);
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
