/* SPDX-License-Identifier: MIT */
/* What a configuration means, without weights. */
#ifndef CONFIG_BOX_H
#define CONFIG_BOX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/arch/arch.h"
#include "model/build.h"
#include "model/program.h"

/* The numbers of a configuration; m is to be freed whatever comes back. */
static int read_config(seq_model **out, const char *config, seq_error *err)
{
	seq_model *m = *out = calloc(1, sizeof *m);
	assert_non_null(m);
	int e = seqp_store_config(&m->src, config, strlen(config), err);
	if (e < 0)
		return e;
	m->arch = seqp_arch_find(SEQP_FROM_HF, m->src.arch);
	assert_non_null(m->arch);
	if ((e = seqp_number_set(m, -1, "vocab", 1000, err)) < 0 || (e = seqp_numbers_read(m, err)) < 0)
		return e;
	m->width = (int64_t)seqp_model_number(m, -1, "width", 0);
	if ((e = seqp_attn_numbers(m, err)) < 0)
		return e;
	return m->arch->finish ? m->arch->finish(m, err) : 0;
}

static seq_model *good(const char *config)
{
	seq_model *m;
	seq_error err = {0};
	if (read_config(&m, config, &err) < 0)
		fail_msg("%s", err.text);
	return m;
}

static void is(const seq_model *m, int64_t layer, const char *key, double want)
{
	double x = seqp_model_number(m, layer, key, NAN);
	if (!(fabs(x - want) <= 1e-9 * fabs(want)))
		fail_msg("%s, layer %lld: %s is %g, expected %g", m->arch->name, (long long)layer, key, x, want);
}

/* types: a digit a layer. */
static void types(const seq_model *m, const char *want)
{
	for (int64_t i = 0; want[i]; i++)
		is(m, i, "type", want[i] - '0');
	assert_int_equal(m->layers, strlen(want));
}

static void bad(const char *config, const char *word)
{
	seq_model *m;
	seq_error err = {0};
	int e = read_config(&m, config, &err);
	if (e >= 0 || !strstr(err.text, word))
		fail_msg("%s: %d (%s), expected a word of %s", config, e, err.text, word);
	assert_null(strchr(err.text, '\n'));
	seq_model_free(m);
}

#endif
