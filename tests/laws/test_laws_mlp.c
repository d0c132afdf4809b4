/* SPDX-License-Identifier: MIT */
/* Feed-forward layers with weights made on the spot: a row's result is the same bits alone on one thread and among
 * others on several, in place too, for weights in f32 and in Q8_0; wrong numbers are refused with a sentence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/quantize.h"
#include "layer/mlp.h"

enum { WIDTH = 96, ROWS = 53, MOST = 16, EXPERTS = 12 };

struct weight {
	const char *name;
	int64_t rows, cols;
	int n;     /* matrices; 0: a vector in f32 */
};

struct setup {
	const char *kind, *what;
	struct {
		const char *key;
		double value;
	} number[MOST];
	struct weight weight[MOST];
};

#define STACKS(ff) {"m.gate", ff, WIDTH, EXPERTS}, {"m.up", ff, WIDTH, EXPERTS}, {"m.down", WIDTH, ff, EXPERTS}
#define ROUTED {"m.experts", EXPERTS}, {"m.used", 3}
static const struct setup setups[] = {
	{"gated", "gelu, small gates cut", {{"m.act", 1}, {"m.sparse", 0.3}}, {{"m.gate", 64, WIDTH, 1}, {"m.up", 64, WIDTH, 1}, {"m.down", WIDTH, 64, 1}}},
	{"plain", "xielu, a norm before the last projection", {{"m.act", 6}, {"m.alpha_p", 0.3}, {"m.alpha_n", -0.2}},
	 {{"m.up", 64, WIDTH, 1}, {"m.down", WIDTH, 64, 1}, {"m.norm.w", 1, 64, 0}}},
	{"moe", "softmax over all, weights normed", {ROUTED, {"m.norm", 1}}, {{"m.router", EXPERTS, WIDTH, 1}, STACKS(32)}},
	{"moe", "sigmoid, groups, correction, a shared expert with a gate",
	 {ROUTED, {"m.score", 2}, {"m.groups", 4}, {"m.groups_used", 2}, {"m.norm", 1}, {"m.norm_eps", 1e-20}, {"m.scale", 2.5}},
	 {{"m.router", EXPERTS, WIDTH, 1}, {"m.bias", 1, EXPERTS, 0}, STACKS(64), {"m.shared.gate", 32, WIDTH, 1}, {"m.shared.up", 32, WIDTH, 1},
	  {"m.shared.down", WIDTH, 32, 1}, {"m.shared_gate", 1, WIDTH, 0}}},
	{"moe", "softmax over the chosen, biases, clamped gates", {ROUTED, {"m.score", 1}, {"m.act", 5}, {"m.limit", 0.4}},
	 {{"m.router", EXPERTS, WIDTH, 1}, {"m.router.b", 1, EXPERTS, 0}, STACKS(32), {"m.gate.b", EXPERTS, 32, 0}, {"m.up.b", EXPERTS, 32, 0},
	  {"m.down.b", EXPERTS, WIDTH, 0}}},
	{"moe", "one expert, its input weighed", {{"m.experts", EXPERTS}, {"m.used", 1}, {"m.score", 2}, {"m.weigh_input", 1}},
	 {{"m.router", EXPERTS, WIDTH, 1}, STACKS(32)}},
	{"moe", "experts without gates, all of them chosen", {{"m.experts", EXPERTS}, {"m.used", EXPERTS}, {"m.act", 4}},
	 {{"m.router", EXPERTS, WIDTH, 1}, {"m.up", 32, WIDTH, EXPERTS}, {"m.down", WIDTH, 32, EXPERTS}}},
};

static int failed, checked;

static void law(int ok, const struct setup *s, int dtype, const char *what)
{
	checked++;
	if (ok)
		return;
	failed++;
	printf("FAIL %s, %s, type %d: %s\n", s->kind, s->what, dtype, what);
}

struct rig {
	const struct setup *set;
	seqp_arena arena;
	seqp_view view[MOST][EXPERTS];
	seqp_needs needs;
	seqp_mlp mlp;
	seqp_team *team;
	char *act, *shared, *own;
	size_t rows;
	const float *x;
	float *y;
};

static const seqp_view *find_weight(const void *from, int64_t layer, const char *role)
{
	const struct rig *r = from;
	(void)layer;
	for (int i = 0; i < MOST && r->set->weight[i].name; i++)
		if (!strcmp(r->set->weight[i].name, role))
			return r->view[i];
	return NULL;
}

static double find_number(const void *from, int64_t layer, const char *key, double dflt)
{
	const struct rig *r = from;
	(void)layer;
	for (int i = 0; i < MOST && r->set->number[i].key; i++)
		if (!strcmp(r->set->number[i].key, key))
			return r->set->number[i].value;
	return dflt;
}

/* In (-1, 1), by where it stands alone. */
static float noise(uint32_t a, uint32_t b)
{
	uint32_t h = (a + 1) * 0x9e3779b1u ^ (b + 1) * 0x85ebca6bu;
	h = (h ^ h >> 15) * 0x2c1b3c6du;
	h = (h ^ h >> 12) * 0x297a2d39u;
	return (float)(int32_t)(h ^ h >> 15) / 2147483648.0f;
}

static seqp_view make(struct rig *r, const struct weight *w, uint32_t seed, int dtype)
{
	size_t n = (size_t)(w->rows * w->cols);
	float *p = seqp_arena_alloc(&r->arena, n, 4);
	for (size_t k = 0; k < n; k++)
		p[k] = noise(seed, (uint32_t)k) * 0.4f;
	if (!w->n || dtype == SEQ_F32)
		return (seqp_view){p, SEQ_F32, w->rows, w->cols, (size_t)w->cols * 4};
	size_t stride = (size_t)seq_dtype_bytes(dtype, w->cols);
	char *q = seqp_arena_alloc(&r->arena, (size_t)w->rows, stride);
	for (int64_t k = 0; k < w->rows; k++)
		seqk_quantize(dtype, p + k * w->cols, NULL, q + (size_t)k * stride, (size_t)w->cols);
	return (seqp_view){q, dtype, w->rows, w->cols, stride};
}

static int open_rig(struct rig *r, const struct setup *set, int lanes, int dtype, seq_error *err)
{
	*r = (struct rig){.set = set, .team = seqp_team_new(lanes)};
	for (uint32_t i = 0; i < MOST && set->weight[i].name; i++)
		for (uint32_t e = 0; e < (uint32_t)(set->weight[i].n ? set->weight[i].n : 1); e++)
			r->view[i][e] = make(r, &set->weight[i], i * 100 + e, dtype);
	seqp_bind b = {.from = r, .weight = find_weight, .number = find_number, .role = "m", .width = WIDTH, .in = WIDTH, .max_rows = ROWS,
		.lanes = lanes, .arena = &r->arena, .needs = &r->needs};
	int rc = seqp_mlp_open(&b, set->kind, &r->mlp, err);
	r->act = aligned_alloc(64, 1u << 20);
	r->shared = aligned_alloc(64, (r->needs.shared + 64) & ~(size_t)63);
	r->own = aligned_alloc(64, ((r->needs.own + 4095) & ~(size_t)4095) * (size_t)lanes + 64);
	return rc;
}

static void close_rig(struct rig *r)
{
	free(r->act);
	free(r->shared);
	free(r->own);
	seqp_team_free(r->team);
	seqp_arena_free(&r->arena);
}

static void lane(void *arg, const seqp_lane *l)
{
	const struct rig *r = arg;
	seqp_batch batch = {.nseq = 1, .rows = r->rows};
	seqp_ctx ctx = {.lane = *l, .batch = &batch, .act = r->act, .shared = r->shared,
		.own = r->own + (size_t)l->tid * ((r->needs.own + 4095) & ~(size_t)4095)};
	seqp_mlp_run(&ctx, &r->mlp, r->x, r->y);
}

static void run(struct rig *r, const float *x, float *y, size_t rows)
{
	r->x = x;
	r->y = y;
	r->rows = rows;
	seqp_team_run(r->team, lane, r);
}

static void laws(const struct setup *set, int dtype)
{
	static float x[ROWS * WIDTH], want[ROWS * WIDTH], got[ROWS * WIDTH];
	static const size_t pieces[] = {ROWS, 17, 4, 3, 1};
	struct rig r;
	seq_error err = {0};
	for (uint32_t i = 0; i < ROWS * WIDTH; i++)
		x[i] = noise(9999, i);
	for (int lanes = 1; lanes <= 3; lanes++) {
		law(open_rig(&r, set, lanes, dtype, &err) >= 0, set, dtype, err.text);
		for (size_t p = 0; p < sizeof pieces / sizeof pieces[0] && r.mlp.self; p++) {
			float *y = lanes == 1 && p == 0 ? want : got;
			for (size_t k = 0; k < ROWS; k += pieces[p])
				run(&r, x + k * WIDTH, y + k * WIDTH, k + pieces[p] < ROWS ? pieces[p] : ROWS - k);
			law(!memcmp(want, y, sizeof want), set, dtype, "pieces and threads");
		}
		memcpy(got, x, sizeof got);
		if (r.mlp.self)
			run(&r, got, got, ROWS);
		law(!memcmp(want, got, sizeof want), set, dtype, "in place");
		close_rig(&r);
	}
	double sum = 0;
	for (size_t i = 0; i < ROWS * WIDTH; i++)
		sum += (double)want[i] * (double)want[i];
	law(sum > 1e-6 && sum < 1e6, set, dtype, "something comes out");
}

/* One number spoilt. */
static void refuses(const struct setup *from, const char *key, double value)
{
	struct setup set = *from;
	struct rig r;
	seq_error err = {0};
	int i = 0;
	while (set.number[i].key && strcmp(set.number[i].key, key))
		i++;
	set.number[i].key = key;
	set.number[i].value = value;
	law(open_rig(&r, &set, 1, SEQ_F32, &err) < 0 && err.text[0], &set, SEQ_F32, key);
	close_rig(&r);
}

int main(void)
{
	for (size_t i = 0; i < sizeof setups / sizeof setups[0]; i++) {
		laws(&setups[i], SEQ_F32);
		laws(&setups[i], SEQ_Q8_0);
	}
	refuses(&setups[2], "m.experts", EXPERTS + 1);
	refuses(&setups[2], "m.used", EXPERTS + 1);
	refuses(&setups[2], "m.used", 0);
	refuses(&setups[3], "m.groups", 5);
	refuses(&setups[3], "m.groups_used", 9);
	refuses(&setups[3], "m.groups", 12);
	refuses(&setups[2], "m.score", 7);
	refuses(&setups[6], "m.act", 5);
	printf("%d checked, %d failed\n", checked, failed);
	return failed != 0;
}
