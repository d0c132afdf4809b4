/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "model/arch/arch.h"

static int find_row(seq_model *m, seq_error *err)
{
	m->arch = seqp_arch_find(m->src.format, m->src.arch);
	if (!m->arch)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "architecture %.64s is not built in", m->src.arch);
	return SEQ_OK;
}

static int read_numbers(seq_model *m, seq_error *err)
{
	int e = seqp_numbers_read(m, err);
	if (e < 0)
		return e;
	m->width = (int64_t)seqp_model_number(m, -1, "width", 0);
	m->context = (int64_t)seqp_model_number(m, -1, "context", 0);
	if ((size_t)m->layers > m->src.tensors)
		return seqp_fail(err, SEQ_E_FORMAT, "%lld layers, but %zu tensors", (long long)m->layers, m->src.tensors);
	if ((e = seqp_attn_numbers(m, err)) < 0)
		return e;
	return m->arch->finish ? m->arch->finish(m, err) : SEQ_OK;
}

static void read_name(seq_model *m)
{
	seqp_raw r = seqp_store_get(&m->src, m->src.format == SEQP_FROM_HF ? "_name_or_path" : "general.name");
	if (r.kind == SEQP_STRING)
		m->name = seqp_arena_strdup(&m->arena, r.text.p, r.text.n);
	if (!m->name)
		m->name = "";
}

int seqp_model_build(seq_model *m, seq_error *err)
{
	int e = find_row(m, err);
	if (e < 0)
		return e;
	m->use = seqp_arena_alloc(&m->arena, m->src.tensors, 1);
	if (!m->use)
		return seqp_nomem(err, m->src.tensors);
	read_name(m);
	if ((e = seqp_weights_find_embed(m, err)) < 0 || (e = read_numbers(m, err)) < 0)
		return e;
	if ((e = seqp_weights_read(m, err)) < 0)
		return e;
	return seqp_fingerprint(m, err);
}

int seq_model_open(seq_model **out, const char *path, seq_error *err)
{
	*out = NULL;
	seq_model *m = calloc(1, sizeof *m);
	if (!m)
		return seqp_nomem(err, sizeof *m);
	int e = seqp_store_open(&m->src, path, err);
	if (e >= 0) {
		m->path = seqp_arena_strdup(&m->arena, path, strlen(path));
		e = m->path ? seqp_model_build(m, err) : seqp_nomem(err, strlen(path));
	}
	if (e < 0) {
		if (err && !strstr(err->text, path))
			seqp_fail_at(err, e, "%.120s", path);
		seq_model_free(m);
		return e;
	}
	*out = m;
	return SEQ_OK;
}

void seq_model_free(seq_model *m)
{
	if (!m)
		return;
	free(m->value);
	free(m->weight);
	seqp_store_close(&m->src);
	seqp_arena_free(&m->arena);
	free(m);
}

const seqp_op *seqp_model_program(const seq_model *m, int64_t layer, size_t *n)
{
	size_t type = (size_t)seqp_model_number(m, layer, "type", 0);
	const seqp_block *b = layer < 0 ? &m->arch->in : layer >= m->layers ? &m->arch->out
	                                : &m->arch->block[type < m->arch->blocks ? type : 0];
	if (layer >= m->layers && !b->n)
		b = &seqp_block_rms_out;
	*n = b->n;
	return b->op;
}

const char *seq_model_path(const seq_model *m)
{
	return m->path;
}

const char *seq_model_arch(const seq_model *m)
{
	return m->arch->name;
}

const char *seq_model_name(const seq_model *m)
{
	return m->name;
}

int64_t seq_model_layers(const seq_model *m)
{
	return m->layers;
}

int64_t seq_model_width(const seq_model *m)
{
	return m->width;
}

int64_t seq_model_vocab(const seq_model *m)
{
	return m->vocab;
}

int64_t seq_model_context(const seq_model *m)
{
	return m->context;
}

uint64_t seq_model_weights(const seq_model *m)
{
	return m->weights;
}

uint64_t seq_model_bytes(const seq_model *m)
{
	return m->bytes;
}

void seq_model_fingerprint(const seq_model *m, uint8_t out[16])
{
	memcpy(out, m->fingerprint, 16);
}

size_t seq_model_tensors(const seq_model *m)
{
	return m->src.tensors;
}

const seq_tensor *seq_model_tensor(const seq_model *m, size_t i)
{
	return i < m->src.tensors ? &m->src.tensor[i] : NULL;
}
