/* SPDX-License-Identifier: MIT */
#include "layer/route.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/vec.h"
#include "layer/bind.h"

enum { MOST = 65536 };

static int read_groups(const seqp_bind *b, seqp_route *r, seq_error *err)
{
	int64_t groups, used, top;
	int rc;
	if ((rc = seqp_bind_int(b, "groups", 1, 1, (int64_t)r->experts, &groups, err)) < 0 ||
	    (rc = seqp_bind_int(b, "groups_used", groups, 1, groups, &used, err)) < 0 ||
	    (rc = seqp_bind_int(b, "group_top", 2, 1, MOST, &top, err)) < 0)
		return rc;
	r->groups = (size_t)groups;
	r->groups_used = (size_t)used;
	r->group_top = (size_t)top;
	if (r->experts % r->groups)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: %zu experts in %lld groups", (long long)b->layer, r->experts,
		                 (long long)groups);
	size_t each = r->experts / r->groups;
	if (used < groups && (r->group_top > each || r->used > r->groups_used * each))
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: %zu experts of groups of %zu cannot be chosen", (long long)b->layer,
		                 r->used, each);
	return 0;
}

int seqp_route_open(const seqp_bind *b, seqp_route *r, seq_error *err)
{
	int64_t experts, used, score, norm;
	seqp_bind exact = *b;
	int rc;
	exact.exact = 1;
	*r = (seqp_route){.groups = 1};
	if ((rc = seqp_bind_int(b, "experts", 0, 1, MOST, &experts, err)) < 0 ||
	    (rc = seqp_bind_int(b, "used", 0, 1, experts, &used, err)) < 0 ||
	    (rc = seqp_bind_int(b, "score", 0, 0, SEQP_ROUTE_SIGMOID, &score, err)) < 0 ||
	    (rc = seqp_bind_int(b, "norm", 0, 0, 1, &norm, err)) < 0)
		return rc;
	r->experts = (size_t)experts;
	r->used = (size_t)used;
	r->score = (int)score;
	r->norm = (int)norm;
	r->norm_eps = (float)seqp_bind_number(b, "norm_eps", 0);
	r->scale = (float)seqp_bind_number(b, "scale", 1);
	if ((rc = read_groups(b, r, err)) < 0 || (rc = seqp_linear_open(&exact, "router", experts, b->in, 1, &r->router, err)) < 0)
		return rc;
	return seqp_bind_vector(b, "bias", experts, 0, &r->bias, err);
}

/* The k largest of x in falling order, the lowest index among equals; always k different ones. */
static void largest(const float *x, size_t n, size_t k, int32_t *at)
{
	size_t have = 0;
	for (size_t i = 0; i < n; i++) {
		size_t j = have < k ? have : k - 1;
		if (have == k && !(x[i] > x[at[j]]))
			continue;
		for (; j > 0 && x[i] > x[at[j - 1]]; j--)
			at[j] = at[j - 1];
		at[j] = (int32_t)i;
		have += have < k;
	}
}

/* Sum of the k largest of a group; they are few. */
static float top_sum(const float *x, size_t n, size_t k)
{
	float sum = 0, bound = INFINITY;
	size_t last = n;
	for (size_t t = 0; t < k; t++) {
		size_t best = n;
		for (size_t i = 0; i < n; i++) {
			int fresh = last == n || x[i] < bound || (x[i] == bound && i > last);
			if (fresh && (best == n || x[i] > x[best]))
				best = i;
		}
		if (best == n) /* not numbers */
			return sum;
		last = best;
		bound = x[best];
		sum += bound;
	}
	return sum;
}

/* What lies in groups that are not among the best becomes -inf. */
static void keep_groups(const seqp_route *r, float *pick)
{
	size_t each = r->experts / r->groups;
	float *sum = pick + r->experts;
	for (size_t g = 0; g < r->groups; g++)
		sum[g] = top_sum(pick + g * each, each, r->group_top);
	for (size_t i = 0; i < r->groups_used; i++) {
		size_t best = r->groups;
		for (size_t g = 0; g < r->groups; g++)
			if (sum[g] == sum[g] && (best == r->groups || sum[g] > sum[best]))
				best = g;
		if (best < r->groups)
			sum[best] = NAN; /* kept */
	}
	for (size_t g = 0; g < r->groups; g++)
		for (size_t i = g * each; sum[g] == sum[g] && i < (g + 1) * each; i++)
			pick[i] = -INFINITY;
}

void seqp_route_row(const seqp_route *r, float *s, float *pick, int32_t *chosen, float *weight)
{
	if (r->score == SEQP_ROUTE_SOFTMAX)
		seqk_softmax(s, s, r->experts);
	else if (r->score == SEQP_ROUTE_SIGMOID)
		seqk_sigmoid(s, s, r->experts);
	if (r->bias)
		seqk_add(pick, s, r->bias, r->experts);
	else
		memcpy(pick, s, r->experts * sizeof *s);
	if (r->groups_used < r->groups)
		keep_groups(r, pick);
	largest(pick, r->experts, r->used, chosen);
	for (size_t i = 0; i < r->used; i++)
		weight[i] = s[chosen[i]];
	if (r->score == SEQP_ROUTE_AFTER)
		seqk_softmax(weight, weight, r->used);
	float sum = 0, f = r->scale;
	for (size_t i = 0; r->norm && i < r->used; i++)
		sum += weight[i];
	if (r->norm)
		f /= sum + r->norm_eps;
	seqk_scale(weight, weight, f, r->used);
}
