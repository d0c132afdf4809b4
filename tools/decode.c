/* SPDX-License-Identifier: MIT */
/* decode: goes on from states, a token at a time for all sequences at once. */
#include "tool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "seq/gen.h"
#include "seq/token.h"
#include "stop.h"

enum {
	OPT_NET = 256, OPT_IGNORE_EOS = 300, OPT_TEMP, OPT_TOP_K, OPT_TOP_P, OPT_MIN_P, OPT_TYPICAL, OPT_EPSILON, OPT_ETA, OPT_SIGMA,
	OPT_REPEAT, OPT_PRESENCE, OPT_FREQUENCY, OPT_LAST_N, OPT_NO_REPEAT, OPT_BIAS, OPT_SEED, OPT_STOP, OPT_STOP_TOKEN,
	OPT_ECHO, OPT_LOGPROBS, OPT_STATE_OUT, GROUP = 256
};

static const char help[] =
	"usage: decode [options] [file...]\n"
	"Goes on from states, states and new tokens, or tokens alone; writes the new tokens.\n\n"
	"  -n, --max N          most new tokens of a sequence (256)\n"
	"      --temp X         temperature (0.8); 0 takes the likeliest\n"
	"      --top-k N  --top-p X  --min-p X  --typical X  --epsilon X  --eta X\n"
	"      --top-n-sigma X  what may be chosen (0, 0.95, 0.05, 1, 0, 0, 0)\n"
	"      --repeat-penalty X  --presence-penalty X  --frequency-penalty X\n"
	"      --last-n N       how far back these look (64; -1: everything)\n"
	"      --no-repeat N    say no N tokens in a row twice\n"
	"      --logit-bias ID=X   add X to a logit; -inf forbids; may be repeated\n"
	"      --seed N         (0) the same seed gives the same tokens\n"
	"      --stop STRING    end before this text; may be repeated\n"
	"      --stop-token ID  end before this token; may be repeated\n"
	"      --ignore-eos     never choose a token that ends a text\n"
	"      --echo           write the prompt's tokens too\n"
	"      --logprobs       a tensor `logprob` after every token\n"
	"      --state-out FILE at the end, the states\n"
	"      --chunk N  --ctx N  --kv TYPE  --act TYPE   as in prefill\n\n";

static const struct option longs[] = {
	{"max", required_argument, NULL, 'n'}, {"ignore-eos", no_argument, NULL, OPT_IGNORE_EOS},
	{"temp", required_argument, NULL, OPT_TEMP}, {"top-k", required_argument, NULL, OPT_TOP_K},
	{"top-p", required_argument, NULL, OPT_TOP_P}, {"min-p", required_argument, NULL, OPT_MIN_P},
	{"typical", required_argument, NULL, OPT_TYPICAL}, {"epsilon", required_argument, NULL, OPT_EPSILON},
	{"top-n-sigma", required_argument, NULL, OPT_SIGMA},
	{"eta", required_argument, NULL, OPT_ETA}, {"repeat-penalty", required_argument, NULL, OPT_REPEAT},
	{"presence-penalty", required_argument, NULL, OPT_PRESENCE},
	{"frequency-penalty", required_argument, NULL, OPT_FREQUENCY}, {"last-n", required_argument, NULL, OPT_LAST_N},
	{"no-repeat", required_argument, NULL, OPT_NO_REPEAT}, {"logit-bias", required_argument, NULL, OPT_BIAS},
	{"seed", required_argument, NULL, OPT_SEED}, {"stop", required_argument, NULL, OPT_STOP},
	{"stop-token", required_argument, NULL, OPT_STOP_TOKEN}, {"echo", no_argument, NULL, OPT_ECHO},
	{"logprobs", no_argument, NULL, OPT_LOGPROBS}, {"state-out", required_argument, NULL, OPT_STATE_OUT},
	{"chunk", required_argument, NULL, OPT_NET}, {"ctx", required_argument, NULL, OPT_NET + 1},
	{"kv", required_argument, NULL, OPT_NET + 2}, {"act", required_argument, NULL, OPT_NET + 3}, {0}};

static seq_net_opts opts;
static seq_sampler_opts how = SEQ_SAMPLER_DEFAULTS;
static stop_list stops;
static int64_t most = 256;
static int ignore_eos, echo, logprobs;
static const char *state_out;
static seq_bias *bias;
static int32_t *stop_id;
static size_t nbias, bias_cap, nstop, stop_cap;

static void add_bias(int32_t id, float add)
{
	bias = tool_grow(bias, &bias_cap, nbias + 1, sizeof *bias);
	bias[nbias++] = (seq_bias){id, add};
}

static void take_bias(const char *value)
{
	const char *eq = strchr(value, '=');
	char id[16];
	if (!eq || eq == value || (size_t)(eq - value) >= sizeof id)
		tool_usage("--logit-bias %s: ID=NUMBER is wanted", value);
	memcpy(id, value, (size_t)(eq - value));
	id[eq - value] = 0;
	add_bias((int32_t)tool_int("--logit-bias", id, 0, INT32_MAX),
	         strcmp(eq + 1, "-inf") ? (float)tool_real("--logit-bias", eq + 1, -1e9, 1e9) : -INFINITY);
}

static void take(int opt, const char *v)
{
	switch (opt) {
	case 'n': most = tool_size("-n", v, 0, INT64_C(1) << 40); break;
	case OPT_IGNORE_EOS: ignore_eos = 1; break;
	case OPT_TEMP: how.temp = (float)tool_real("--temp", v, 0, 1000); break;
	case OPT_TOP_K: how.top_k = (int)tool_int("--top-k", v, 0, INT32_MAX); break;
	case OPT_TOP_P: how.top_p = (float)tool_real("--top-p", v, 0, 1); break;
	case OPT_MIN_P: how.min_p = (float)tool_real("--min-p", v, 0, 1); break;
	case OPT_TYPICAL: how.typical = (float)tool_real("--typical", v, 0, 1); break;
	case OPT_EPSILON: how.epsilon = (float)tool_real("--epsilon", v, 0, 1); break;
	case OPT_ETA: how.eta = (float)tool_real("--eta", v, 0, 1); break;
	case OPT_SIGMA: how.n_sigma = (float)tool_real("--top-n-sigma", v, 0, 1e6); break;
	case OPT_REPEAT: how.repetition = (float)tool_real("--repeat-penalty", v, 0.01, 100); break;
	case OPT_PRESENCE: how.presence = (float)tool_real("--presence-penalty", v, -100, 100); break;
	case OPT_FREQUENCY: how.frequency = (float)tool_real("--frequency-penalty", v, -100, 100); break;
	case OPT_LAST_N: how.last_n = (int)tool_int("--last-n", v, -1, INT32_MAX); break;
	case OPT_NO_REPEAT: how.no_repeat = (int)tool_int("--no-repeat", v, 0, 1000); break;
	case OPT_BIAS: take_bias(v); break;
	case OPT_SEED: how.seed = tool_u64("--seed", v); break;
	case OPT_STOP: stop_list_add(&stops, v); break;
	case OPT_STOP_TOKEN:
		stop_id = tool_grow(stop_id, &stop_cap, nstop + 1, sizeof *stop_id);
		stop_id[nstop++] = (int32_t)tool_int("--stop-token", v, 0, INT32_MAX);
		break;
	case OPT_ECHO: echo = 1; break;
	case OPT_LOGPROBS: logprobs = 1; break;
	case OPT_STATE_OUT: state_out = v; break;
	default: tool_net_option(opt, v, &opts, OPT_NET);
	}
}

static const tool_spec spec = {"decode", help, "n:", longs, take, TOOL_MODEL | TOOL_SEQ | TOOL_THREADS | TOOL_STREAM};

static seq_net *net;
static seq_vocab *vocab; /* NULL: the model has none */
static seq_sampler *sampler;
static seq_writer *out, *states;
static uint64_t made_in_all;

/* --- one sequence ---------------------------------------------------------------------- */

typedef struct run {
	tool_seq *q;
	int active;
	int64_t made;
	stop_held held;
	seq_mark *mark;     /* the state after `marked` tokens of q, nothing held back */
	size_t marked;
} run;

static void put_token(const tool_seq *q, int32_t id, double logprob)
{
	tool_put_tokens(out, q, &id, 1);
	if (!logprobs)
		return;
	seq_frame f = {.kind = SEQ_TENSOR, .dtype = SEQ_F64, .rank = 1, .dim = {1}, .seq = q->id, .name = "logprob",
	               .payload = &logprob, .bytes = sizeof logprob};
	tool_put(out, &f);
}

static void release(run *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_token(r->q, r->held.token[i].id, r->held.token[i].logprob);
	stop_drop(&r->held, n);
}

/* The text ends here: the state goes back to the tokens that were written. */
static void end_at_stop(run *r, size_t sure, int32_t *rest, size_t nrest)
{
	seq_error err;
	r->q->n -= r->held.n - sure;
	release(r, sure);
	r->held.n = 0;
	r->active = 0;
	for (size_t i = 0; i < nrest; i++)
		put_token(r->q, rest[i], NAN);
	tool_seq_push(r->q, rest, nrest);
	free(rest);
	if (!states)
		return;
	if (seq_state_rollback(r->q->state, r->mark, &err) < 0)
		tool_fail(&err);
	r->q->history = r->marked;
}

static void emit(run *r, int32_t id, double logprob)
{
	size_t sure, nrest = 0;
	int32_t *rest = NULL;
	tool_seq_push(r->q, &id, 1);
	if (!stops.n)
		put_token(r->q, id, logprob);
	else if (stop_push(&r->held, &stops, id, logprob, &sure, &rest, &nrest))
		end_at_stop(r, sure, rest, nrest);
	else
		release(r, sure);
}

static int stops_at(int32_t id)
{
	for (size_t i = 0; i < nstop; i++)
		if (stop_id[i] == id)
			return 1;
	return 0;
}

static void choose(run *r)
{
	tool_seq *q = r->q;
	const float *logits = seq_state_logits(q->state);
	uint64_t at = (uint64_t)seq_state_len(q->state);
	size_t size = (size_t)seq_model_vocab(seq_net_model(net));
	if (opts.context && at >= (uint64_t)opts.context) {
		tool_warn("sequence %u: the context of %lld tokens is full", q->id, (long long)opts.context);
		r->active = 0;
		return;
	}
	int32_t id = seq_sample(sampler, logits, q->token, q->n, q->id, at);
	if (id < 0)
		tool_broken("sequence %u, position %llu: the logits are no finite numbers", q->id, (unsigned long long)at);
	if (id < 0 || stops_at(id)) {
		r->active = 0;
		return;
	}
	emit(r, id, logprobs ? seq_logprob(logits, size, id) : 0);
	r->made++;
	made_in_all++;
	if (r->made == most || (vocab && seq_vocab_is_end(vocab, id)))
		r->active = 0;
}

/* --- all sequences ------------------------------------------------------------------------ */

static void set_marks(run *r, size_t n)
{
	seq_error err;
	for (size_t i = 0; i < n && states && stops.n; i++) {
		if (!r[i].active || r[i].held.n)
			continue;
		seq_mark_free(r[i].q->state, r[i].mark);
		r[i].mark = NULL;
		r[i].marked = r[i].q->n;
		if (seq_state_mark(&r[i].mark, r[i].q->state, &err) < 0)
			tool_fail(&err);
	}
}

static void loop(run *r, size_t n, size_t nseqs)
{
	tool_seq **next = tool_alloc(n, sizeof *next);
	for (size_t k = n; k && !tool_is_broken();) {
		k = 0;
		set_marks(r, n);
		for (size_t i = 0; i < n; i++) {
			if (!r[i].active)
				continue;
			choose(&r[i]);
			if (r[i].active || states)
				next[k++] = r[i].q;
		}
		tool_flush(out);
		tool_run(next, k, net, SEQ_LOGITS_LAST);
		tool_progress(made_in_all, (uint64_t)most * nseqs);
	}
	free(next);
}

/* Prompt, generation and states of n sequences; returns the bytes their states held. */
static size_t run_group(tool_seq **q, size_t n, size_t nseqs)
{
	size_t bytes = 0;
	run *r = tool_alloc(n, sizeof *r);
	tool_run(q, n, net, SEQ_LOGITS_LAST);
	for (size_t i = 0; i < n; i++) {
		r[i] = (run){.q = q[i], .active = most != 0};
		if (!q[i]->state)
			tool_die("sequence %u has neither tokens nor a state to go on from", q[i]->id);
		if (!seq_state_logits(q[i]->state))
			tool_die("sequence %u: its state has no logits; give it one token more, or prefill with --logits last",
			         q[i]->id);
		if (echo)
			tool_put_tokens(out, q[i], q[i]->token, q[i]->n);
	}
	loop(r, n, nseqs);
	for (size_t i = 0; i < n; i++) {
		release(&r[i], r[i].held.n);
		bytes += seq_state_bytes(q[i]->state);
		if (states && !tool_is_broken())
			tool_put_state(states, q[i]);
		seq_mark_free(q[i]->state, r[i].mark);
		stop_free(&r[i].held);
		seq_state_free(q[i]->state);
		q[i]->state = NULL;
	}
	free(r);
	return bytes;
}

/* --- setting up ------------------------------------------------------------------------------- */

static void open_vocab(const seq_model *m)
{
	seq_error err;
	if (seq_vocab_open(&vocab, seq_model_path(m), &err) < 0) {
		vocab = NULL;
		if (err.code == SEQ_E_NOMEM)
			tool_fail(&err);
		if (stops.n || ignore_eos)
			tool_die("%s needs the model's vocabulary: %s", stops.n ? "--stop" : "--ignore-eos", err.text);
		tool_warn("no token ends a text, for the model has no vocabulary: %s", err.text);
	}
	stops.vocab = vocab;
	int64_t n = seq_model_vocab(m);
	for (int32_t id = 0; ignore_eos && id < n; id++)
		if (seq_vocab_is_end(vocab, id))
			add_bias(id, -INFINITY);
}

static void open_sampler(const seq_model *m)
{
	seq_error err;
	size_t n = (size_t)seq_model_vocab(m);
	for (size_t i = 0; i < nstop; i++)
		if ((size_t)stop_id[i] >= n)
			tool_usage("--stop-token %d: the vocabulary has %zu tokens", (int)stop_id[i], n);
	for (size_t i = 0; i < nbias; i++)
		if ((size_t)bias[i].id >= n)
			tool_usage("--logit-bias %d: the vocabulary has %zu tokens", (int)bias[i].id, n);
	how.bias = bias;
	how.nbias = nbias;
	if (seq_sampler_new(&sampler, n, &how, &err) < 0)
		tool_fail(&err);
}

static void end_states(tool_file *file)
{
	seq_error err;
	if (!states)
		return;
	if (tool_is_broken()) {
		seq_writer_abandon(states);
		tool_file_drop(file);
		return;
	}
	if (seq_writer_close(states, &err) < 0)
		tool_fail(&err);
	tool_file_keep(file);
}

int main(int argc, char **argv)
{
	tool_seqs seqs;
	tool_file file;
	tool_begin(&spec, argc, argv);
	tool.seed = how.seed;
	tool.seed_set = how.temp > 0;
	seq_model *m = tool_model_open(tool_origin());
	open_vocab(m);
	open_sampler(m);
	out = tool_writer(tool_origin(), m);
	if (state_out) {
		tool_file_open(&file, state_out);
		states = tool_writer_on(&file, tool_origin(), m);
	}
	net = tool_gather(&seqs, m, &opts, out);
	double start = tool_seconds();
	size_t bytes = 0;
	for (size_t i = 0; i < seqs.n && !tool_is_broken(); i += GROUP)
		bytes += run_group(seqs.at + i, seqs.n - i < GROUP ? seqs.n - i : GROUP, seqs.n);
	end_states(&file);
	int code = tool_end();
	tool_summary(made_in_all, tool_seconds() - start, bytes);
	tool_seqs_free(&seqs);
	seq_sampler_free(sampler);
	seq_net_free(net);
	seq_vocab_free(vocab);
	seq_model_free(m);
	free(bias);
	free(stop_id);
	return code;
}
