/* SPDX-License-Identifier: MIT */
/* prefill: runs tokens through a model and writes what remains, the state. */
#include "tool.h"

#include <stdlib.h>
#include <string.h>

enum { OPT_CHUNK = 256, OPT_CTX, OPT_KV, OPT_ACT, OPT_LOGITS, GROUP = 64, BLOCK_BYTES = 1 << 20 };

static const char help[] =
	"usage: prefill [options] [file...]\n"
	"Runs tokens (after an earlier state, if one comes with them) and writes the state.\n\n"
	"      --chunk N        tokens run at once (512)\n"
	"      --ctx N          most tokens of a sequence (no limit but memory)\n"
	"      --kv TYPE        keys and values as f16 (default), f32, bf16 or q8_0\n"
	"      --act TYPE       activations for quantised weights: q8 (default) or f32\n"
	"      --logits WHICH   last (default, in the state), all (as frames too) or none\n\n";

static const struct option longs[] = {
	{"chunk", required_argument, NULL, OPT_CHUNK}, {"ctx", required_argument, NULL, OPT_CTX},
	{"kv", required_argument, NULL, OPT_KV},       {"act", required_argument, NULL, OPT_ACT},
	{"logits", required_argument, NULL, OPT_LOGITS}, {0}};

static seq_net_opts opts;
static enum seq_logits want = SEQ_LOGITS_LAST;

static void take(int opt, const char *value)
{
	static const char *const kinds[] = {"none", "last", "all", NULL};
	if (tool_net_option(opt, value, &opts, OPT_CHUNK))
		return;
	want = (enum seq_logits[]){SEQ_LOGITS_NONE, SEQ_LOGITS_LAST, SEQ_LOGITS_ALL}[tool_choice("--logits", value, kinds)];
}

static const tool_spec spec = {"prefill", help, "", longs, take, TOOL_MODEL | TOOL_SEQ | TOOL_THREADS | TOOL_STREAM};

/* --- logits of every position, a block of rows a frame ------------------------------- */

typedef struct rows {
	seq_writer *w;
	const uint32_t *id; /* of every span */
	size_t vocab, most, n, span;
	uint64_t done, total;
	float *row;
} rows;

static void put_rows(rows *r)
{
	if (!r->n)
		return;
	seq_frame f = {.kind = SEQ_LOGITS, .dtype = SEQ_F32, .rank = 2, .dim = {(uint32_t)r->n, (uint32_t)r->vocab},
	               .seq = r->id[r->span], .payload = r->row, .bytes = 4 * r->n * r->vocab};
	tool_put(r->w, &f);
	r->n = 0;
}

static int take_row(void *arg, size_t span, size_t index, const float *logits, seq_error *err)
{
	rows *r = arg;
	(void)index;
	(void)err;
	if (span != r->span || r->n == r->most)
		put_rows(r);
	r->span = span;
	memcpy(r->row + r->n++ * r->vocab, logits, 4 * r->vocab);
	tool_progress(++r->done, r->total);
	return 0;
}

static void run_all(tool_seq **q, size_t n, seq_net *net, seq_writer *w)
{
	seq_error err;
	seq_span *span = tool_alloc(n, sizeof *span);
	uint32_t *id = tool_alloc(n, sizeof *id);
	rows r = {.w = w, .id = id, .vocab = (size_t)seq_model_vocab(seq_net_model(net))};
	r.most = 4 * r.vocab < BLOCK_BYTES ? BLOCK_BYTES / (4 * r.vocab) : 1;
	r.row = tool_alloc(r.most, 4 * r.vocab);
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		size_t new = q[i]->n - q[i]->history;
		if (!new)
			continue;
		id[k] = q[i]->id;
		span[k++] = (seq_span){q[i]->state, q[i]->token + q[i]->history, new};
		q[i]->history = q[i]->n;
		r.total += new;
	}
	if (k && seq_net_run_each(net, span, k, take_row, &r, &err) < 0)
		tool_fail(&err);
	put_rows(&r);
	free(r.row);
	free(id);
	free(span);
}

/* --- groups of sequences ---------------------------------------------------------------- */

/* Runs and writes n sequences as one batch; their states are freed.  Returns the bytes they held. */
static size_t run_group(tool_seq **q, size_t n, seq_net *net, seq_writer *w)
{
	size_t bytes = 0;
	for (size_t i = 0; i < n; i++)
		tool_seq_state(q[i], net);
	if (want == SEQ_LOGITS_ALL)
		run_all(q, n, net, w);
	else
		tool_run(q, n, net, want);
	for (size_t i = 0; i < n; i++) {
		tool_put_state(w, q[i]);
		bytes += seq_state_bytes(q[i]->state);
		seq_state_free(q[i]->state);
		q[i]->state = NULL;
	}
	return bytes;
}

int main(int argc, char **argv)
{
	tool_seqs seqs;
	tool_begin(&spec, argc, argv);
	seq_model *m = tool_model_open(tool_origin());
	seq_writer *w = tool_writer(tool_origin(), m);
	seq_net *net = tool_gather(&seqs, m, &opts, w);
	double start = tool_seconds();
	size_t bytes = 0;
	uint64_t tokens = 0;
	for (size_t i = 0; i < seqs.n; i++)
		tokens += seqs.at[i]->n - seqs.at[i]->history;
	for (size_t i = 0; i < seqs.n && !tool_is_broken(); i += GROUP)
		bytes += run_group(seqs.at + i, seqs.n - i < GROUP ? seqs.n - i : GROUP, net, w);
	int code = tool_end();
	tool_summary(tokens, tool_seconds() - start, bytes);
	tool_seqs_free(&seqs);
	seq_net_free(net);
	seq_model_free(m);
	return code;
}
