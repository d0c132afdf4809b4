/* SPDX-License-Identifier: MIT */
#include "base/gate.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LEAST = 64 };

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static void budget(seqp_gate *g, int now, int enough)
{
	int next = enough ? 2 * now : now / 2;
	next = next < LEAST ? LEAST : next;
	next = next > g->most ? g->most : next;
	if (next != now)
		atomic_store_explicit(&g->looks, next, memory_order_relaxed);
}

static int looked(seqp_gate *g, uint32_t old)
{
	int n = atomic_load_explicit(&g->looks, memory_order_relaxed);
	for (int i = 0; i < n; i++) {
		if (atomic_load_explicit(&g->word, memory_order_acquire) != old) {
			budget(g, n, 1);
			return 1;
		}
		relax();
	}
	budget(g, n, 0);
	return 0;
}

/* The order of word and sleepers matters on both sides: whoever sets the word sees a sleeper, or the
 * sleeper sees the new word (the kernel looks again before it puts anyone to sleep). */
void seqp_gate_wait(seqp_gate *g, uint32_t old)
{
	if (looked(g, old))
		return;
	atomic_fetch_add(&g->sleepers, 1);
	while (atomic_load(&g->word) == old)
		syscall(SYS_futex, &g->word, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
	atomic_fetch_sub(&g->sleepers, 1);
}

void seqp_gate_set(seqp_gate *g, uint32_t value)
{
	atomic_store(&g->word, value);
	if (atomic_load(&g->sleepers))
		syscall(SYS_futex, &g->word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
