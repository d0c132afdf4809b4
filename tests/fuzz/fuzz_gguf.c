/* SPDX-License-Identifier: MIT */
/* GGUF bytes: the reader, then a whole model out of them. */
#include <stdlib.h>

#include "model/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sink;

static void walk(const seqp_gguf *g)
{
	unsigned sum = 0;
	for (size_t i = 0; i < seqp_gguf_keys(g); i++) {
		seqp_gguf_iter a = seqp_gguf_each(seqp_gguf_at(g, i)), b = a;
		seqp_slice s;
		double x;
		while (seqp_gguf_next_str(&a, &s))
			sum += s.n ? (unsigned char)s.p[s.n - 1] : 0;
		while (seqp_gguf_next_float(&b, &x))
			sum += x > 0;
	}
	for (size_t i = 0; i < seqp_gguf_tensors(g); i++) {
		const seq_tensor *t = seqp_gguf_tensor(g, i);
		sum += t->bytes ? ((const unsigned char *)t->data)[t->bytes - 1] : 0;
	}
	sink = sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	seqp_gguf *g;
	if (seqp_gguf_open(&g, data, size, NULL) < 0)
		return 0;
	walk(g);
	seqp_gguf_free(g);
	seq_model *m = calloc(1, sizeof *m);
	if (!m)
		return 0;
	m->path = "";
	if (seqp_store_gguf(&m->src, data, size, NULL) >= 0 && seqp_model_build(m, NULL) >= 0)
		free(seq_model_describe(m));
	seq_model_free(m);
	return 0;
}
