/* SPDX-License-Identifier: MIT */
#include "frame/origin.h"

#include <string.h>

#include "base/fail.h"

static const uint8_t no_print[SEQP_FINGERPRINT];

/* Start of the newest lines of text that keep to both limits. */
static const char *newest(const char *text, size_t room)
{
	const char *end = text + strlen(text), *start = end;
	int lines = 0;
	while (start > text && lines < SEQP_LINES_MAX) {
		const char *p = start - 1;
		while (p > text && p[-1] != '\n')
			p--;
		if ((size_t)(end - p) + 1 > room)
			break;
		start = p;
		lines++;
	}
	return start;
}

static void copy_clean(uint8_t *out, const char *s, size_t n, int keep)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		out[i] = (c < 0x20 && c != keep) || c == 0x7f ? '?' : c;
	}
}

int64_t seqp_origin_pack(uint8_t *out, const seq_origin *o, seq_error *err)
{
	const char *model = o->model ? o->model : "";
	size_t n = strlen(model), at = SEQP_FINGERPRINT;
	if (n >= SEQP_MODEL_MAX)
		return seqp_fail(err, SEQ_E_ARG, "the path of the model is longer than %d bytes", SEQP_MODEL_MAX - 1);
	memcpy(out, o->fingerprint, SEQP_FINGERPRINT);
	copy_clean(out + at, model, n, -1);
	at += n;
	out[at++] = 0;
	const char *lines = newest(o->provenance ? o->provenance : "", SEQP_BEGIN_MAX - at);
	n = strlen(lines);
	copy_clean(out + at, lines, n, '\n');
	at += n;
	if (n && out[at - 1] != '\n')
		out[at++] = '\n';
	return (int64_t)at;
}

static int lines_check(const char *s, size_t n, seq_error *err)
{
	size_t lines = 0;
	if (n && s[n - 1] != '\n')
		return seqp_fail(err, SEQ_E_FORMAT, "the last line of provenance does not end");
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n')
			lines++;
		else if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return seqp_fail(err, SEQ_E_FORMAT, "a control character in the provenance");
	}
	if (lines > SEQP_LINES_MAX)
		return seqp_fail(err, SEQ_E_FORMAT, "%zu lines of provenance, where %d are the limit", lines,
		                 SEQP_LINES_MAX);
	return SEQ_OK;
}

static int fingerprint_check(const seqp_origin *into, const uint8_t *print, const char *model, seq_error *err)
{
	if (!memcmp(print, no_print, SEQP_FINGERPRINT) ||
	    !memcmp(into->pub.fingerprint, no_print, SEQP_FINGERPRINT) ||
	    !memcmp(into->pub.fingerprint, print, SEQP_FINGERPRINT))
		return SEQ_OK;
	return seqp_fail(err, SEQ_E_MISMATCH, "the parts come from two models: %.80s (%02x%02x%02x%02x) and %.80s "
	                 "(%02x%02x%02x%02x)", into->model[0] ? into->model : "one", into->pub.fingerprint[0],
	                 into->pub.fingerprint[1], into->pub.fingerprint[2], into->pub.fingerprint[3],
	                 model[0] ? model : "another", print[0], print[1], print[2], print[3]);
}

static _Bool has_line(const seqp_origin *o, const char *line, size_t n)
{
	for (const char *p = o->lines; *p;) {
		const char *end = strchr(p, '\n') + 1;
		if ((size_t)(end - p) == n && !memcmp(p, line, n))
			return 1;
		p = end;
	}
	return 0;
}

static void add_lines(seqp_origin *into, const char *s, size_t n)
{
	while (n) {
		size_t len = (size_t)((const char *)memchr(s, '\n', n) - s) + 1;
		if (!has_line(into, s, len) && into->used + len < sizeof into->lines) {
			memcpy(into->lines + into->used, s, len);
			into->used += len;
			into->lines[into->used] = 0;
		}
		s += len;
		n -= len;
	}
}

int seqp_origin_merge(seqp_origin *into, const uint8_t *payload, size_t n, seq_error *err)
{
	const char *model = (const char *)payload + SEQP_FINGERPRINT;
	size_t rest = n < SEQP_FINGERPRINT ? 0 : n - SEQP_FINGERPRINT;
	size_t len = strnlen(rest ? model : "", rest < SEQP_MODEL_MAX ? rest : SEQP_MODEL_MAX);
	if (len == rest || len == SEQP_MODEL_MAX)
		return seqp_fail(err, SEQ_E_FORMAT, "fingerprint and model path do not end where they should");
	int r = lines_check(model + len + 1, rest - len - 1, err);
	if (r == SEQ_OK)
		r = fingerprint_check(into, payload, model, err);
	if (r < 0)
		return r;
	_Bool first = !memcmp(into->pub.fingerprint, no_print, SEQP_FINGERPRINT);
	if (first)
		memcpy(into->pub.fingerprint, payload, SEQP_FINGERPRINT);
	if (!into->model[0] || (first && memcmp(payload, no_print, SEQP_FINGERPRINT) && len))
		memcpy(into->model, model, len + 1);
	add_lines(into, model + len + 1, rest - len - 1);
	into->pub.model = into->model;
	into->pub.provenance = into->lines;
	return SEQ_OK;
}
