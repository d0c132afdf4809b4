/* SPDX-License-Identifier: MIT */
/* RWKV vocabularies in text: a line `ID LITERAL LENGTH` each, the literal a Python string
 * or bytes.  Id 0 ends a text and has no bytes. */
#include "base/fail.h"
#include "token/utf8.h"
#include "token/vocab.h"

static int hex(int c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* k hexadecimal digits. */
static int32_t number(const uint8_t *s, size_t n, size_t k)
{
	int32_t v = 0;
	if (n < k)
		return -1;
	for (size_t i = 0; i < k; i++) {
		if (hex(s[i]) < 0 || v > 0x10ffff)
			return -1;
		v = v << 4 | hex(s[i]);
	}
	return v > 0x10ffff ? -1 : v;
}

/* The escape behind the backslash at s[0..n): bytes written to `to`, its length in *used; 0: broken. */
static size_t escape(const uint8_t *s, size_t n, bool bytes, uint8_t *to, size_t *used)
{
	static const char from[] = "abfnrtv0\\'\"", plain[] = "\a\b\f\n\r\t\v\0\\'\"";
	const char *at = n && s[0] ? memchr(from, s[0], sizeof(from) - 1) : NULL;
	if (at) {
		*used = 1;
		to[0] = (uint8_t)plain[at - from];
		return 1;
	}
	size_t k = !n ? 0 : s[0] == 'x' ? 2 : s[0] == 'u' ? 4 : s[0] == 'U' ? 8 : 0;
	int32_t v = k ? number(s + 1, n - 1, k) : -1;
	if (v < 0)
		return 0;
	*used = 1 + k;
	if (bytes && k == 2) {
		to[0] = (uint8_t)v;
		return 1;
	}
	return seqp_utf8_put(v, to);
}

size_t seqp_unescape(uint8_t *s, size_t n, bool bytes)
{
	size_t out = 0;
	for (size_t i = 0, used; i < n; i += used) {
		uint8_t to[4];
		if (s[i] != '\\') {
			s[out++] = s[i];
			used = 1;
			continue;
		}
		size_t len = escape(s + i + 1, n - i - 1, bytes, to, &used);
		if (!len)
			return SIZE_MAX;
		used++;
		memcpy(s + out, to, len); /* never longer than the escape */
		out += len;
	}
	return out;
}

struct line {
	int64_t id;
	const char *body; /* between the quotes */
	size_t n;
	bool bytes;
	int64_t length;
};

static int64_t decimal(const char *p, const char *end)
{
	int64_t v = 0;
	if (p == end)
		return -1;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9' || v > SEQP_MAX_VOCAB)
			return -1;
		v = 10 * v + (*p - '0');
	}
	return v;
}

static bool read_line(struct line *l, const char *p, const char *end)
{
	const char *a = memchr(p, ' ', (size_t)(end - p)), *b = end;
	while (b > p && b[-1] != ' ')
		b--;
	if (!a || b - a < 4)
		return false;
	l->id = decimal(p, a++);
	l->length = decimal(b, end);
	l->bytes = *a == 'b';
	a += l->bytes;
	b--; /* the blank in front of the length */
	if (l->id < 0 || l->length < 0 || b - a < 2 || (*a != '\'' && *a != '"') || b[-1] != *a)
		return false;
	l->body = a + 1;
	l->n = (size_t)(b - a) - 2;
	return true;
}

static int add(seq_vocab *v, const struct line *l, size_t number, seq_error *err)
{
	int rc = 0;
	if (l->n > SEQP_MAX_PIECE || l->id < (int64_t)v->n || l->id - (int64_t)v->n > 65536)
		return seqp_fail(err, SEQ_E_FORMAT, "line %zu: id %lld out of order", number, (long long)l->id);
	while (rc >= 0 && (int64_t)v->n < l->id)
		rc = seqp_vocab_add(v, "", 0, SEQP_UNUSED, 0, err);
	if (rc < 0)
		return rc;
	char *s = seqp_arena_strdup(&v->arena, l->body, l->n);
	if (!s)
		return seqp_nomem(err, l->n);
	size_t n = seqp_unescape((uint8_t *)s, l->n, l->bytes);
	if (n == SIZE_MAX || (int64_t)n != l->length)
		return seqp_fail(err, SEQ_E_FORMAT, "line %zu: the token is not %lld bytes long", number, (long long)l->length);
	return seqp_vocab_add(v, s, n, SEQP_NORMAL, 0, err);
}

static int read_lines(seq_vocab *v, const char *p, const char *end, seq_error *err)
{
	static const char last[] = "<|rwkv_tokenizer_end_of_text|>";
	int rc = seqp_vocab_add(v, last, strlen(last), SEQP_CONTROL, 0, err);
	for (size_t number = 1; p < end && rc >= 0; number++) {
		const char *eol = memchr(p, '\n', (size_t)(end - p)), *stop = eol ? eol : end;
		struct line l;
		if (stop > p && stop[-1] == '\r')
			stop--;
		if (stop > p && !read_line(&l, p, stop))
			return seqp_fail(err, SEQ_E_FORMAT, "line %zu: no `ID LITERAL LENGTH`", number);
		if (stop > p)
			rc = add(v, &l, number, err);
		p = eol ? eol + 1 : end;
	}
	return rc;
}

int seqp_vocab_read_rwkv(seq_vocab **out, const void *data, size_t size, seq_error *err)
{
	seq_vocab *v;
	int rc = seqp_vocab_new(&v, SEQP_RWKV, err);
	if (rc < 0)
		return rc;
	rc = read_lines(v, data, (const char *)data + size, err);
	v->eos = 0;
	v->split = &seqp_split_spm;
	if (rc >= 0)
		rc = seqp_vocab_index(v, err);
	if (rc >= 0)
		rc = seqp_vocab_finish(v, err);
	if (rc < 0) {
		seq_vocab_free(v);
		return rc;
	}
	*out = v;
	return 0;
}
