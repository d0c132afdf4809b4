/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/half.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/team.h"

static void half_round_trip(void **state)
{
	(void)state;
	for (uint32_t h = 0; h < 0x10000; h++) {
		float f = seqp_f16_f32((uint16_t)h);
		if (f == f)
			assert_int_equal(seqp_f32_f16(f), h);
		else
			assert_true((seqp_f32_f16(f) & 0x7c00) == 0x7c00 && (seqp_f32_f16(f) & 0x3ff));
		float b = seqp_bf16_f32((uint16_t)h);
		if (b == b)
			assert_int_equal(seqp_f32_bf16(b), h);
	}
}

static void half_rounds_to_even(void **state)
{
	(void)state;
	assert_int_equal(seqp_f32_f16(1.0f + 0x1p-11f), 0x3c00);
	assert_int_equal(seqp_f32_f16(1.0f + 3 * 0x1p-11f), 0x3c02);
	assert_int_equal(seqp_f32_f16(65519.0f), 0x7bff);
	assert_int_equal(seqp_f32_f16(65520.0f), 0x7c00);
	assert_int_equal(seqp_f32_f16(0x1p-25f), 0);
	assert_int_equal(seqp_f32_f16(0x1.8p-24f), 2);
	assert_int_equal(seqp_f32_bf16(1.0f + 0x1p-8f), 0x3f80);
	assert_int_equal(seqp_f32_bf16(1.0f + 3 * 0x1p-8f), 0x3f82);
}

/* Known answers of the Random123 distribution. */
static void philox_known_answers(void **state)
{
	(void)state;
	uint32_t out[4];
	seqp_philox((uint32_t[4]){0, 0, 0, 0}, (uint32_t[2]){0, 0}, out);
	assert_memory_equal(out, ((uint32_t[4]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}), 16);
	uint32_t f = 0xffffffff;
	seqp_philox((uint32_t[4]){f, f, f, f}, (uint32_t[2]){f, f}, out);
	assert_memory_equal(out, ((uint32_t[4]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}), 16);
}

static void errors_are_one_line(void **state)
{
	(void)state;
	seq_error e;
	assert_int_equal(seqp_fail(&e, SEQ_E_FORMAT, "bad\n%s", "x"), SEQ_E_FORMAT);
	assert_string_equal(e.text, "bad?x");
	seqp_fail_at(&e, SEQ_E_FORMAT, "frame %d", 3);
	assert_string_equal(e.text, "frame 3: bad?x");
}

static void alloc_refuses_overflow(void **state)
{
	(void)state;
	assert_null(seqp_alloc((size_t)-1, 2));
	char *p = seqp_alloc(3, 5);
	assert_non_null(p);
	assert_int_equal((uintptr_t)p % 64, 0);
	free(p);
}

struct sums {
	atomic_int total;
	int seen[64], rounds;
};

static void add_up(void *arg, const seqp_lane *lane)
{
	struct sums *s = arg;
	for (int r = 0; r < s->rounds; r++) {
		s->seen[lane->tid]++;
		seqp_team_barrier(lane);
		for (int i = 0; i < lane->n; i++)
			if (s->seen[i] != r + 1)
				atomic_fetch_add(&s->total, 1);
		seqp_team_barrier(lane);
	}
}

static void barrier_holds(void **state)
{
	(void)state;
	for (int n = 1; n <= 5; n++) {
		struct sums s = {.rounds = 500};
		seqp_team *t = seqp_team_new(n);
		assert_non_null(t);
		seqp_team_run(t, add_up, &s);
		seqp_team_run(t, add_up, &(struct sums){.rounds = 1});
		assert_int_equal(atomic_load(&s.total), 0);
		seqp_team_free(t);
	}
}

static void split_covers_once(void **state)
{
	(void)state;
	for (size_t n = 0; n < 100; n += 7)
		for (int k = 1; k < 9; k++) {
			size_t at = 0, b, e;
			for (int i = 0; i < k; i++) {
				seqp_lane_split(&(seqp_lane){NULL, i, k}, n, 4, &b, &e);
				assert_int_equal(b, at);
				assert_true(e == n || e % 4 == 0);
				at = e;
			}
			assert_int_equal(at, n);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_round_trip),
		cmocka_unit_test(half_rounds_to_even),
		cmocka_unit_test(philox_known_answers),
		cmocka_unit_test(errors_are_one_line),
		cmocka_unit_test(alloc_refuses_overflow),
		cmocka_unit_test(barrier_holds),
		cmocka_unit_test(split_covers_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
