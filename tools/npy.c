/* SPDX-License-Identifier: MIT */
#include "npy.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "tool.h"

static const char *descr(int dtype)
{
	switch (dtype) {
	case SEQ_F16: return "<f2";
	case SEQ_F32: return "<f4";
	case SEQ_F64: return "<f8";
	case SEQ_I8: return "|i1";
	case SEQ_I16: return "<i2";
	case SEQ_I32: return "<i4";
	case SEQ_I64: return "<i8";
	case SEQ_U8: return "|u1";
	default: return NULL;
	}
}

static int alike(const seq_frame *a, const seq_frame *b)
{
	return a->dtype == b->dtype && a->rank == b->rank &&
	       (a->rank < 2 || !memcmp(a->dim + 1, b->dim + 1, (size_t)(a->rank - 1) * sizeof a->dim[0]));
}

void npy_add(npy_stack *s, const seq_frame *f)
{
	if (!descr(f->dtype))
		tool_die("numpy has no type for %s; pick other frames by --only or use --raw", seq_dtype_get(f->dtype)->name);
	if (s->frames == 0) {
		s->like = *f;
		s->spool = tmpfile();
		if (!s->spool)
			tool_die("a temporary file: %s", strerror(errno));
	} else if (!alike(&s->like, f)) {
		tool_die("frames of different types or inner dimensions do not stack; pick some by --only and --seq");
	}
	s->frames++;
	s->rows += f->rank ? f->dim[0] : 1;
	if (fwrite(f->payload, 1, f->bytes, s->spool) != f->bytes)
		tool_die("the temporary file: %s", strerror(errno));
}

static void put_header(const npy_stack *s, FILE *o)
{
	char text[256];
	int n = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (%" PRIu64 ",",
	                 descr(s->like.dtype), s->rows);
	for (int i = 1; i < s->like.rank; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, " %" PRIu32 ",", s->like.dim[i]);
	n += snprintf(text + n, sizeof text - (size_t)n, "), }");
	int len = (10 + n + 1 + 63) / 64 * 64 - 10; /* the data begins at a multiple of 64 */
	fwrite("\x93NUMPY\x01\x00", 1, 8, o);
	putc(len & 255, o);
	putc(len >> 8, o);
	fprintf(o, "%-*s\n", len - 1, text);
}

void npy_write(npy_stack *s, FILE *o)
{
	static char buf[1 << 16];
	if (s->frames == 0)
		tool_die("no frame is left to make an array of");
	put_header(s, o);
	rewind(s->spool);
	for (size_t n; (n = fread(buf, 1, sizeof buf, s->spool)) > 0;)
		fwrite(buf, 1, n, o);
	if (ferror(s->spool))
		tool_die("the temporary file: %s", strerror(errno));
	fclose(s->spool);
}
