/* SPDX-License-Identifier: MIT */
#include "token_vectors.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *vec_path(const char *root, const char *rest)
{
	static char buf[4][4096];
	static int k;
	char *s = buf[k++ & 3];
	snprintf(s, sizeof(buf[0]), "%s/%s", root, rest);
	return s;
}

const char *vec_shared(void)
{
	const char *s = getenv("SEQ_SHARED");
	struct stat st;
	return s && stat(s, &st) == 0 ? s : NULL;
}

char *vec_file(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	long size = ftell(f);
	rewind(f);
	char *p = malloc((size_t)size + 1);
	*n = fread(p, 1, (size_t)size, f);
	p[*n] = 0;
	fclose(f);
	return p;
}

/* --- SHA-256, FIPS 180-4 ------------------------------------------------------ */

static uint32_t ror(uint32_t x, int k)
{
	return x >> k | x << (32 - k);
}

static const uint32_t K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
	0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
	0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
	0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static void block(uint32_t h[8], const uint8_t *p)
{
	uint32_t w[64], s[8];
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] + (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(s, h, sizeof(s));
	for (int i = 0; i < 64; i++) {
		uint32_t t = s[7] + (ror(s[4], 6) ^ ror(s[4], 11) ^ ror(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + K[i] + w[i];
		uint32_t u = (ror(s[0], 2) ^ ror(s[0], 13) ^ ror(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
		memmove(s + 1, s, 7 * sizeof(*s));
		s[4] += t;
		s[0] = t + u;
	}
	for (int i = 0; i < 8; i++)
		h[i] += s[i];
}

void vec_sha256(const void *data, size_t n, char hex[65])
{
	uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	const uint8_t *p = data;
	uint8_t last[128] = {0};
	size_t i = 0, rest = n % 64, len = rest < 56 ? 64 : 128;
	for (; i + 64 <= n; i += 64)
		block(h, p + i);
	if (rest)
		memcpy(last, p + i, rest);
	last[rest] = 0x80;
	for (int k = 0; k < 8; k++)
		last[len - 1 - (size_t)k] = (uint8_t)((uint64_t)n * 8 >> (8 * k));
	for (i = 0; i < len; i += 64)
		block(h, last + i);
	for (int k = 0; k < 8; k++)
		sprintf(hex + 8 * k, "%08x", h[k]);
}

/* --- encoding and decoding --------------------------------------------------------- */

struct ids {
	int32_t *id;
	size_t n, cap;
};

static int take(void *arg, const int32_t *id, size_t n, seq_error *err)
{
	struct ids *a = arg;
	(void)err;
	if (a->n + n > a->cap) {
		a->cap = 2 * (a->n + n);
		a->id = realloc(a->id, a->cap * sizeof(*a->id));
	}
	memcpy(a->id + a->n, id, n * sizeof(*id));
	a->n += n;
	return 0;
}

int32_t *vec_encode(const seq_vocab *v, unsigned flags, const char *text, size_t len, size_t chunk, size_t *n)
{
	struct ids a = {malloc(64), 0, 16};
	seq_encoder *e;
	seq_error err = {0};
	if (seq_encoder_new(&e, v, flags, &err) < 0)
		return NULL;
	int rc = 0;
	for (size_t i = 0; chunk && rc >= 0 && i < len; i += chunk)
		rc = seq_encode(e, text + i, len - i < chunk ? len - i : chunk, 0, take, &a, &err);
	rc = rc < 0 ? rc : chunk ? seq_encode(e, NULL, 0, 1, take, &a, &err) : seq_encode(e, text, len, 1, take, &a, &err);
	seq_encoder_free(e);
	if (rc < 0)
		fprintf(stderr, "%s\n", err.text);
	*n = rc < 0 ? 0 : a.n;
	return a.id;
}

char *vec_decode(const seq_vocab *v, unsigned flags, const int32_t *id, size_t n, size_t *len)
{
	seq_decoder *d;
	seq_error err;
	char *out = malloc(1);
	*len = 0;
	if (seq_decoder_new(&d, v, flags, &err) < 0)
		return out;
	for (size_t i = 0; i <= n; i++) {
		const char *t;
		size_t k;
		int rc = i < n ? seq_decode(d, id[i], &t, &k, &err) : seq_decode_end(d, &t, &k, &err);
		if (rc < 0)
			break;
		out = realloc(out, *len + k + 1);
		memcpy(out + *len, t, k);
		*len += k;
	}
	seq_decoder_free(d);
	return out;
}

/* --- lines ---------------------------------------------------------------------------- */

static json_t *lines_of(const char *path)
{
	size_t n;
	char *text = vec_file(path, &n), *save = NULL;
	json_t *all = json_array();
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
		json_array_append_new(all, json_loads(line, 0, NULL));
	free(text);
	return all;
}

static size_t unhex(const char *hex, char *out)
{
	size_t n = 0;
	for (unsigned b; sscanf(hex + 2 * n, "%2x", &b) == 1; n++)
		out[n] = (char)b;
	return n;
}

static int same(const json_t *line, const int32_t *id, size_t n)
{
	const json_t *want = json_object_get(line, "ids"), *first = json_object_get(line, "first");
	const char *sha = json_string_value(json_object_get(line, "sha256"));
	char hex[65];
	if (want && json_array_size(want) != n)
		return 0;
	for (size_t i = 0; i < json_array_size(want); i++)
		if (json_integer_value(json_array_get(want, i)) != id[i])
			return 0;
	for (size_t i = 0; i < json_array_size(first); i++)
		if (i >= n || json_integer_value(json_array_get(first, i)) != id[i])
			return 0;
	vec_sha256(id, n * 4, hex);
	return (want || sha) && (!sha || !strcmp(sha, hex));
}

static void show(const json_t *line, const char *text, size_t len, const int32_t *id, size_t n)
{
	json_t *want = json_object_get(line, "ids");
	char *w = json_dumps(want ? want : json_object_get(line, "first"), JSON_COMPACT | JSON_ENCODE_ANY);
	fprintf(stderr, "string %d '%.*s' want %.300s\n  got", (int)json_integer_value(json_object_get(line, "n")),
	        (int)(len < 80 ? len : 80), text, w ? w : "?");
	for (size_t i = 0; i < n && i < 40; i++)
		fprintf(stderr, " %d", id[i]);
	fprintf(stderr, "\n");
	free(w);
}

int vec_strings(const seq_vocab *v, const char *strings, const char *ids, int *seen)
{
	json_t *text = lines_of(strings), *want = lines_of(ids), *line;
	int bad = 0;
	size_t i;
	*seen = 0;
	json_array_foreach(want, i, line) {
		const char *by = json_string_value(json_object_get(line, "by"));
		json_t *s = json_array_get(text, (size_t)json_integer_value(json_object_get(line, "n")));
		const char *hex = json_string_value(json_object_get(s, "hex"));
		int utf8 = json_is_true(json_object_get(s, "utf8"));
		if (!hex || (by && !strcmp(by, "none")) || !utf8)
			continue;
		char *bytes = malloc(strlen(hex) / 2 + 1);
		size_t len = unhex(hex, bytes), n;
		int32_t *id = vec_encode(v, 0, bytes, len, 0, &n);
		if (!same(line, id, n)) {
			if (bad++ < 12)
				show(line, bytes, len, id, n);
		}
		++*seen;
		free(id);
		free(bytes);
	}
	json_decref(text);
	json_decref(want);
	return bad;
}
