/* SPDX-License-Identifier: MIT */
/* States made on the spot: growth, windows, marks, and frames that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/attn.h"
#include "seq/frame.h"
#include "state/state.h"

enum { V = 11, W = 70, D = 8, H = 2, FRAMES = 32 };

static seqp_plan *make_plan(int dtype)
{
	seq_error err;
	seqp_plan *p = seqp_plan_new(3);
	assert_non_null(p);
	p->vocab = V;
	p->kv_dtype = dtype;
	p->frozen = 77;
	assert_int_equal(seqp_spec_kv(&p->spec[0], H, D, D, W, dtype, &err), 0);
	assert_int_equal(seqp_spec_kv(&p->spec[1], H, D, D + 1, 0, dtype, &err), 0);
	assert_int_equal(seqp_spec_fixed(&p->spec[2], "conv", 6, 3, 1, 0), 0);
	assert_int_equal(seqp_spec_fixed(&p->spec[2], "ssm", 4, 5, 2, -1.5f), 1);
	return p;
}

static float value(int64_t pos, size_t head, size_t i, int what)
{
	return (float)((pos * 31 + (int64_t)head * 7 + (int64_t)i * 3 + what) % 97) - 40;
}

/* What a run would do, without arithmetic: chunks of at most 50. */
static void pretend(seq_state *s, int64_t n)
{
	seq_error err;
	assert_int_equal(seqp_state_prepare(s, n, 50, 1, &err), 0);
	while (n > 0) {
		int64_t piece = n < 50 ? n : 50;
		seqp_state_extend(s, piece);
		for (int64_t p = s->len; p < s->len + piece; p++)
			for (size_t l = 0; l < 2; l++)
				for (size_t h = 0; h < H; h++) {
					float k[D], v[D + 1];
					for (size_t i = 0; i <= D; i++)
						v[i] = value(p, h, i, 1);
					for (size_t i = 0; i < D; i++)
						k[i] = value(p, h, i, 0);
					seqk_attn_put_key(s->plan->kv_dtype, seqp_kv_keys(&s->slot[l], p / 64, h), (size_t)(p % 64), k, D);
					seqk_attn_put_value(s->plan->kv_dtype, seqp_kv_values(&s->slot[l], p / 64, h), (size_t)(p % 64), v,
					                    s->plan->spec[l].dv);
				}
		seqp_state_advance(s, piece);
		for (size_t i = 0; i < 18; i++)
			s->slot[2].fixed[0][i] = (float)(s->len + (int64_t)i);
		n -= piece;
	}
	for (size_t i = 0; i < V; i++)
		s->logits[i] = (float)s->len / (float)(i + 1);
	s->has_logits = 1;
	seqp_state_settle(s);
}

static seq_state *new_state(seqp_plan *p)
{
	seq_error err;
	seq_state *s;
	assert_int_equal(seqp_state_new(&s, p, &err), 0);
	return s;
}

/* A saved state as frames with payloads of their own. */
struct saved {
	seq_frame f[FRAMES];
	size_t n;
};

static struct saved save(const seq_state *s)
{
	seq_error err;
	seq_writer *w;
	seq_reader *r;
	struct saved out = {.n = 0};
	seq_frame f;
	FILE *file = tmpfile();
	seq_writer_opts o = {.name = "state"};
	assert_non_null(file);
	assert_int_equal(seq_writer_open(&w, fileno(file), &o, &err), 0);
	assert_int_equal(seq_state_save(s, w, 5, &err), 0);
	assert_int_equal(seq_writer_close(w, &err), 0);
	assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
	assert_int_equal(seq_reader_open(&r, fileno(file), 0, "state", &err), 0);
	while (seq_reader_next(r, &f, &err) == 1) {
		void *p = aligned_alloc(64, (f.bytes + 63) & ~(size_t)63);
		memcpy(p, f.payload, f.bytes);
		f.payload = p;
		assert_true(out.n < FRAMES);
		assert_int_equal(f.seq, 5);
		out.f[out.n++] = f;
	}
	seq_reader_close(r);
	fclose(file);
	return out;
}

static void drop(struct saved *s)
{
	for (size_t i = 0; i < s->n; i++)
		free((void *)(uintptr_t)s->f[i].payload);
}

static int load(seq_state *s, const struct saved *from, seq_error *err)
{
	int rc = 0;
	for (size_t i = 0; i < from->n && rc == 0; i++)
		rc = seq_state_load(s, &from->f[i], err);
	return rc;
}

static int equal(const struct saved *a, const struct saved *b)
{
	int same = a->n == b->n;
	for (size_t i = 0; same && i < a->n; i++)
		same = a->f[i].role == b->f[i].role && a->f[i].layer == b->f[i].layer && a->f[i].bytes == b->f[i].bytes &&
		       !memcmp(a->f[i].dim, b->f[i].dim, sizeof a->f[i].dim) && !memcmp(a->f[i].payload, b->f[i].payload, a->f[i].bytes);
	return same;
}

static void window_gives_back(void **state)
{
	(void)state;
	seqp_plan *p = make_plan(SEQ_F16);
	seq_state *s = new_state(p);
	pretend(s, 1000);
	assert_int_equal(s->slot[0].kv.first, (1000 - W + 1) / 64);
	assert_int_equal(s->slot[0].kv.first + (int64_t)s->slot[0].kv.n, 16);
	assert_int_equal(s->slot[1].kv.n, 16);
	assert_true(s->slot[0].kv.spare <= 1);
	/* a mark keeps what it needs, and only while it lives */
	seq_error err;
	seq_mark *m;
	assert_int_equal(seq_state_mark(&m, s, &err), 0);
	pretend(s, 500);
	assert_int_equal(s->slot[0].kv.first, (1000 - W + 1) / 64);
	seq_mark_free(s, m);
	assert_int_equal(s->slot[0].kv.first, (1500 - W + 1) / 64);
	seq_state_free(s);
	seqp_plan_free(p);
}

static void rolled_back_is_never_ran(void **state)
{
	(void)state;
	static const int dtype[] = {SEQ_F32, SEQ_F16, SEQ_BF16, SEQ_Q8_0};
	static const int64_t at[] = {0, 1, 63, 64, 200}, more[] = {1, 60, 64, 300};
	seq_error err;
	for (int t = 0; t < 4; t++) {
		seqp_plan *p = make_plan(dtype[t]);
		for (int i = 0; i < 5; i++)
			for (int k = 0; k < 4; k++) {
				seq_state *s = new_state(p);
				seq_mark *m;
				pretend(s, at[i]);
				struct saved before = save(s);
				assert_int_equal(seq_state_mark(&m, s, &err), 0);
				pretend(s, more[k]);
				assert_int_equal(seq_state_rollback(s, m, &err), 0);
				struct saved after = save(s);
				assert_true(equal(&before, &after));
				assert_int_equal(seq_state_len(s), at[i]);
				drop(&before);
				drop(&after);
				seq_state_free(s);
			}
		seqp_plan_free(p);
	}
}

static void copy_is_equal_and_apart(void **state)
{
	(void)state;
	seq_error err;
	seqp_plan *p = make_plan(SEQ_Q8_0);
	seq_state *s = new_state(p), *c;
	pretend(s, 300);
	struct saved a = save(s);
	assert_int_equal(seq_state_copy(&c, s, &err), 0);
	pretend(s, 10);
	seq_state_free(s);
	struct saved b = save(c);
	assert_true(equal(&a, &b));
	assert_true(seq_state_bytes(c) > 0);
	drop(&a);
	drop(&b);
	seq_state_free(c);
	seqp_plan_free(p);
}

static void loads_what_was_saved(void **state)
{
	(void)state;
	static const int64_t len[] = {0, 1, 64, 69, 70, 134, 1000};
	seq_error err;
	seqp_plan *p = make_plan(SEQ_F16);
	for (int i = 0; i < 7; i++) {
		seq_state *s = new_state(p), *t = new_state(p);
		if (len[i])
			pretend(s, len[i]);
		pretend(t, 33);
		struct saved a = save(s);
		assert_int_equal(load(t, &a, &err), 1);
		struct saved b = save(t);
		assert_true(equal(&a, &b));
		assert_int_equal(seq_state_len(t), len[i]);
		/* and goes on the same */
		pretend(s, 100);
		pretend(t, 100);
		struct saved c = save(s), d = save(t);
		assert_true(equal(&c, &d));
		drop(&a);
		drop(&b);
		drop(&c);
		drop(&d);
		seq_state_free(s);
		seq_state_free(t);
	}
	seqp_plan_free(p);
}

/* Feeds a changed copy: it must be refused with a sentence and change nothing; the original then loads. */
static void refuse(seq_state *t, const struct saved *good, const struct saved *bad, int code)
{
	seq_error err = {0};
	struct saved before = save(t);
	int rc = load(t, bad, &err);
	assert_true(rc < 0);
	if (code)
		assert_int_equal(rc, code);
	assert_true(err.text[0] != 0);
	struct saved after = save(t);
	assert_true(equal(&before, &after));
	drop(&before);
	drop(&after);
	struct seqp_loading *left = t->loading;
	assert_null(left);
	(void)good;
}

static void frames_that_lie(void **state)
{
	(void)state;
	seq_error err;
	seqp_plan *p = make_plan(SEQ_F16);
	seq_state *s = new_state(p), *t = new_state(p);
	pretend(s, 200);
	pretend(t, 33);
	struct saved good = save(s), bad;
	size_t last = good.n - 1;
	assert_int_equal(good.f[last].kind, SEQ_COMMIT);
	for (size_t i = 0; i < last; i++) {
		bad = good; /* a frame left out */
		memmove(&bad.f[i], &bad.f[i + 1], (last - i) * sizeof bad.f[0]);
		bad.n--;
		refuse(t, &good, &bad, 0);
		bad = good; /* twice */
		memmove(&bad.f[i + 1], &bad.f[i], (good.n - i) * sizeof bad.f[0]);
		bad.n++;
		refuse(t, &good, &bad, 0);
		bad = good;
		bad.f[i].layer = 900;
		refuse(t, &good, &bad, 0);
		bad = good;
		bad.f[i].layer ^= 1;
		refuse(t, &good, &bad, 0);
		bad = good;
		bad.f[i].role = 40;
		refuse(t, &good, &bad, SEQ_E_MISMATCH);
		bad = good;
		bad.f[i].dtype = SEQ_I32;
		refuse(t, &good, &bad, SEQ_E_MISMATCH);
		bad = good;
		bad.f[i].dim[0]++;
		refuse(t, &good, &bad, SEQ_E_MISMATCH);
		bad = good;
		bad.f[i].dim[0] = 0xffffffffu;
		refuse(t, &good, &bad, SEQ_E_MISMATCH);
		bad = good;
		bad.f[i].rank = 0;
		refuse(t, &good, &bad, SEQ_E_MISMATCH);
		bad = good;
		bad.f[i].bytes = 4;
		refuse(t, &good, &bad, SEQ_E_MISMATCH);
		bad = good; /* one bit of the payload */
		char *copy = aligned_alloc(64, (good.f[i].bytes + 63) & ~(size_t)63);
		memcpy(copy, good.f[i].payload, good.f[i].bytes);
		copy[good.f[i].bytes / 2] ^= 4;
		bad.f[i].payload = copy;
		refuse(t, &good, &bad, SEQ_E_FORMAT);
		free(copy);
	}
	for (size_t b = 0; b < 64; b++) { /* every byte of the commit matters */
		_Alignas(64) uint8_t commit[64];
		memcpy(commit, good.f[last].payload, 64);
		commit[b] ^= 0x41;
		bad = good;
		bad.f[last].payload = commit;
		refuse(t, &good, &bad, 0);
	}
	for (size_t n = 0; n < 64; n++) {
		bad = good;
		bad.f[last].bytes = n;
		refuse(t, &good, &bad, SEQ_E_FORMAT);
	}
	bad = good; /* not a state at all */
	bad.f[0].kind = SEQ_TOKENS;
	assert_int_equal(seq_state_load(t, &bad.f[0], &err), SEQ_E_ARG);
	assert_int_equal(load(t, &good, &err), 1);
	assert_int_equal(seq_state_len(t), 200);
	drop(&good);
	seq_state_free(s);
	seq_state_free(t);
	seqp_plan_free(p);
}

static void another_model_is_refused(void **state)
{
	(void)state;
	seq_error err;
	seqp_plan *p = make_plan(SEQ_F16), *q = make_plan(SEQ_F32), *r = make_plan(SEQ_F16), *u = make_plan(SEQ_F16);
	r->frozen = 78;
	u->spec[2].fixed[1].dim[0] = 5;
	seq_state *s = new_state(p);
	seqp_plan *other[] = {q, r, u};
	static const char *const word[] = {"--kv", "--context", "ssm"};
	pretend(s, 100);
	struct saved good = save(s);
	for (int i = 0; i < 3; i++) {
		seq_state *t = new_state(other[i]);
		assert_int_equal(load(t, &good, &err), SEQ_E_MISMATCH);
		assert_non_null(strstr(err.text, word[i]));
		assert_int_equal(seq_state_len(t), 0);
		seq_state_free(t);
		seqp_plan_free(other[i]);
	}
	drop(&good);
	seq_state_free(s);
	seqp_plan_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(window_gives_back),    cmocka_unit_test(rolled_back_is_never_ran),
		cmocka_unit_test(copy_is_equal_and_apart), cmocka_unit_test(loads_what_was_saved),
		cmocka_unit_test(frames_that_lie),      cmocka_unit_test(another_model_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
