/* SPDX-License-Identifier: MIT */
#include "textin.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

void textin_open(textin *t, size_t i)
{
	struct stat st;
	*t = (textin){0};
	t->fd = tool_open_input(i, &t->name);
	t->regular = !fstat(t->fd, &st) && S_ISREG(st.st_mode);
}

void textin_close(textin *t)
{
	if (t->fd > 0)
		close(t->fd);
	free(t->buf);
}

size_t textin_read(textin *t, void *buf, size_t cap)
{
	ssize_t n;
	do
		n = read(t->fd, buf, cap);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		tool_die("%s: %s", t->name, strerror(errno));
	return (size_t)n;
}

/* More bytes behind those that are left. */
static int refill(textin *t)
{
	if (t->ended)
		return 0;
	if (t->n > t->pos)
		memmove(t->buf, t->buf + t->pos, t->n - t->pos);
	t->n -= t->pos;
	t->pos = 0;
	t->buf = tool_grow(t->buf, &t->cap, t->n + 65536, 1);
	size_t n = textin_read(t, t->buf + t->n, t->cap - t->n);
	t->n += n;
	t->ended = !n;
	return !t->ended;
}

int textin_line(textin *t, char **line, size_t *n)
{
	size_t seen = 0;
	char *end;
	while (!(end = t->n > t->pos + seen ? memchr(t->buf + t->pos + seen, '\n', t->n - t->pos - seen) : NULL)) {
		seen = t->n - t->pos;
		if (!refill(t))
			break;
	}
	if (!end && t->n == t->pos)
		return 0;
	*line = t->buf + t->pos;
	*n = end ? (size_t)(end - *line) : t->n - t->pos;
	t->pos += *n + !!end;
	if (*n && (*line)[*n - 1] == '\r')
		--*n;
	t->lines++;
	return 1;
}

char *textin_field(const textin *t, const char *line, size_t len, const char *field, size_t *n)
{
	json_error_t e;
	json_t *all = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &e);
	const json_t *s = json_object_get(all, field);
	if (!all)
		tool_die("%s: line %llu: no JSON: %s", t->name, (unsigned long long)t->lines, e.text);
	if (!json_is_string(s))
		tool_die("%s: line %llu: no string \"%s\" in this object", t->name, (unsigned long long)t->lines, field);
	*n = json_string_length(s);
	char *text = tool_alloc(*n + 1, 1);
	memcpy(text, json_string_value(s), *n);
	json_decref(all);
	return text;
}
