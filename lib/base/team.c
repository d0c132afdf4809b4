/* SPDX-License-Identifier: MIT */
#include "base/team.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/mem.h"

enum { SPINS = 4000, MAX_THREADS = 1024 };

struct seqp_team {
	int n;
	void (*fn)(void *, const seqp_lane *);
	void *arg;
	_Alignas(64) atomic_int arrived;
	_Alignas(64) atomic_uint phase;
#ifndef _OPENMP
	pthread_mutex_t lock;
	pthread_cond_t go, done;
	unsigned epoch;
	int running, quit, started;
	pthread_t *thread;
#endif
};

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
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
	unsigned phase = atomic_load_explicit(&t->phase, memory_order_relaxed);
	if (atomic_fetch_add_explicit(&t->arrived, 1, memory_order_acq_rel) == lane->n - 1) {
		atomic_store_explicit(&t->arrived, 0, memory_order_relaxed);
		atomic_store_explicit(&t->phase, phase + 1, memory_order_release);
		return;
	}
	for (int i = 0; atomic_load_explicit(&t->phase, memory_order_acquire) == phase; i++) {
		if (i < SPINS)
			relax();
		else
			sched_yield();
	}
}

#ifdef _OPENMP

seqp_team *seqp_team_new(int n)
{
	if (n < 0 || n > MAX_THREADS)
		return NULL;
	seqp_team *t = seqp_alloc(1, sizeof *t);
	if (t)
		t->n = n ? n : seqp_cores();
	return t;
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

struct start {
	seqp_team *team;
	int tid;
};

static void *member(void *p)
{
	struct start s = *(struct start *)p;
	seqp_team *t = s.team;
	free(p);
	unsigned epoch = 0;
	pthread_mutex_lock(&t->lock);
	for (;;) {
		while (t->epoch == epoch && !t->quit)
			pthread_cond_wait(&t->go, &t->lock);
		if (t->quit)
			break;
		epoch = t->epoch;
		pthread_mutex_unlock(&t->lock);
		t->fn(t->arg, &(seqp_lane){t, s.tid, t->n});
		pthread_mutex_lock(&t->lock);
		if (--t->running == 0)
			pthread_cond_signal(&t->done);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static int start_members(seqp_team *t)
{
	for (int i = 1; i < t->n; i++) {
		struct start *s = malloc(sizeof *s);
		if (!s)
			return -1;
		*s = (struct start){t, i};
		if (pthread_create(&t->thread[i], NULL, member, s) != 0) {
			free(s);
			return -1;
		}
		t->started++;
	}
	return 0;
}

seqp_team *seqp_team_new(int n)
{
	if (n < 0 || n > MAX_THREADS)
		return NULL;
	seqp_team *t = seqp_alloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->n = n ? n : seqp_cores();
	t->thread = seqp_alloc((size_t)t->n, sizeof *t->thread);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->go, NULL);
	pthread_cond_init(&t->done, NULL);
	if (!t->thread || start_members(t) < 0) {
		seqp_team_free(t);
		return NULL;
	}
	return t;
}

void seqp_team_run(seqp_team *t, void (*fn)(void *, const seqp_lane *), void *arg)
{
	pthread_mutex_lock(&t->lock);
	t->fn = fn;
	t->arg = arg;
	t->running = t->n - 1;
	t->epoch++;
	pthread_cond_broadcast(&t->go);
	pthread_mutex_unlock(&t->lock);
	fn(arg, &(seqp_lane){t, 0, t->n});
	pthread_mutex_lock(&t->lock);
	while (t->running)
		pthread_cond_wait(&t->done, &t->lock);
	pthread_mutex_unlock(&t->lock);
}

void seqp_team_free(seqp_team *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->quit = 1;
	pthread_cond_broadcast(&t->go);
	pthread_mutex_unlock(&t->lock);
	for (int i = 1; i <= t->started; i++)
		pthread_join(t->thread[i], NULL);
	pthread_cond_destroy(&t->done);
	pthread_cond_destroy(&t->go);
	pthread_mutex_destroy(&t->lock);
	free(t->thread);
	free(t);
}

#endif
