/* SPDX-License-Identifier: MIT */
#include "dump.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

const char *dump_kind(int kind, char buf[24])
{
	const char *name = seq_kind_name(kind);
	if (name)
		return name;
	snprintf(buf, 24, "kind %d", kind);
	return buf;
}

void dump_shape(FILE *f, const seq_frame *fr)
{
	const seq_dtype_row *t = seq_dtype_get(fr->dtype);
	fputs(t ? t->name : "?", f);
	for (int i = 0; i < fr->rank; i++)
		fprintf(f, "[%" PRIu32 "]", fr->dim[i]);
}

/* Bytes of the UTF-8 sequence at s, 0 when it is none. */
static size_t utf8_len(const unsigned char *s, size_t n)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3
	           : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (len == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0)))
		return 0;
	if (len == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90)))
		return 0;
	return len;
}

static void dump_text(FILE *f, const char *s, size_t n, int json)
{
	static const char bad[] = "\xef\xbf\xbd";
	const unsigned char *p = (const unsigned char *)s, *end = p + n;
	while (p < end) {
		size_t len = utf8_len(p, (size_t)(end - p));
		if (len == 0)
			fputs(bad, f);
		else if (*p < 0x20 || *p == 0x7f)
			fprintf(f, json ? "\\u%04x" : "\\x%02x", *p);
		else if (*p == '\\' || (json && *p == '"'))
			fprintf(f, "\\%c", *p);
		else
			fwrite(p, 1, len, f);
		p += len ? len : 1;
	}
}

void dump_plain(FILE *f, const char *s, size_t n)
{
	dump_text(f, s, n, 0);
}

void dump_json_string(FILE *f, const char *s, size_t n)
{
	putc('"', f);
	dump_text(f, s, n, 1);
	putc('"', f);
}

size_t dump_count(const seq_frame *fr)
{
	const seq_dtype_row *t = seq_dtype_get(fr->dtype);
	return t && t->block == 1 ? fr->bytes / t->bytes : 0;
}

static float half_value(uint16_t h)
{
	int exp = h >> 10 & 31, man = h & 0x3ff;
	float f = exp == 31 ? (man ? NAN : INFINITY) : exp ? ldexpf((float)(man | 0x400), exp - 25) : ldexpf((float)man, -24);
	return h & 0x8000 ? -f : f;
}

static void put_real(FILE *f, double v, int digits, int json)
{
	if (json && !isfinite(v))
		fputs("null", f);
	else
		fprintf(f, "%.*g", digits, v);
}

/* Little-endian bytes of element i as an integer. */
static uint64_t bits(const seq_frame *fr, size_t i, size_t w)
{
	const uint8_t *p = (const uint8_t *)fr->payload + i * w;
	uint64_t v = 0;
	for (size_t k = 0; k < w; k++)
		v |= (uint64_t)p[k] << 8 * k;
	return v;
}

void dump_value(FILE *f, const seq_frame *fr, size_t i, int json)
{
	uint64_t b = bits(fr, i, seq_dtype_get(fr->dtype)->bytes);
	uint32_t w = (uint32_t)(fr->dtype == SEQ_BF16 ? b << 16 : b);
	float single;
	double real;
	memcpy(&single, &w, 4);
	memcpy(&real, &b, 8);
	switch (fr->dtype) {
	case SEQ_F32: put_real(f, (double)single, 9, json); break;
	case SEQ_BF16: put_real(f, (double)single, 4, json); break;
	case SEQ_F16: put_real(f, (double)half_value((uint16_t)b), 5, json); break;
	case SEQ_F64: put_real(f, real, 17, json); break;
	case SEQ_I8: fprintf(f, "%d", (int8_t)b); break;
	case SEQ_I16: fprintf(f, "%d", (int16_t)b); break;
	case SEQ_I32: fprintf(f, "%" PRId32, (int32_t)b); break;
	case SEQ_I64: fprintf(f, "%" PRId64, (int64_t)b); break;
	default: fprintf(f, "%" PRIu64, b); break;
	}
}

void dump_fingerprint(FILE *f, const uint8_t print[16])
{
	for (int i = 0; i < 16; i++)
		fprintf(f, "%02x", print[i]);
}

int dump_has_fingerprint(const uint8_t print[16])
{
	static const uint8_t none[16];
	return memcmp(print, none, 16) != 0;
}
