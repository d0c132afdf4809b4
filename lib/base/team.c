/* SPDX-License-Identifier: MIT */
#include "base/team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/gate.h"
#include "base/mem.h"

enum { LOOKS = 4096, MAX_THREADS = 1024 };

struct seqp_team {
	int n;
	void (*fn)(void *, const seqp_lane *);
	void *arg;
	_Alignas(64) atomic_int arrived;
	seqp_gate phase; /* of the barrier */
#ifndef _OPENMP
	_Alignas(64) atomic_int left; /* members still running */
	seqp_gate start, done;        /* the number of the run that begins, that is over */
	int quit, started;
	pthread_t *thread;
#endif
};

/* Looking is of no use when there are more members than processors. */
static void gate_init(seqp_gate *g, int n)
{
	cpu_set_t mask;
	g->most = sched_getaffinity(0, sizeof mask, &mask) < 0 || CPU_COUNT(&mask) >= n ? LOOKS : 0;
	atomic_init(&g->looks, g->most);
}

static seqp_team *new_team(int n)
{
	if (n < 0 || n > MAX_THREADS)
		return NULL;
	seqp_team *t = seqp_alloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->n = n ? n : seqp_cores();
	gate_init(&t->phase, t->n);
	return t;
}

int seqp_team_size(const seqp_team *t)
{
	return t->n;
}

void seqp_lane_split(const seqp_lane *lane, size_t n, size_t grain, size_t *begin, size_t *end)
{
	size_t units = n / grain + (n % grain != 0), k = (size_t)lane->n, i = (size_t)lane->tid;
	size_t each = units / k, more = units % k;
	size_t b = (i * each + (i < more ? i : more)) * grain;
	size_t e = b + (each + (i < more)) * grain;
	*begin = b < n ? b : n;
	*end = e < n ? e : n;
}

void seqp_team_barrier(const seqp_lane *lane)
{
	seqp_team *t = lane->team;
	if (lane->n == 1)
		return;
	uint32_t phase = atomic_load_explicit(&t->phase.word, memory_order_relaxed);
	if (atomic_fetch_add_explicit(&t->arrived, 1, memory_order_acq_rel) == lane->n - 1) {
		atomic_store_explicit(&t->arrived, 0, memory_order_relaxed);
		seqp_gate_set(&t->phase, phase + 1);
		return;
	}
	seqp_gate_wait(&t->phase, phase);
}

#ifdef _OPENMP

seqp_team *seqp_team_new(int n)
{
	return new_team(n);
}

void seqp_team_run(seqp_team *t, void (*fn)(void *, const seqp_lane *), void *arg)
{
	if (t->n == 1) {
		fn(arg, &(seqp_lane){t, 0, 1});
		return;
	}
#pragma omp parallel num_threads(t->n)
	{
		seqp_lane lane = {t, omp_get_thread_num(), omp_get_num_threads()};
		fn(arg, &lane);
	}
}

void seqp_team_free(seqp_team *t)
{
	free(t);
}

#else

struct member {
	seqp_team *team;
	int tid;
};

static void *member(void *p)
{
	struct member m = *(struct member *)p;
	seqp_team *t = m.team;
	free(p);
	for (uint32_t run = 0;; run++) {
		seqp_gate_wait(&t->start, run);
		if (t->quit)
			return NULL;
		t->fn(t->arg, &(seqp_lane){t, m.tid, t->n});
		if (atomic_fetch_sub_explicit(&t->left, 1, memory_order_acq_rel) == 1)
			seqp_gate_set(&t->done, run + 1);
	}
}

static int start_members(seqp_team *t)
{
	for (int i = 1; i < t->n; i++) {
		struct member *m = malloc(sizeof *m);
		if (!m)
			return -1;
		*m = (struct member){t, i};
		if (pthread_create(&t->thread[i], NULL, member, m) != 0) {
			free(m);
			return -1;
		}
		t->started++;
	}
	return 0;
}

seqp_team *seqp_team_new(int n)
{
	seqp_team *t = new_team(n);
	if (!t)
		return NULL;
	gate_init(&t->start, t->n);
	gate_init(&t->done, t->n);
	t->thread = seqp_alloc((size_t)t->n, sizeof *t->thread);
	if (!t->thread || start_members(t) < 0) {
		seqp_team_free(t);
		return NULL;
	}
	return t;
}

void seqp_team_run(seqp_team *t, void (*fn)(void *, const seqp_lane *), void *arg)
{
	uint32_t run = atomic_load_explicit(&t->start.word, memory_order_relaxed);
	t->fn = fn;
	t->arg = arg;
	atomic_store_explicit(&t->left, t->n - 1, memory_order_relaxed);
	if (t->n > 1)
		seqp_gate_set(&t->start, run + 1);
	fn(arg, &(seqp_lane){t, 0, t->n});
	if (t->n > 1)
		seqp_gate_wait(&t->done, run);
}

void seqp_team_free(seqp_team *t)
{
	if (!t)
		return;
	t->quit = 1;
	seqp_gate_set(&t->start, atomic_load_explicit(&t->start.word, memory_order_relaxed) + 1);
	for (int i = 1; i <= t->started; i++)
		pthread_join(t->thread[i], NULL);
	free(t->thread);
	free(t);
}

#endif
