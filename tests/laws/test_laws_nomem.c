/* SPDX-License-Identifier: MIT */
/* Memory that cannot be had: whatever allocation fails in a run, a mark, a copy, a save or a
 * load, the call says so, the state is as before, down to its saved bytes, and goes on to the same
 * logits.  Allocations are counted by the linker's --wrap. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../golden/golden_case.h"
#include "seq/frame.h"

static long until = -1; /* allocations that still work; < 0: all */

static int denied;      /* one was refused */

static int refuse(void)
{
	if (until < 0 || until-- != 0)
		return 0;
	denied = 1;
	return 1;
}

void *__real_aligned_alloc(size_t a, size_t n);
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t s);
void *__real_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t a, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t s);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_aligned_alloc(size_t a, size_t n)
{
	return refuse() ? NULL : __real_aligned_alloc(a, n);
}

void *__wrap_malloc(size_t n)
{
	return refuse() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t s)
{
	return refuse() ? NULL : __real_calloc(n, s);
}

void *__wrap_realloc(void *p, size_t n)
{
	return refuse() ? NULL : __real_realloc(p, n);
}

static int failed, checked, refused;

static void law(int ok, const char *model, const char *what, long n)
{
	checked++;
	if (!ok) {
		failed++;
		printf("FAIL %s: %s, allocation %ld\n", model, what, n);
	}
}

struct place {
	const char *dir;
	golden_case c;
	seq_model *m;
	seq_net *net;
	seq_state *s;    /* stands after 60 tokens */
	char *bytes;     /* as saved then */
	size_t nbytes, V;
	float *want, *got;
	FILE *file;
	seq_mark *mark;
	seq_state *copy;
};

static int save(const seq_state *s, FILE *f, seq_error *err)
{
	seq_writer *w;
	seq_writer_opts o = {.name = "state"};
	rewind(f);
	int rc = ftruncate(fileno(f), 0) < 0 ? -1 : seq_writer_open(&w, fileno(f), &o, err);
	if (rc < 0)
		return rc;
	if ((rc = seq_state_save(s, w, 0, err)) < 0) {
		seq_writer_abandon(w);
		return rc;
	}
	return seq_writer_close(w, err);
}

static char *saved(const seq_state *s, size_t *n)
{
	seq_error err;
	FILE *f = tmpfile();
	char *p = NULL;
	if (f && save(s, f, &err) == 0) {
		*n = (size_t)lseek(fileno(f), 0, SEEK_END);
		p = malloc(*n + 1);
		if (pread(fileno(f), p, *n, 0) != (ssize_t)*n)
			*n = 0;
	}
	fclose(f);
	return p;
}

static int load(seq_state *s, FILE *f, seq_error *err)
{
	seq_reader *r;
	seq_frame frame;
	rewind(f);
	int rc = lseek(fileno(f), 0, SEEK_SET) < 0 ? -1 : seq_reader_open(&r, fileno(f), 0, "state", err);
	if (rc < 0)
		return rc;
	while ((rc = seq_reader_next(r, &frame, err)) > 0)
		if ((rc = seq_state_load(s, &frame, err)) < 0)
			break;
	seq_reader_close(r);
	return rc;
}

static int do_run(struct place *p, seq_error *err)
{
	seq_mark *m;
	long left = until;
	until = -1;
	if (seq_state_mark(&m, p->s, err) < 0)
		abort();
	until = left;
	seq_span span = {p->s, p->c.token, 24};
	for (int i = 0, rc; i < 6; i++)
		if ((rc = seq_net_run(p->net, &span, 1, SEQ_LOGITS_LAST, p->got, err)) < 0) {
			until = -1;
			if (seq_state_rollback(p->s, m, err) < 0)
				abort();
			seq_mark_free(p->s, m);
			return rc;
		}
	until = -1;
	if (memcmp(p->got, p->want, p->V * 4) || seq_state_rollback(p->s, m, err) < 0)
		abort();
	seq_mark_free(p->s, m);
	return 0;
}

static int do_mark(struct place *p, seq_error *err)
{
	int rc = seq_state_mark(&p->mark, p->s, err);
	until = -1;
	seq_mark_free(p->s, p->mark);
	return rc;
}

static int do_copy(struct place *p, seq_error *err)
{
	int rc = seq_state_copy(&p->copy, p->s, err);
	until = -1;
	seq_state_free(p->copy);
	return rc;
}

static int do_save(struct place *p, seq_error *err)
{
	return save(p->s, p->file, err);
}

static int do_load(struct place *p, seq_error *err)
{
	return load(p->s, p->file, err);
}

static void walk(struct place *p, const char *what, int (*step)(struct place *, seq_error *))
{
	for (long n = 0; n < 2000; n++) {
		seq_error err = {0};
		size_t bytes = 0;
		denied = 0;
		until = n;
		int rc = step(p, &err);
		until = -1;
		char *now = saved(p->s, &bytes);
		law(now && bytes == p->nbytes && !memcmp(now, p->bytes, bytes), p->dir, what, n);
		free(now);
		if (rc < 0)
			refused++;
		law(rc >= 0 || err.text[0], p->dir, "a sentence", n);
		if (!denied)
			return; /* it got through with some to spare */
	}
	law(0, p->dir, "ends", 2000);
}

static int open_place(struct place *p, const char *dir)
{
	seq_error err = {0};
	seq_net_opts o = {.threads = 1, .chunk = 16};
	seq_span span;
	*p = (struct place){.dir = dir};
	if (golden_open(&p->c, dir) < 0 || seq_model_open(&p->m, p->c.model, &err) < 0 || seq_net_open(&p->net, p->m, &o, &err) < 0 ||
	    seq_state_new(&p->s, p->net, &err) < 0)
		return -1;
	p->V = p->c.V;
	p->want = malloc(p->V * 4);
	p->got = malloc(p->V * 4);
	p->file = tmpfile();
	span = (seq_span){p->s, p->c.token, 24};
	for (int i = 0; i < 3; i++)
		if (seq_net_run(p->net, &span, 1, SEQ_LOGITS_LAST, p->got, &err) < 0)
			return -1;
	p->bytes = saved(p->s, &p->nbytes);
	seq_state *t;
	if (!p->file || seq_state_copy(&t, p->s, &err) < 0)
		return -1;
	span.state = t;
	for (int i = 0; i < 6; i++)
		if (seq_net_run(p->net, &span, 1, SEQ_LOGITS_LAST, p->want, &err) < 0)
			return -1;
	seq_state_free(t);
	return save(p->s, p->file, &err);
}

static void close_place(struct place *p)
{
	seq_state_free(p->s);
	seq_net_free(p->net);
	seq_model_free(p->m);
	golden_free(&p->c);
	free(p->want);
	free(p->got);
	free(p->bytes);
	if (p->file)
		fclose(p->file);
}

/* Opening a net: every failure is an error, nothing else. */
static void walk_open(struct place *p)
{
	seq_net_opts o = {.threads = 1, .chunk = 16};
	for (long n = 0; n < 2000; n++) {
		seq_error err = {0};
		seq_net *net = NULL;
		denied = 0;
		until = n;
		int rc = seq_net_open(&net, p->m, &o, &err);
		until = -1;
		law(rc == 0 ? net != NULL : net == NULL && err.text[0], p->dir, "opening", n);
		seq_net_free(net);
		refused += rc < 0;
		if (!denied)
			return;
	}
}

int main(void)
{
	static const char *const name[] = {"hf/gemma2", "hf/mamba2", "gguf/llama-w256-Q8_0"};
	const char *src = getenv("SEQ_SRC");
	for (int i = 0; i < 3; i++) {
		char dir[1024];
		struct place p;
		snprintf(dir, sizeof dir, "%s/tests/ref/%s", src ? src : "..", name[i]);
		if (open_place(&p, dir) < 0) {
			printf("FAIL %s cannot be opened\n", dir);
			failed++;
		} else {
			walk_open(&p);
			walk(&p, "state after a run that failed", do_run);
			walk(&p, "state after a mark that failed", do_mark);
			walk(&p, "state after a copy that failed", do_copy);
			walk(&p, "state after a load that failed", do_load);
			walk(&p, "state after a save that failed", do_save);
		}
		close_place(&p);
	}
	printf("%d checked, %d refusals, %d failed\n", checked, refused, failed);
	return failed || refused < 30;
}
