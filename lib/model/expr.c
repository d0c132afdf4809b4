/* SPDX-License-Identifier: MIT */
/* Shapes as the tables write them: "attn.heads*attn.head_dim", "2*ssm.inner+ssm.heads",
 * "(width+15)/16".  The text is ours, the numbers are the file's. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "model/build.h"
#include "model/program.h"

enum { BIGGEST_BITS = 53 };

typedef struct parser {
	const seq_model *m;
	int64_t layer;
	const char *p;
} parser;

static bool sum(parser *s, int64_t *out);

static bool key_value(parser *s, int64_t *out)
{
	char key[64];
	size_t n = strspn(s->p, "abcdefghijklmnopqrstuvwxyz_.0123456789");
	if (!n || n >= sizeof key)
		return false;
	memcpy(key, s->p, n);
	key[n] = 0;
	s->p += n;
	double x = seqp_model_number(s->m, s->layer, key, NAN);
	if (!(x >= 0 && x <= (double)(INT64_C(1) << BIGGEST_BITS)) || x != floor(x))
		return false;
	*out = (int64_t)x;
	return true;
}

static bool atom(parser *s, int64_t *out)
{
	if (*s->p == '(') {
		s->p++;
		return sum(s, out) && *s->p++ == ')';
	}
	if (!isdigit((unsigned char)*s->p))
		return key_value(s, out);
	for (*out = 0; isdigit((unsigned char)*s->p) && *out < 1000000000; s->p++)
		*out = *out * 10 + (*s->p - '0');
	return true;
}

static bool product(parser *s, int64_t *out)
{
	int64_t b;
	if (!atom(s, out))
		return false;
	while (*s->p == '*' || *s->p == '/') {
		char op = *s->p++;
		if (!atom(s, &b))
			return false;
		if (op == '/' ? b == 0 : __builtin_mul_overflow(*out, b, out))
			return false;
		if (op == '/')
			*out /= b;
	}
	return true;
}

static bool sum(parser *s, int64_t *out)
{
	int64_t b;
	if (!product(s, out))
		return false;
	while (*s->p == '+') {
		s->p++;
		if (!product(s, &b) || __builtin_add_overflow(*out, b, out))
			return false;
	}
	return true;
}

int seqp_expr(const seq_model *m, int64_t layer, const char *expr, int64_t *out, seq_error *err)
{
	parser s = {m, layer, expr};
	if (!sum(&s, out) || *s.p || *out > INT64_C(1) << BIGGEST_BITS)
		return seqp_fail(err, SEQ_E_FORMAT, "cannot compute %s from the numbers given", expr);
	return SEQ_OK;
}
