/* SPDX-License-Identifier: MIT */
#include "gen/filter.h"

#include <math.h>
#include <stdbool.h>

#include "gen/exp64.h"
#include "gen/select.h"

double seqp_cand_total(const seqp_cand *c)
{
	double sum = 0;
	for (size_t i = 0; i < c->n; i++)
		sum += c->w[i];
	return sum;
}

static void keep(seqp_cand *c, size_t to, size_t from)
{
	c->id[to] = c->id[from];
	c->d[to] = c->d[from];
	c->w[to] = c->w[from];
}

static double top_weight(const seqp_cand *c)
{
	double top = 0;
	for (size_t i = 0; i < c->n; i++)
		top = c->w[i] > top ? c->w[i] : top;
	return top;
}

/* Leaves the candidates of weight least and more, and the best. */
static void keep_weight(seqp_cand *c, double least)
{
	double top = top_weight(c);
	size_t n = 0;
	if (least > top)
		least = top;
	for (size_t i = 0; i < c->n; i++)
		if (c->w[i] >= least)
			keep(c, n++, i);
	c->n = n;
}

static void keep_keys(seqp_cand *c, uint64_t least)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n; i++)
		if (c->key[i] >= least)
			keep(c, n++, i);
	c->n = n;
}

static void keys_by_d(seqp_cand *c)
{
	for (size_t i = 0; i < c->n; i++)
		c->key[i] = seqp_key64(c->d[i]);
}

/* sum of p log p, less the logarithm of the total: minus the entropy, measured from the best */
static double mean_d(const seqp_cand *c, double total)
{
	double sum = 0;
	for (size_t i = 0; i < c->n; i++)
		sum += c->w[i] > 0 ? c->w[i] * c->d[i] : 0;
	return sum / total;
}

void seqp_filter_top_k(seqp_cand *c, size_t k)
{
	if (k == 0 || k >= c->n)
		return;
	keys_by_d(c);
	keep_keys(c, seqp_select(c->key, NULL, c->n, 64, (double)k).key);
}

void seqp_filter_sigma(seqp_cand *c, double n)
{
	double mean = 0, var = 0;
	size_t kept = 0;
	for (size_t i = 0; i < c->n; i++)
		mean += c->d[i] / (double)c->n;
	for (size_t i = 0; i < c->n; i++)
		var += (c->d[i] - mean) * (c->d[i] - mean) / (double)c->n;
	double least = -n * sqrt(var);
	for (size_t i = 0; i < c->n; i++)
		if (c->d[i] >= least)
			keep(c, kept++, i);
	c->n = kept;
}

void seqp_filter_top_p(seqp_cand *c, double p)
{
	if (!(p < 1))
		return;
	double limit = p * seqp_cand_total(c);
	keys_by_d(c);
	seqp_cut cut = seqp_select(c->key, c->w, c->n, 64, limit);
	double before = cut.above;
	bool any = false;
	size_t n = 0;
	for (size_t i = 0; i < c->n; i++) {
		if (c->key[i] < cut.key)
			continue;
		if (c->key[i] == cut.key) {
			if (any && before >= limit)
				continue;
			before += c->w[i];
			any = true;
		}
		keep(c, n++, i);
	}
	c->n = n;
}

void seqp_filter_min_p(seqp_cand *c, double p)
{
	keep_weight(c, p * top_weight(c));
}

void seqp_filter_typical(seqp_cand *c, double mass)
{
	if (!(mass < 1))
		return;
	double total = seqp_cand_total(c), mean = mean_d(c, total);
	for (size_t i = 0; i < c->n; i++)
		c->key[i] = seqp_key64(-fabs(mean - c->d[i]));
	keep_keys(c, seqp_select(c->key, c->w, c->n, 64, mass * total).key);
}

void seqp_filter_epsilon(seqp_cand *c, double epsilon)
{
	keep_weight(c, epsilon * seqp_cand_total(c));
}

void seqp_filter_eta(seqp_cand *c, double epsilon)
{
	double total = seqp_cand_total(c);
	/* exp(-entropy) = exp(mean d) / total */
	double bound = sqrt(epsilon) * seqp_exp64(mean_d(c, total)) / total;
	keep_weight(c, (bound < epsilon ? bound : epsilon) * total);
}

int32_t seqp_pick(const seqp_cand *c, double u)
{
	double limit = u * seqp_cand_total(c), sum = 0;
	size_t last = 0;
	for (size_t i = 0; i < c->n; i++) {
		sum += c->w[i];
		if (c->w[i] > 0)
			last = i;
		if (sum > limit)
			return c->id[i];
	}
	return c->id[last];
}
