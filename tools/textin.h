/* SPDX-License-Identifier: MIT */
/* Text input: blocks, lines of any length, a field of a JSON line. */
#ifndef TEXTIN_H
#define TEXTIN_H

#include <stddef.h>
#include <stdint.h>

typedef struct textin {
	int fd, regular, ended;
	const char *name;
	char *buf;      /* for lines */
	size_t pos, n, cap;
	uint64_t lines; /* number of the line last read, from 1 */
} textin;

/* Input i of the command line; what fails exits 1. */
void textin_open(textin *t, size_t i);
void textin_close(textin *t);
/* Up to cap bytes; 0 at the end. */
size_t textin_read(textin *t, void *buf, size_t cap);
/* The next line without its end (\n or \r\n); 0 at the end.  It is valid until the next call. */
int textin_line(textin *t, char **line, size_t *n);
/* The string `field` of the JSON object in the line; the caller frees it. */
char *textin_field(const textin *t, const char *line, size_t len, const char *field, size_t *n);

#endif
