/* SPDX-License-Identifier: MIT */
/* A team of threads that runs one function together (SPMD).
 *
 * seqp_team_run calls fn once on every member; members split the work by
 * (tid, n) and meet at seqp_team_barrier.  One run per step of a model, not one
 * per operation: inside, a barrier costs well under a microsecond while every
 * member has a core, and gives the core away when one has not (base/gate.h).
 *
 * Members are POSIX threads, or OpenMP's where the library is built with it (for programs that
 * have its threads anyway); results never depend on which, nor on n.  One run at a time per team. */
#ifndef BASE_TEAM_H
#define BASE_TEAM_H

#include <stddef.h>

typedef struct seqp_team seqp_team;

/* One member's place in a run. */
typedef struct seqp_lane {
	seqp_team *team;
	int tid, n; /* 0 <= tid < n */
} seqp_lane;

/* n threads (>= 1); 0 means one per physical core of the affinity mask.
 * NULL when memory or threads cannot be had. */
seqp_team *seqp_team_new(int n);
int seqp_team_size(const seqp_team *t);
void seqp_team_run(seqp_team *t, void (*fn)(void *arg, const seqp_lane *lane), void *arg);
void seqp_team_barrier(const seqp_lane *lane);
void seqp_team_free(seqp_team *t);

/* This lane's share [*begin, *end) of n items, cut at multiples of grain. */
void seqp_lane_split(const seqp_lane *lane, size_t n, size_t grain, size_t *begin, size_t *end);

/* Physical cores this process may run on. */
int seqp_cores(void);

#endif
