/* SPDX-License-Identifier: MIT */
/* Models without a configuration: rwkv.cpp's files, or safetensors bytes; a net out of them. */
#include <stdlib.h>

#include "model/build.h"
#include "model/rwkv_file.h"
#include "seq/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int open_store(seqp_store *s, const uint8_t *data, size_t size)
{
	seqp_tensor_list list = {0};
	if (seqp_rwkv_is(data, size))
		return seqp_store_rwkv(s, data, size, NULL);
	int e = seqp_safetensors_read(&list, &s->arena, data, size, NULL);
	if (e >= 0)
		e = seqp_store_tensors(s, &list, NULL);
	free(list.t);
	return e < 0 ? e : seqp_store_unconfigured(s, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	seq_model *m = calloc(1, sizeof *m);
	seq_net *net = NULL;
	seq_net_opts o = {.threads = 1, .chunk = 4};
	if (!m)
		return 0;
	m->path = "";
	if (open_store(&m->src, data, size) >= 0 && seqp_model_build(m, NULL) >= 0) {
		free(seq_model_describe(m));
		if (seq_net_open(&net, m, &o, NULL) < 0)
			net = NULL;
	}
	seq_net_free(net);
	seq_model_free(m);
	return 0;
}
