/* SPDX-License-Identifier: MIT */
#include "base/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void clean_line(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

int seqp_fail(seq_error *err, int code, const char *fmt, ...)
{
	if (!err)
		return code;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	clean_line(err->text);
	err->code = code;
	return code;
}

int seqp_fail_at(seq_error *err, int code, const char *fmt, ...)
{
	if (!err)
		return code;
	char old[sizeof err->text];
	memcpy(old, err->text, sizeof old);
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof err->text)
		snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s", old);
	clean_line(err->text);
	err->code = code;
	return code;
}

int seqp_nomem(seq_error *err, size_t bytes)
{
	return seqp_fail(err, SEQ_E_NOMEM, "no memory for %zu bytes", bytes);
}
