/* SPDX-License-Identifier: MIT */
/* score: how well a model foretells tokens, and how far two models are apart. */
#include "tool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "seq/gen.h"

enum { OPT_NET = 256, OPT_WINDOW = 300, OPT_STRIDE, OPT_VS, OPT_PER_TOKEN, OPT_IMATRIX, BLOCK_BYTES = 32 << 20, BLOCK_ROWS = 64, BATCH = 64, BATCH_ROWS = 2048 };

static const char help[] =
	"usage: score [options] [file...]\n"
	"Reads tokens; writes JSON lines: log-probabilities, perplexity, divergence of two models.\n\n"
	"      --per-token      a line for every token\n"
	"      --window N       run the text in windows of N tokens (all at once)\n"
	"      --stride N       distance of two windows (the window); each token is scored once\n"
	"      --vs MODEL       KL divergence from, and agreement with, this model\n"
	"      --imatrix FILE   write mean squares of what goes into each weight matrix\n"
	"      --chunk N  --ctx N  --kv TYPE  --act TYPE   as in prefill\n\n";

static const struct option longs[] = {
	{"per-token", no_argument, NULL, OPT_PER_TOKEN}, {"window", required_argument, NULL, OPT_WINDOW},
	{"stride", required_argument, NULL, OPT_STRIDE}, {"vs", required_argument, NULL, OPT_VS},
	{"imatrix", required_argument, NULL, OPT_IMATRIX},
	{"chunk", required_argument, NULL, OPT_NET}, {"ctx", required_argument, NULL, OPT_NET + 1},
	{"kv", required_argument, NULL, OPT_NET + 2}, {"act", required_argument, NULL, OPT_NET + 3}, {0}};

static seq_net_opts opts;
static int64_t window, stride;
static const char *vs, *imatrix;
static int per_token;

static void take(int opt, const char *v)
{
	switch (opt) {
	case OPT_WINDOW: window = tool_size("--window", v, 2, INT64_C(1) << 40); break;
	case OPT_STRIDE: stride = tool_size("--stride", v, 1, INT64_C(1) << 40); break;
	case OPT_VS: vs = v; break;
	case OPT_IMATRIX: imatrix = v; opts.tally = 1; break;
	case OPT_PER_TOKEN: per_token = 1; break;
	default: tool_net_option(opt, v, &opts, OPT_NET);
	}
}

static const tool_spec spec = {"score", help, "", longs, take, TOOL_MODEL | TOOL_SEQ | TOOL_THREADS | TOOL_OUT};

typedef struct side {
	seq_model *model;
	seq_net *net;
} side;

static side first, second;
static size_t vocab;
static uint64_t done, total;

/* --- sums --------------------------------------------------------------------------- */

typedef struct mean {
	double sum, squares;
	uint64_t n;
} mean;

typedef struct totals {
	mean nll, nll_vs, kl, kl_back;
	double kl_most;
	uint64_t agree;
} totals;

static void mean_add(mean *m, double x)
{
	m->sum += x;
	m->squares += x * x;
	m->n++;
}

static double mean_of(const mean *m)
{
	return m->n ? m->sum / (double)m->n : NAN;
}

/* Standard error of the mean. */
static double error_of(const mean *m)
{
	if (m->n < 2)
		return NAN;
	double n = (double)m->n, mu = m->sum / n, var = (m->squares - n * mu * mu) / (n - 1);
	return var > 0 ? sqrt(var / n) : 0;
}

static void join(mean *to, const mean *m)
{
	to->sum += m->sum;
	to->squares += m->squares;
	to->n += m->n;
}

static void join_totals(totals *to, const totals *t)
{
	join(&to->nll, &t->nll);
	join(&to->nll_vs, &t->nll_vs);
	join(&to->kl, &t->kl);
	join(&to->kl_back, &t->kl_back);
	to->kl_most = t->kl_most > to->kl_most ? t->kl_most : to->kl_most;
	to->agree += t->agree;
}

/* --- JSON ------------------------------------------------------------------------------ */

/* JSON knows neither NaN nor infinity. */
static void put_real(const char *key, double x)
{
	if (isfinite(x))
		fprintf(tool_text(), ",\"%s\":%.9g", key, x);
	else
		fprintf(tool_text(), ",\"%s\":null", key);
}

static void put_count(const char *key, uint64_t n)
{
	fprintf(tool_text(), ",\"%s\":%llu", key, (unsigned long long)n);
}

static void put_totals(const totals *t, uint64_t tokens)
{
	double nll = mean_of(&t->nll);
	put_count("tokens", tokens);
	put_count("scored", t->nll.n);
	put_real("logprob", 0 - t->nll.sum);
	put_real("nll", nll);
	put_real("nll_stderr", error_of(&t->nll));
	put_real("perplexity", exp(nll));
	put_real("perplexity_stderr", exp(nll) * error_of(&t->nll));
	if (vs) {
		put_real("perplexity_vs", exp(mean_of(&t->nll_vs)));
		put_real("kl", mean_of(&t->kl));
		put_real("kl_stderr", error_of(&t->kl));
		put_real("kl_max", t->kl_most);
		put_real("kl_reverse", mean_of(&t->kl_back));
		put_real("top1_agreement", t->nll.n ? (double)t->agree / (double)t->nll.n : NAN);
	}
	fputs("}\n", tool_text());
}

/* --- one prediction ----------------------------------------------------------------------- */

typedef struct place {
	tool_seq *q;
	totals sum;
} place;

static size_t best(const float *x)
{
	size_t at = 0;
	for (size_t i = 1; i < vocab; i++)
		at = x[i] > x[at] ? i : at;
	return at;
}

/* D(p || q) of the two softmaxes, p from a. */
static double divergence(const float *a, const float *b)
{
	size_t i0 = best(a), i1 = best(b);
	double la = seq_logprob(a, vocab, (int32_t)i0) - a[i0], lb = seq_logprob(b, vocab, (int32_t)i1) - b[i1], sum = 0;
	for (size_t i = 0; i < vocab; i++) {
		double pa = a[i] + la, p = exp(pa);
		if (p > 0)
			sum += p * (pa - (b[i] + lb));
	}
	return sum > 0 ? sum : 0;
}

/* Token at of p->q, foretold by logits a (and b of the second model). */
static void score_token(place *p, size_t at, const float *a, const float *b)
{
	int32_t id = p->q->token[at];
	double lp = seq_logprob(a, vocab, id), lq = b ? seq_logprob(b, vocab, id) : 0, kl = 0;
	if (isnan(lp) || isnan(lq))
		tool_die("sequence %u, token %zu: the logits are no finite numbers", p->q->id, at);
	mean_add(&p->sum.nll, -lp);
	if (b) {
		kl = divergence(a, b);
		mean_add(&p->sum.nll_vs, -lq);
		mean_add(&p->sum.kl, kl);
		mean_add(&p->sum.kl_back, divergence(b, a));
		p->sum.kl_most = kl > p->sum.kl_most ? kl : p->sum.kl_most;
		p->sum.agree += best(a) == best(b);
	}
	if (!per_token)
		return;
	fprintf(tool_text(), "{\"seq\":%u,\"at\":%zu,\"id\":%d", p->q->id, at, (int)id);
	put_real("logprob", lp);
	if (b) {
		put_real("logprob_vs", lq);
		put_real("kl", kl);
	}
	fputs("}\n", tool_text());
}

/* --- windows: tokens [begin, end) are run, tokens from `from` on are scored --------------- */

typedef struct part {
	place *p;
	size_t begin, end, from;
	int last;         /* of its sequence */
	seq_state *state;
} part;

static int take_row(void *arg, size_t span, size_t index, const float *logits, seq_error *err)
{
	part *t = (part *)arg + span;
	size_t next = t->begin + index + 1;
	(void)err;
	if (next < t->end && next >= t->from)
		score_token(t->p, next, logits, NULL);
	tool_progress(++done, total);
	return 0;
}

static seq_state *state_for(const side *s, tool_seq *q)
{
	seq_error err;
	seq_state *state = s == &first ? q->state : NULL;
	if (state)
		q->state = NULL;
	else if (seq_state_new(&state, s->net, &err) < 0)
		tool_fail(&err);
	return state;
}

/* The windows t[0] to t[n - 1] as one ragged batch; rows come window after window. */
static void run_batch(part *t, size_t n)
{
	seq_error err;
	seq_span span[BATCH];
	for (size_t i = 0; i < n; i++) {
		t[i].state = state_for(&first, t[i].p->q);
		span[i] = (seq_span){t[i].state, t[i].p->q->token + t[i].begin, t[i].end - t[i].begin};
	}
	/* a window that goes on from a state is alone in its batch */
	const float *held = seq_state_logits(t[0].state);
	if (held && t->from <= t->begin && t->begin < t->end)
		score_token(t->p, t->begin, held, NULL);
	if (seq_net_run_each(first.net, span, n, take_row, t, &err) < 0)
		tool_fail(&err);
	for (size_t i = 0; i < n; i++)
		seq_state_free(t[i].state);
}

/* Both models in step, a block of rows at a time: memory stays a fixed number of rows. */
static void run_both(part *t)
{
	seq_error err;
	size_t rows = BLOCK_BYTES / (8 * vocab);
	rows = rows < 1 ? 1 : rows > BLOCK_ROWS ? BLOCK_ROWS : rows;
	float *a = tool_alloc(rows, 4 * vocab), *b = tool_alloc(rows, 4 * vocab);
	seq_state *sa = state_for(&first, t->p->q), *sb = state_for(&second, t->p->q);
	for (size_t at = t->begin; at < t->end; at += rows) {
		size_t n = t->end - at < rows ? t->end - at : rows;
		seq_span x = {sa, t->p->q->token + at, n}, y = {sb, t->p->q->token + at, n};
		if (seq_net_run(first.net, &x, 1, SEQ_LOGITS_ALL, a, &err) < 0 ||
		    seq_net_run(second.net, &y, 1, SEQ_LOGITS_ALL, b, &err) < 0)
			tool_fail(&err);
		for (size_t i = 0; i < n; i++)
			if (at + i + 1 < t->end && at + i + 1 >= t->from)
				score_token(t->p, at + i + 1, a + i * vocab, b + i * vocab);
		done += n;
		tool_progress(done, total);
	}
	seq_state_free(sa);
	seq_state_free(sb);
	free(a);
	free(b);
}

typedef struct plan {
	place *place;
	part *part;
	size_t n, cap;
} plan;

static void plan_seq(plan *l, place *p)
{
	tool_seq *q = p->q;
	size_t n = q->n, wide = window ? (size_t)window : n, step = stride ? (size_t)stride : wide;
	size_t begin = q->history, from = begin, end;
	if (q->state && (window || vs))
		tool_die("sequence %u: --window and --vs want tokens alone, not a state", q->id);
	do {
		end = n - begin < wide ? n : begin + wide;
		l->part = tool_grow(l->part, &l->cap, l->n + 1, sizeof *l->part);
		l->part[l->n++] = (part){p, begin, end, from, end == n, NULL};
		from = end;
		begin += step;
	} while (end < n);
}

static plan make_plan(const tool_seqs *s)
{
	plan l = {.place = tool_alloc(s->n, sizeof *l.place)};
	for (size_t i = 0; i < s->n; i++) {
		l.place[i].q = s->at[i];
		plan_seq(&l, &l.place[i]);
	}
	return l;
}

/* How many of the parts make the next batch. */
static size_t batch_size(const part *t, size_t left)
{
	size_t n = 0, rows = 0;
	while (n < left && n < BATCH && rows < BATCH_ROWS && (n == 0 || !t[n].p->q->state)) {
		if (t[n].p->q->state)
			return 1;
		rows += t[n].end - t[n].begin;
		n++;
	}
	return n;
}

static void score_all(plan *l, totals *all)
{
	for (size_t at = 0, n; at < l->n; at += n) {
		part *t = l->part + at;
		n = vs ? 1 : batch_size(t, l->n - at);
		if (vs)
			run_both(t);
		else
			run_batch(t, n);
		for (size_t i = 0; i < n; i++) {
			if (!t[i].last)
				continue;
			fprintf(tool_text(), "{\"seq\":%u", t[i].p->q->id);
			put_totals(&t[i].p->sum, t[i].p->q->n - t[i].p->q->history);
			join_totals(all, &t[i].p->sum);
		}
	}
	free(l->part);
	free(l->place);
}

/* --- importances ----------------------------------------------------------------------------- */

static void put_tally(seq_writer *w, const seq_tally *t)
{
	float *square = tool_alloc(t->cols, sizeof *square);
	seq_frame f = {.kind = SEQ_TENSOR, .dtype = SEQ_F32, .rank = 1, .dim = {(uint32_t)t->cols}, .payload = square,
	               .bytes = 4 * t->cols};
	if (snprintf(f.name, sizeof f.name, "%s", t->name) >= (int)sizeof f.name)
		tool_die("tensor %s: its name is too long for a stream", t->name);
	for (size_t i = 0; i < t->cols; i++)
		square[i] = (float)(t->sum[i] / (double)t->rows);
	tool_put(w, &f);
	free(square);
}

/* A frame for each matrix that was used. */
static void put_imatrix(void)
{
	seq_error err;
	tool_file file;
	const seq_tally *t;
	tool_file_open(&file, imatrix);
	seq_writer *w = tool_writer_on(&file, tool_origin(), first.model);
	for (size_t i = 0; (t = seq_net_tally(first.net, i)); i++)
		if (t->rows)
			put_tally(w, t);
	if (seq_writer_close(w, &err) < 0)
		tool_fail(&err);
	tool_file_keep(&file);
}

/* --- setting up ------------------------------------------------------------------------------ */

static void open_second(void)
{
	seq_error err;
	if (seq_model_open(&second.model, vs, &err) < 0)
		tool_fail(&err);
	if (seq_model_vocab(second.model) != seq_model_vocab(first.model))
		tool_die("--vs %s: a vocabulary of %lld, but %s has %lld", vs, (long long)seq_model_vocab(second.model),
		         seq_model_path(first.model), (long long)seq_model_vocab(first.model));
	seq_net_opts own = opts;
	own.threads = tool.threads;
	own.tally = 0;
	if (seq_net_open(&second.net, second.model, &own, &err) < 0)
		tool_fail(&err);
}

static uint64_t count_rows(const tool_seqs *s)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < s->n; i++)
		sum += s->at[i]->n - s->at[i]->history;
	return window && stride && stride < window ? sum * (uint64_t)window / (uint64_t)stride : sum;
}

static void put_all(const tool_seqs *s, const totals *t)
{
	uint64_t tokens = 0;
	for (size_t i = 0; i < s->n; i++)
		tokens += s->at[i]->n - s->at[i]->history;
	fprintf(tool_text(), "{\"sequences\":%zu", s->n);
	put_totals(t, tokens);
}

int main(int argc, char **argv)
{
	tool_seqs seqs;
	totals all = {0};
	tool_begin(&spec, argc, argv);
	if (stride && !window)
		tool_usage("--stride needs --window");
	if (stride > window)
		tool_usage("--stride %lld: at most the window of %lld", (long long)stride, (long long)window);
	first.model = tool_model_open(tool_origin());
	vocab = (size_t)seq_model_vocab(first.model);
	if (vs)
		open_second();
	first.net = tool_gather(&seqs, first.model, &opts, NULL);
	total = count_rows(&seqs);
	double start = tool_seconds();
	if (!tool_is_broken()) {
		plan l = make_plan(&seqs);
		score_all(&l, &all);
		put_all(&seqs, &all);
		if (imatrix)
			put_imatrix();
	}
	int code = tool_end();
	tool_summary(done, tool_seconds() - start, 0);
	tool_seqs_free(&seqs);
	seq_net_free(first.net);
	seq_net_free(second.net);
	seq_model_free(first.model);
	seq_model_free(second.model);
	return code;
}
