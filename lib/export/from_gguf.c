/* SPDX-License-Identifier: MIT */
/* GGUF in: every key but those that are ours, every tensor where it lies.  No table of architectures is asked. */
#include <string.h>

#include "base/fail.h"
#include "export/plan.h"

/* Keys that are written anew, or would no longer be true. */
static bool is_ours(const char *key)
{
	return strcmp(key, "general.file_type") == 0 || strcmp(key, "general.quantization_version") == 0 ||
	       strcmp(key, "general.alignment") == 0 || strncmp(key, "quantize.imatrix.", 17) == 0;
}

static void add_tensor(seqp_out *o, const seq_tensor *t)
{
	o->from = o->to = t->dtype;
	o->rank = t->rank;
	o->rows = 1;
	o->cols = t->rank ? t->dim[t->rank - 1] : 1;
	for (int i = 0; i < t->rank; i++) {
		o->dim[i] = t->dim[i];
		o->rows *= i < t->rank - 1 ? t->dim[i] : 1;
	}
	size_t stride = o->rows ? t->bytes / (size_t)o->rows : 0;
	o->piece[o->pieces++] = (seqp_piece){.v = {t->data, t->dtype, o->rows, o->cols, stride}};
}

int seqp_plan_gguf(seqp_plan_file *p, seq_error *err)
{
	const seqp_gguf *g = p->store.gguf;
	if (seqp_gguf_int(g, "split.count", 0) > 1)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "one part of a split model; join its parts first");
	for (size_t i = 0; i < seqp_gguf_keys(g); i++)
		if (!is_ours(seqp_gguf_at(g, i)->key))
			seqp_gguf_put_value(&p->head, seqp_gguf_at(g, i));
	for (size_t i = 0; i < seqp_gguf_tensors(g); i++) {
		const seq_tensor *t = seqp_gguf_tensor(g, i);
		seqp_out *o = seqp_plan_add(p, t->name, err);
		if (!o)
			return SEQ_E_NOMEM;
		add_tensor(o, t);
		p->bytes_in += t->bytes;
	}
	return SEQ_OK;
}
