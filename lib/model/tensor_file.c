/* SPDX-License-Identifier: MIT */
/* seq/file.h over the readers of the three formats. */
#include "seq/file.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/map.h"
#include "kernel/matmul.h"
#include "model/safetensors.h"
#include "tensor/gguf.h"
#include "tensor/npy_read.h"

struct seq_file {
	seqp_map map;
	seqp_arena arena;
	seqp_tensor_list list;
	seqp_gguf *gguf;
};

static int read_npy(seq_file *f, const char *path, seq_error *err)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
	size_t n = dot && dot > base ? (size_t)(dot - base) : strlen(base);
	f->list.t = calloc(1, sizeof *f->list.t);
	if (!f->list.t || !(f->list.t->name = seqp_arena_strdup(&f->arena, base, n)))
		return seqp_nomem(err, n);
	f->list.n = 1;
	return seqp_npy_read(f->list.t, f->map.data, f->map.size, err);
}

static int read_any(seq_file *f, const char *path, seq_error *err)
{
	if (f->map.size >= 4 && !memcmp(f->map.data, "GGUF", 4))
		return seqp_gguf_open(&f->gguf, f->map.data, f->map.size, err);
	if (f->map.size >= 6 && !memcmp(f->map.data, "\x93NUMPY", 6))
		return read_npy(f, path, err);
	return seqp_safetensors_read(&f->list, &f->arena, f->map.data, f->map.size, err);
}

int seq_file_open(seq_file **out, const char *path, seq_error *err)
{
	seq_file *f = calloc(1, sizeof *f);
	if (!f)
		return seqp_nomem(err, sizeof *f);
	int rc = seqp_map_open(&f->map, path, err);
	if (rc == 0 && (rc = read_any(f, path, err)) < 0)
		seqp_fail_at(err, rc, "%s", path);
	if (rc < 0) {
		seq_file_close(f);
		return rc;
	}
	*out = f;
	return 0;
}

size_t seq_file_tensors(const seq_file *f)
{
	return f->gguf ? seqp_gguf_tensors(f->gguf) : f->list.n;
}

const seq_tensor *seq_file_tensor(const seq_file *f, size_t i)
{
	return f->gguf ? seqp_gguf_tensor(f->gguf, i) : i < f->list.n ? &f->list.t[i] : NULL;
}

void seq_file_close(seq_file *f)
{
	if (!f)
		return;
	seqp_gguf_free(f->gguf);
	free(f->list.t);
	seqp_arena_free(&f->arena);
	seqp_map_close(&f->map);
	free(f);
}

int64_t seq_tensor_count(const seq_tensor *t)
{
	int64_t n = 1;
	for (int i = 0; i < t->rank; i++)
		if (__builtin_mul_overflow(n, t->dim[i], &n))
			return SEQ_E_ARG;
	return n;
}

int seq_tensor_f32(const seq_tensor *t, float *out, seq_error *err)
{
	int64_t n = seq_tensor_count(t);
	if (n < 0 || !seqk_dequant(t->dtype, t->data, out, (size_t)n))
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "%s: its type has no numbers", t->name ? t->name : "a tensor");
	return 0;
}
