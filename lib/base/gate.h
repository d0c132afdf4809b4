/* SPDX-License-Identifier: MIT */
/* A word that threads wait for to change: they look at it for a while, then sleep.
 *
 * Looking is the quickest while everybody has a core; sleeping gives the core away where somebody
 * has none.  The budget of looks follows what happened: it doubles when looking was enough
 * and halves when it was not. */
#ifndef BASE_GATE_H
#define BASE_GATE_H

#include <stdatomic.h>
#include <stdint.h>

typedef struct seqp_gate {
	_Alignas(64) _Atomic uint32_t word;
	atomic_int sleepers;
	atomic_int looks; /* the budget; never above most */
	int most;         /* 0: always sleep */
} seqp_gate;

/* Returns once the word is not `old`. */
void seqp_gate_wait(seqp_gate *g, uint32_t old);
/* Sets the word and wakes whoever sleeps. */
void seqp_gate_set(seqp_gate *g, uint32_t value);

#endif
