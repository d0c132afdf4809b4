/* SPDX-License-Identifier: MIT */
/* The law of same bits over whole models: threads, chunks, neighbours, saves, marks, copies
 * and CPU levels never change a logit.  Everything is compared by memcmp.
 *
 *     test_laws_net                all models of tests/ref
 *     test_laws_net --digest DIR   prints the digest of a model's logits (used for SEQ_CPU) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../golden/golden_case.h"
#include "base/hash.h"
#include "seq/frame.h"

enum { LEN = 213, SEQS = 5 };

static int failed, checked;
static const char *where = "";

static void law(int ok, const char *what)
{
	checked++;
	if (!ok) {
		failed++;
		printf("FAIL %s: %s\n", where, what);
	}
}

#define MUST(call) do { if ((call) < 0) { printf("FAIL %s: %s: %s\n", where, #call, err.text); failed++; return; } } while (0)

struct model {
	golden_case c;
	seq_model *m;
	size_t V;
	size_t len;                /* of the sequences */
	int32_t token[SEQS][LEN];
	float *want[SEQS];         /* [len][V], by one thread, one at a time, all at once */
	seq_net_opts base;
};

static seq_net *open_net(const struct model *m, int threads, int chunk)
{
	seq_net_opts o = m->base;
	seq_error err;
	seq_net *net = NULL;
	o.threads = threads;
	o.chunk = chunk;
	if (seq_net_open(&net, m->m, &o, &err) < 0)
		printf("FAIL %s: %s\n", where, err.text), failed++;
	return net;
}

/* Runs tokens [from, to) of sequence q; the logits go to out (row from first). */
static int run(seq_net *net, seq_state *s, const struct model *m, size_t q, size_t from, size_t to, float *out, seq_error *err)
{
	seq_span span = {s, m->token[q] + from, to - from};
	return seq_net_run(net, &span, 1, SEQ_LOGITS_ALL, out + from * m->V, err);
}

static int same(const struct model *m, size_t q, const float *got, size_t from, size_t to)
{
	return !memcmp(got + from * m->V, m->want[q] + from * m->V, (to - from) * m->V * sizeof *got);
}

static void law_threads_chunks(const struct model *m, float *out)
{
	/* Where cores are few every meeting of the threads costs a time slice: small chunks, few tokens. */
	static const int threads[] = {1, 2, 3, 8}, chunk[] = {1, 7, 64, 0};
	static const size_t most[4][4] = {{LEN, LEN, LEN, LEN}, {20, 70, LEN, LEN}, {4, 14, 130, LEN}, {0, 7, 64, 130}};
	seq_error err = {0};
	for (int t = 0; t < 4; t++)
		for (int c = 0; c < 4; c++) {
			char what[64];
			seq_state *s;
			size_t n = most[t][c] < m->len ? most[t][c] : m->len;
			if (!n)
				continue;
			seq_net *net = open_net(m, threads[t], chunk[c]);
			if (!net)
				return;
			MUST(seq_state_new(&s, net, &err));
			memset(out, 0, m->len * m->V * sizeof *out);
			MUST(run(net, s, m, 0, 0, n, out, &err));
			snprintf(what, sizeof what, "%d threads, chunk %d", threads[t], chunk[c]);
			law(same(m, 0, out, 0, n), what);
			law(!memcmp(seq_state_logits(s), out + (n - 1) * m->V, m->V * 4), "last logits are kept");
			seq_state_free(s);
			seq_net_free(net);
		}
}

/* A prompt, then single steps at depth: lanes share blocks of keys. */
static void law_steps(const struct model *m, float *out)
{
	seq_error err = {0};
	for (int threads = 1; threads <= 8; threads = threads == 3 ? 8 : threads + 1) {
		seq_state *s;
		seq_net *net = open_net(m, threads, 0);
		if (!net)
			return;
		MUST(seq_state_new(&s, net, &err));
		size_t from = m->len - (threads == 8 ? 2 : 5);
		MUST(run(net, s, m, 1, 0, from, out, &err));
		for (size_t i = from; i < m->len; i++)
			MUST(run(net, s, m, 1, i, i + 1, out, &err));
		law(same(m, 1, out, 0, m->len), "prompt then steps");
		law(seq_state_len(s) == (int64_t)m->len, "length");
		seq_state_free(s);
		seq_net_free(net);
	}
}

/* Five sequences of unequal length at once, in rounds of unequal pieces. */
static void law_batch(const struct model *m)
{
	seq_error err = {0};
	seq_net *net = open_net(m, 2, 50);
	seq_state *s[SEQS];
	size_t at[SEQS] = {0}, V = m->V;
	float *out = malloc(SEQS * m->len * V * sizeof *out);
	if (!net || !out)
		return;
	for (int q = 0; q < SEQS; q++)
		MUST(seq_state_new(&s[q], net, &err));
	for (int round = 0; round < 40; round++) {
		seq_span span[SEQS];
		size_t n = 0, rows = 0;
		for (size_t q = 0; q < SEQS; q++) {
			size_t piece = (q * 13 + (size_t)round * 7) % 31, left = m->len - q * 5 - at[q];
			piece = piece < left ? piece : left;
			if (piece)
				span[n++] = (seq_span){s[q], m->token[q] + at[q], piece};
		}
		MUST(seq_net_run(net, span, n, SEQ_LOGITS_ALL, out, &err));
		for (size_t i = 0; i < n; i++)
			for (size_t q = 0; q < SEQS; q++)
				if (span[i].state == s[q]) {
					law(!memcmp(out + rows * V, m->want[q] + at[q] * V, span[i].n * V * 4), "ragged batch");
					at[q] += span[i].n;
					rows += span[i].n;
				}
	}
	for (int q = 0; q < SEQS; q++)
		seq_state_free(s[q]);
	seq_net_free(net);
	free(out);
}

static int save(const seq_state *s, int fd, seq_error *err)
{
	seq_writer *w;
	seq_writer_opts o = {.name = "state"};
	int rc = seq_writer_open(&w, fd, &o, err);
	if (rc < 0)
		return rc;
	if ((rc = seq_state_save(s, w, 3, err)) < 0) {
		seq_writer_abandon(w);
		return rc;
	}
	return seq_writer_close(w, err);
}

static int load(seq_state *s, int fd, seq_error *err)
{
	seq_reader *r;
	seq_frame f;
	int rc = seq_reader_open(&r, fd, 0, "state", err), done = 0;
	if (rc < 0)
		return rc;
	while ((rc = seq_reader_next(r, &f, err)) > 0) {
		rc = seq_state_load(s, &f, err);
		if (rc < 0)
			break;
		done |= rc;
	}
	seq_reader_close(r);
	return rc < 0 ? rc : done ? 0 : -1;
}

/* Saves in a child, loads here: a pipe with somebody at each end. */
static int load_from_pipe(seq_state *to, const seq_state *from, seq_error *err)
{
	int fd[2], status = 0;
	if (pipe(fd) < 0)
		return -1;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		close(fd[0]);
		_exit(save(from, fd[1], err) < 0);
	}
	close(fd[1]);
	int rc = load(to, fd[0], err);
	close(fd[0]);
	waitpid(child, &status, 0);
	return rc < 0 || status ? -1 : 0;
}

static int load_from_file(seq_state *to, const seq_state *from, seq_error *err)
{
	FILE *f = tmpfile();
	if (!f)
		return -1;
	int rc = save(from, fileno(f), err);
	if (rc == 0 && lseek(fileno(f), 0, SEEK_SET) == 0)
		rc = load(to, fileno(f), err);
	fclose(f);
	return rc;
}

static void law_saves(const struct model *m, float *out)
{
	static const size_t cut[] = {0, 1, 3, 63, 64, 65, 130, 192, 200};
	seq_error err = {0};
	seq_net *a = open_net(m, 1, 0), *b = open_net(m, 2, 60);
	for (size_t k = 0; a && b && k < sizeof cut / sizeof cut[0] && cut[k] < m->len; k++) {
		seq_state *s, *t;
		MUST(seq_state_new(&s, a, &err));
		MUST(seq_state_new(&t, b, &err));
		MUST(run(b, t, m, 3, 0, 20, out, &err)); /* something else is in the way */
		if (cut[k])
			MUST(run(a, s, m, 2, 0, cut[k], out, &err));
		MUST(k % 2 ? load_from_pipe(t, s, &err) : load_from_file(t, s, &err));
		law(seq_state_len(t) == (int64_t)cut[k], "length of a loaded state");
		law(!seq_state_logits(t) == !seq_state_logits(s), "last logits of a loaded state");
		law(!cut[k] || !memcmp(seq_state_logits(t), seq_state_logits(s), m->V * 4), "last logits of a loaded state");
		MUST(run(b, t, m, 2, cut[k], m->len, out, &err));
		law(same(m, 2, out, cut[k], m->len), "saved, loaded, run on");
		seq_state_free(s);
		seq_state_free(t);
	}
	seq_net_free(a);
	seq_net_free(b);
}

static char *bytes_of(const seq_state *s, size_t *n)
{
	seq_error err;
	FILE *f = tmpfile();
	char *p = NULL;
	if (f && save(s, fileno(f), &err) == 0) {
		off_t len = lseek(fileno(f), 0, SEEK_END);
		p = malloc((size_t)len + 1);
		if (p && pread(fileno(f), p, (size_t)len, 0) == len)
			*n = (size_t)len;
	}
	if (f)
		fclose(f);
	return p;
}

/* Runs away from a mark and comes back: as if never run, down to the saved bytes. */
static void law_marks(const struct model *m, float *out)
{
	static const size_t at[] = {0, 5, 64, 100}, away[] = {1, 40, 90};
	seq_error err = {0};
	seq_net *net = open_net(m, 1, 32);
	for (size_t i = 0; net && i < 4; i++)
		for (size_t k = 0; k < 3; k++) {
			seq_state *s, *copy;
			seq_mark *mark, *later;
			size_t n0 = 0, n1 = 0;
			if (at[i] + away[k] >= m->len)
				continue;
			MUST(seq_state_new(&s, net, &err));
			MUST(run(net, s, m, 4, 0, at[i], out, &err));
			char *before = bytes_of(s, &n0);
			MUST(seq_state_mark(&mark, s, &err));
			MUST(seq_state_copy(&copy, s, &err));
			MUST(run(net, s, m, 0, at[i], at[i] + away[k], out, &err));
			MUST(seq_state_mark(&later, s, &err));
			MUST(seq_state_rollback(s, mark, &err));
			law(seq_state_rollback(s, later, &err) < 0, "a mark behind which the state was rolled back is refused");
			char *after = bytes_of(s, &n1);
			law(before && after && n0 == n1 && !memcmp(before, after, n0), "saved bytes after rollback");
			MUST(run(net, s, m, 4, at[i], m->len, out, &err));
			law(same(m, 4, out, at[i], m->len), "mark, run, rollback, run on");
			seq_mark_free(s, mark);
			MUST(run(net, copy, m, 4, at[i], m->len, out, &err));
			law(same(m, 4, out, at[i], m->len), "copy, run on");
			free(before);
			free(after);
			seq_state_free(s); /* frees the mark that is left */
			seq_state_free(copy);
		}
	seq_net_free(net);
}

/* What is refused changes nothing. */
static void law_refusals(const struct model *m, float *out)
{
	seq_error err = {0};
	seq_net *net = open_net(m, 1, 0);
	seq_state *s;
	int32_t bad[2] = {1, (int32_t)m->V}, low[1] = {-1};
	if (!net)
		return;
	MUST(seq_state_new(&s, net, &err));
	MUST(run(net, s, m, 0, 0, 10, out, &err));
	seq_span wrong[] = {{s, bad, 2}}, twice[] = {{s, m->token[0], 1}, {s, m->token[0], 1}}, neg[] = {{s, low, 1}};
	law(seq_net_run(net, wrong, 1, SEQ_LOGITS_NONE, NULL, &err) == SEQ_E_ARG, "a token outside the vocabulary is refused");
	law(seq_net_run(net, neg, 1, SEQ_LOGITS_NONE, NULL, &err) == SEQ_E_ARG, "a negative token is refused");
	law(seq_net_run(net, twice, 2, SEQ_LOGITS_NONE, NULL, &err) == SEQ_E_ARG, "a state that appears twice is refused");
	law(seq_state_len(s) == 10, "length after refusals");
	MUST(run(net, s, m, 0, 10, m->len, out, &err));
	law(same(m, 0, out, 0, m->len), "run on after refusals");
	seq_state_free(s);
	seq_net_free(net);
	seq_net_opts o = m->base;
	o.context = 20;
	net = NULL;
	MUST(seq_net_open(&net, m->m, &o, &err));
	MUST(seq_state_new(&s, net, &err));
	MUST(run(net, s, m, 0, 0, 20, out, &err));
	seq_span more = {s, m->token[0], 1};
	law(seq_net_run(net, &more, 1, SEQ_LOGITS_NONE, NULL, &err) == SEQ_E_ARG, "a full context is refused");
	seq_state_free(s);
	seq_net_free(net);
}

static int open_model(struct model *m, const char *dir)
{
	seq_error err = {0};
	if (golden_open(&m->c, dir) < 0)
		return -1;
	if (seq_model_open(&m->m, m->c.model, &err) < 0) {
		printf("SKIP %s\n", err.text);
		golden_free(&m->c);
		return -1;
	}
	m->V = (size_t)seq_model_vocab(m->m);
	m->len = LEN;
	if (!strcmp(seq_model_arch(m->m), "gpt2") && seq_model_context(m->m) < LEN)
		m->len = (size_t)seq_model_context(m->m);
	for (size_t q = 0; q < SEQS; q++)
		for (size_t i = 0; i < LEN; i++)
			m->token[q][i] = (m->c.token[(i * (q + 1) + q) % m->c.T] + (int32_t)(i / m->c.T)) % (int32_t)m->V;
	return 0;
}

static void close_model(struct model *m)
{
	for (int q = 0; q < SEQS; q++)
		free(m->want[q]);
	seq_model_free(m->m);
	golden_free(&m->c);
}

static int reference(struct model *m)
{
	seq_error err = {0};
	seq_net *net = open_net(m, 1, 0);
	for (size_t q = 0; net && q < SEQS; q++) {
		seq_state *s = NULL;
		m->want[q] = malloc(m->len * m->V * sizeof(float));
		if (!m->want[q] || seq_state_new(&s, net, &err) < 0 || run(net, s, m, q, 0, m->len, m->want[q], &err) < 0) {
			printf("FAIL %s: %s\n", where, err.text);
			failed++;
			seq_net_free(net);
			return -1;
		}
		seq_state_free(s);
	}
	seq_net_free(net);
	return net ? 0 : -1;
}

static int digest_child(const char *dir)
{
	struct model m = {.base = {.context = LEN}};
	if (open_model(&m, dir) < 0 || reference(&m) < 0)
		return 1;
	for (int q = 0; q < SEQS; q++)
		printf("%016llx\n", (unsigned long long)seqp_hash64(m.want[q], m.len * m.V * 4));
	close_model(&m);
	return 0;
}

/* The same digests whatever SEQ_CPU says. */
static void law_cpu(const char *self, const char *dir)
{
#ifdef __aarch64__
	static const char *const level[] = {"c", "neon", "native"};
#else
	static const char *const level[] = {"c", "avx2", "avx512", "native"};
#endif
	const char *emulator = getenv("SEQ_EMULATOR");
	char first[512] = "", got[512], cmd[4096];
	for (size_t i = 0; i < sizeof level / sizeof level[0]; i++) {
		snprintf(cmd, sizeof cmd, "SEQ_CPU=%s %s '%s' --digest '%s'", level[i], emulator ? emulator : "", self, dir);
		FILE *p = popen(cmd, "r");
		size_t n = p ? fread(got, 1, sizeof got - 1, p) : 0;
		got[n] = 0;
		int rc = p ? pclose(p) : -1;
		law(rc == 0 && n > 16, "runs at every CPU level");
		if (i == 0)
			strcpy(first, got);
		law(!strcmp(first, got), level[i]);
	}
}

static const char *program;

static void one(const char *dir, void *arg)
{
	const seq_net_opts *o = arg;
	struct model m = {.base = {.context = LEN}};
	int before = failed;
	where = strrchr(dir, '/') + 1;
	if (o)
		m.base = *o;
	if (open_model(&m, dir) < 0)
		return;
	float *out = malloc(m.len * m.V * sizeof *out);
	if (out && reference(&m) == 0) {
		law_threads_chunks(&m, out);
		/* the other weight types differ in their kernels alone */
		if (!m.c.quantised || strstr(dir, "Q4_K_M")) {
			law_steps(&m, out);
			law_batch(&m);
			law_saves(&m, out);
			law_marks(&m, out);
			law_refusals(&m, out);
		}
		if (!o)
			law_cpu(program, dir);
	}
	printf("%s %s%s\n", failed == before ? "PASS" : "FAIL", dir, o ? " (other cache)" : "");
	free(out);
	close_model(&m);
}

int main(int argc, char **argv)
{
	char root[1024];
	const char *src = getenv("SEQ_SRC");
	program = argv[0];
	if (argc == 3 && !strcmp(argv[1], "--digest"))
		return digest_child(argv[2]);
	snprintf(root, sizeof root, "%s/tests/ref", src ? src : "..");
	for (int i = 1; i < argc; i++)
		one(argv[i], NULL);
	if (argc == 1) {
		golden_each(root, one, NULL);
		static const int cache[] = {SEQ_F32, SEQ_BF16, SEQ_Q8_0};
		for (int i = 0; i < 3; i++) {
			seq_net_opts o = {.kv_set = 1, .kv_dtype = cache[i], .context = LEN, .exact = i == 1};
			char dir[1200];
			snprintf(dir, sizeof dir, "%s/gguf/llama-w256-Q4_K_M", root);
			one(dir, &o);
		}
	}
	printf("%d checked, %d failed\n", checked, failed);
	return failed ? 1 : checked ? 0 : 77;
}
