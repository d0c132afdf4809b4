/* SPDX-License-Identifier: MIT */
/* SentencePiece .model files: a protocol buffer, of which these fields matter:
 *     1 pieces { 1 string, 2 float score, 3 type }
 *     2 trainer { 3 model type, 35 byte fallback, 40..42 unk, bos, eos ids }
 *     3 normaliser { 2 compiled rules, 3 dummy prefix, 4 remove extra blanks, 5 escape blanks } */
#include "base/endian.h"
#include "base/fail.h"
#include "base/half.h"
#include "token/vocab.h"

struct wire {
	const uint8_t *p;
	size_t n;
};

struct field {
	unsigned number, type;
	uint64_t value;     /* a varint, or the bits of a fixed one */
	struct wire inside; /* length-delimited */
};

static bool varint(struct wire *w, uint64_t *out)
{
	*out = 0;
	for (unsigned i = 0; i < 10 && w->n; i++) {
		uint8_t b = *w->p++;
		w->n--;
		*out |= (uint64_t)(b & 0x7f) << (7 * i);
		if (!(b & 0x80))
			return true;
	}
	return false;
}

static bool skip(struct wire *w, uint64_t n, struct wire *inside)
{
	if (n > w->n)
		return false;
	inside->p = w->p;
	inside->n = (size_t)n;
	w->p += n;
	w->n -= (size_t)n;
	return true;
}

/* 1: a field; 0: the end; -1: broken. */
static int next_field(struct wire *w, struct field *f)
{
	uint64_t key;
	if (!w->n)
		return 0;
	if (!varint(w, &key) || key >> 3 > UINT32_MAX || !(key >> 3))
		return -1;
	*f = (struct field){.number = (unsigned)(key >> 3), .type = key & 7};
	switch (f->type) {
	case 0:
		return varint(w, &f->value) ? 1 : -1;
	case 1:
		return skip(w, 8, &f->inside) ? (f->value = seqp_get64(f->inside.p), 1) : -1;
	case 2:
		return varint(w, &f->value) && skip(w, f->value, &f->inside) ? 1 : -1;
	case 5:
		return skip(w, 4, &f->inside) ? (f->value = seqp_get32(f->inside.p), 1) : -1;
	default:
		return -1;
	}
}

struct spec {
	int model_type;
	int64_t unk, bos, eos;
	bool dummy_prefix, remove_blanks, escape;
	struct wire charsmap;
};

static int broken(seq_error *err, const char *what)
{
	return seqp_fail(err, SEQ_E_FORMAT, "SentencePiece model: the %s is broken", what);
}

static int read_piece(seq_vocab *v, struct wire w, seq_error *err)
{
	struct field f;
	struct wire piece = {(const uint8_t *)"", 0};
	float score = 0;
	int type = SEQP_NORMAL, rc;
	while ((rc = next_field(&w, &f)) > 0) {
		if (f.number == 1 && f.type == 2)
			piece = f.inside;
		else if (f.number == 2 && f.type == 5)
			score = seqp_bits_f32((uint32_t)f.value);
		else if (f.number == 3 && f.type == 0)
			type = f.value <= SEQP_BYTE ? (int)f.value : SEQP_NORMAL;
	}
	if (rc < 0)
		return broken(err, "list of pieces");
	return seqp_vocab_add(v, (const char *)piece.p, piece.n, type, score, err);
}

static int read_trainer(struct spec *s, struct wire w, seq_error *err)
{
	struct field f;
	int rc;
	while ((rc = next_field(&w, &f)) > 0) {
		int64_t value = (int32_t)f.value;
		if (f.type != 0)
			continue;
		if (f.number == 3)
			s->model_type = f.value < 100 ? (int)f.value : 0;
		else if (f.number == 40)
			s->unk = value;
		else if (f.number == 41)
			s->bos = value;
		else if (f.number == 42)
			s->eos = value;
	}
	return rc < 0 ? broken(err, "trainer's part") : 0;
}

static int read_normaliser(struct spec *s, struct wire w, seq_error *err)
{
	struct field f;
	int rc;
	while ((rc = next_field(&w, &f)) > 0) {
		if (f.number == 2 && f.type == 2)
			s->charsmap = f.inside;
		else if (f.number == 3 && f.type == 0)
			s->dummy_prefix = f.value;
		else if (f.number == 4 && f.type == 0)
			s->remove_blanks = f.value;
		else if (f.number == 5 && f.type == 0)
			s->escape = f.value;
	}
	return rc < 0 ? broken(err, "normaliser's part") : 0;
}

static int read_all(seq_vocab *v, struct spec *s, struct wire w, seq_error *err)
{
	struct field f;
	int more, rc = 0;
	while ((more = next_field(&w, &f)) > 0 && rc >= 0) {
		if (f.type != 2)
			continue;
		if (f.number == 1)
			rc = read_piece(v, f.inside, err);
		else if (f.number == 2)
			rc = read_trainer(s, f.inside, err);
		else if (f.number == 3)
			rc = read_normaliser(s, f.inside, err);
	}
	return rc < 0 ? rc : more < 0 ? broken(err, "file") : 0;
}

static int32_t id_of_type(const seq_vocab *v, int64_t id, int type)
{
	return id >= 0 && (uint64_t)id < v->n && v->type[id] == type ? (int32_t)id : -1;
}

static int settle(seq_vocab *v, const struct spec *s, seq_error *err)
{
	if (s->model_type != 1 && s->model_type != 2)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "SentencePiece model type %d: only 1 (unigram) and 2 (BPE)", s->model_type);
	v->kind = s->model_type == 1 ? SEQP_UNIGRAM : SEQP_SPM;
	v->unk = id_of_type(v, s->unk, SEQP_UNKNOWN);
	v->bos = id_of_type(v, s->bos, SEQP_CONTROL);
	v->eos = id_of_type(v, s->eos, SEQP_CONTROL);
	v->adds_bos = v->kind == SEQP_SPM;
	v->space_prefix = v->strip_first = s->dummy_prefix;
	v->escape_space = s->escape;
	v->fuse_unk = v->prefix_once = true;
	v->split = &seqp_split_spm;
	int rc = seqp_vocab_plain(s->charsmap.n > 0, s->remove_blanks, err);
	if (rc >= 0)
		rc = seqp_vocab_index(v, err);
	return rc < 0 ? rc : seqp_vocab_finish(v, err);
}

int seqp_vocab_read_sp(seq_vocab **out, const void *data, size_t size, seq_error *err)
{
	struct spec s = {.model_type = 1, .unk = 0, .bos = 1, .eos = 2, .dummy_prefix = true, .remove_blanks = true, .escape = true};
	seq_vocab *v;
	int rc = seqp_vocab_new(&v, SEQP_SPM, err);
	if (rc < 0)
		return rc;
	rc = read_all(v, &s, (struct wire){data, size}, err);
	if (rc >= 0)
		rc = settle(v, &s, err);
	if (rc < 0) {
		seq_vocab_free(v);
		return rc;
	}
	*out = v;
	return 0;
}
