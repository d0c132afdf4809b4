/* SPDX-License-Identifier: MIT */
#include "layer/rope.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"

enum { NONE, LINEAR, DYNAMIC, YARN, LLAMA3, LONGROPE, KINDS };

struct plan {
	int kind;
	double theta, scale, orig, max, context;
	size_t r;
};

static void plain(const struct plan *p, double theta, double *inv)
{
	for (size_t i = 0; i < p->r / 2; i++)
		inv[i] = pow(theta, -2.0 * (double)i / (double)p->r);
}

static double clamp01(double v)
{
	return v < 0 ? 0 : v > 1 ? 1 : v;
}

static void yarn(const seqp_bind *b, const struct plan *p, double *inv)
{
	double r = (double)p->r, k = r / (2 * log(p->theta));
	double lo = k * log(p->orig / (2 * M_PI * seqp_bind_global(b, "rope.beta_fast", 32)));
	double hi = k * log(p->orig / (2 * M_PI * seqp_bind_global(b, "rope.beta_slow", 1)));
	if (seqp_bind_global(b, "rope.truncate", 1) != 0) {
		lo = floor(lo);
		hi = ceil(hi);
	}
	lo = lo < 0 ? 0 : lo;
	hi = hi > r - 1 ? r - 1 : hi;
	if (lo == hi)
		hi += 0.001;
	for (size_t i = 0; i < p->r / 2; i++) {
		double ramp = clamp01(((double)i - lo) / (hi - lo));
		inv[i] = inv[i] / p->scale * ramp + inv[i] * (1 - ramp);
	}
}

static void llama3(const seqp_bind *b, const struct plan *p, double *inv)
{
	double low = seqp_bind_global(b, "rope.low", 1), high = seqp_bind_global(b, "rope.high", 4);
	for (size_t i = 0; i < p->r / 2; i++) {
		double w = 2 * M_PI / inv[i];
		if (w > p->orig / low) {
			inv[i] /= p->scale;
		} else if (!(w < p->orig / high)) {
			double s = (p->orig / w - low) / (high - low);
			inv[i] = (1 - s) * inv[i] / p->scale + s * inv[i];
		}
	}
}

static double yarn_m(double s, double k)
{
	return s <= 1 ? 1 : 0.1 * k * log(s) + 1;
}

/* What multiplies cos and sin. */
static double attention_factor(const seqp_bind *b, const struct plan *p)
{
	double given = seqp_bind_global(b, "rope.attn_factor", 0);
	double m = seqp_bind_global(b, "rope.mscale", 0), all = seqp_bind_global(b, "rope.mscale_all", 0);
	if (given > 0)
		return given;
	if (p->kind == YARN && m > 0 && all > 0)
		return yarn_m(p->scale, m) / yarn_m(p->scale, all);
	if (p->kind == YARN)
		return yarn_m(p->scale, 1);
	if (p->kind == LONGROPE && p->scale > 1)
		return sqrt(1 + log(p->scale) / log(p->orig));
	return 1;
}

static int divide(const seqp_bind *b, const char *name, size_t pairs, int needed, double *inv, seq_error *err)
{
	const float *by;
	int rc = seqp_bind_vector(b, name, (int64_t)pairs, needed, &by, err);
	for (size_t i = 0; rc == 0 && by && i < pairs; i++) {
		if (!(by[i] > 0))
			return seqp_bind_fail(b, name, err, "holds a divisor that is not positive");
		inv[i] /= by[i];
	}
	return rc;
}

static int is_long(const struct plan *p)
{
	return (p->context > 0 ? p->context : p->max) > p->orig;
}

static int make_inv(const seqp_bind *b, const struct plan *p, double *inv, seq_error *err)
{
	double r = (double)p->r;
	plain(p, p->theta, inv);
	if (p->kind == LINEAR)
		for (size_t i = 0; i < p->r / 2; i++)
			inv[i] /= p->scale;
	if (p->kind == DYNAMIC && p->r > 2) {
		double n = p->context > p->max ? p->context : p->max;
		plain(p, p->theta * pow(p->scale * n / p->max - (p->scale - 1), r / (r - 2)), inv);
	}
	if (p->kind == YARN)
		yarn(b, p, inv);
	if (p->kind == LLAMA3)
		llama3(b, p, inv);
	if (p->kind == LONGROPE) {
		return divide(b, is_long(p) ? "rope_long" : "rope_short", p->r / 2, 1, inv, err);
	}
	return divide(b, "rope_freqs", p->r / 2, 0, inv, err);
}

static int read_plan(const seqp_bind *b, size_t r, struct plan *p, seq_error *err)
{
	double kind = seqp_bind_global(b, "rope.scaling", 0);
	*p = (struct plan){.theta = seqp_bind_global(b, "rope.theta", 10000), .scale = seqp_bind_global(b, "rope.factor", 0),
		.max = seqp_bind_global(b, "rope.max", 0), .orig = seqp_bind_global(b, "rope.orig", 0),
		.context = (double)b->context, .r = r};
	if (p->max <= 0)
		p->max = b->number(b->from, -1, "context", 0);
	if (p->orig <= 0)
		p->orig = p->max;
	if (!(kind >= 0 && kind < KINDS) || kind != (double)(int)kind)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "layer %lld: rope scaling %g is not known", (long long)b->layer, kind);
	p->kind = (int)kind;
	if (p->kind == LONGROPE && p->scale <= 0 && p->orig > 0)
		p->scale = p->max / p->orig;
	if (p->scale <= 0)
		p->scale = 1;
	if (!(p->theta > 0) || (p->kind > LINEAR && !(p->orig > 0 && p->max > 0)))
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: rope.theta, rope.orig or rope.max is missing or not positive",
		                 (long long)b->layer);
	return 0;
}

static size_t find(const seqp_rope_set *s, const seqp_rope *r)
{
	size_t i = 0;
	while (i < s->n && !(s->rope[i].pairs == r->pairs && s->rope[i].factor == r->factor &&
	                     !memcmp(s->rope[i].inv, r->inv, r->pairs * sizeof *r->inv)))
		i++;
	return i;
}

int seqp_rope_open(const seqp_bind *b, size_t r, size_t *index, seq_error *err)
{
	struct plan p;
	int rc = read_plan(b, r, &p, err);
	if (rc < 0)
		return rc;
	seqp_rope rope = {.pairs = r / 2, .inv = seqp_arena_alloc(b->arena, r / 2, sizeof(double))};
	if (!rope.inv)
		return seqp_nomem(err, r / 2 * sizeof(double));
	if ((rc = make_inv(b, &p, rope.inv, err)) < 0)
		return rc;
	for (size_t i = 0; seqp_bind_global(b, "rope.reverse", 0) != 0 && i < r / 2; i++)
		rope.inv[i] = -rope.inv[i];
	rope.factor = attention_factor(b, &p);
	if (p.kind == DYNAMIC)
		b->ropes->frozen = (int64_t)(p.context > p.max ? p.context : p.max);
	if (p.kind == LONGROPE)
		b->ropes->frozen = is_long(&p) ? 2 : 1;
	*index = find(b->ropes, &rope);
	if (*index == SEQP_ROPES)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "more than %d different ropes in a model", SEQP_ROPES);
	if (*index == b->ropes->n)
		b->ropes->rope[b->ropes->n++] = rope;
	return 0;
}

void seqp_rope_turn(const seqp_ctx *ctx, size_t index, int kind, size_t row, float *x, size_t pairs)
{
	const seqp_rope_table *t = &ctx->rope[index];
	if (kind == 1)
		seqk_rope_halves(x, t->cos + row * pairs, t->sin + row * pairs, pairs);
	else if (kind == 2)
		seqk_rope_adjacent(x, t->cos + row * pairs, t->sin + row * pairs, pairs);
}

void seqp_rope_fill(const seqp_ctx *ctx, const seqp_rope_set *set, const seqp_rope_table *table)
{
	size_t r0, r1;
	seqp_ctx_rows(ctx, &r0, &r1);
	for (size_t k = 0; k < set->n; k++) {
		const seqp_rope *rope = &set->rope[k];
		for (size_t r = r0; r < r1; r++) {
			float *c = table[k].cos + r * rope->pairs, *s = table[k].sin + r * rope->pairs;
			for (size_t i = 0; i < rope->pairs; i++) {
				double angle = (double)ctx->batch->row_pos[r] * rope->inv[i];
				c[i] = (float)(cos(angle) * rope->factor);
				s[i] = (float)(sin(angle) * rope->factor);
			}
		}
	}
}
