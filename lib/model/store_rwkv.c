/* SPDX-License-Identifier: MIT */
/* RWKV under its authors' names ("emb.weight", "blocks.0.att.key.weight"), exported to safetensors or converted for
 * rwkv.cpp: no configuration comes with it.  The version and the sizes that tables ask for are written into one here. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "model/rwkv_file.h"
#include "model/store.h"

enum { MAX_LAYERS = 10000 };

#define ATT "blocks.0.att."

static bool has(const seqp_store *s, const char *name)
{
	return seqp_store_tensor(s, name, NULL) != NULL;
}

static int64_t count_layers(const seqp_store *s)
{
	char name[64];
	int64_t n = 0;
	do
		snprintf(name, sizeof name, "blocks.%lld.ln1.weight", (long long)n);
	while (has(s, name) && ++n <= MAX_LAYERS);
	return n;
}

static int version(const seqp_store *s)
{
	return has(s, ATT "r_k") ? 7 : has(s, ATT "time_maa_x") ? 6 : has(s, ATT "ln_x.weight") ? 5 : 4;
}

/* Heads are what one array counts: r_k and time_faaaa are [heads][size], time_decay of 5.1 is one number a head. */
static int64_t count_heads(const seqp_store *s, int v)
{
	const seq_tensor *t = seqp_store_tensor(s, v == 7 ? ATT "r_k" : has(s, ATT "time_faaaa") ? ATT "time_faaaa" : ATT "time_decay", NULL);
	return t && t->rank ? t->dim[0] : 0;
}

static int write_config(seqp_store *s, int64_t width, int64_t layers, seq_error *err)
{
	static const char *const arch[] = {"rwkv4-pth", "rwkv5-pth", "rwkv6-pth", "rwkv7-pth"};
	int v = version(s);
	int64_t heads = v == 4 ? 1 : count_heads(s, v);
	if (heads < 1 || width % heads)
		return seqp_fail(err, SEQ_E_FORMAT, "RWKV-%d: %lld heads do not divide a width of %lld", v, (long long)heads,
		                 (long long)width);
	/* rwkv.cpp's converter has made exp(-exp(d)) of the decay, -exp(d) in version 4; and exp(u) of the bonus. */
	int each = has(s, ATT "time_faaaa"), decay = !s->transformed ? 0 : v == 4 ? 1 : 2;
	s->json = json_pack("{s:s, s:f, s:f, s:f, s:i, s:i, s:i}", "model_type", arch[v - 4], "num_hidden_layers", (double)layers,
	                    "hidden_size", (double)width, "heads", (double)heads, "bonus_each", each, "decay", decay, "bonus_exp",
	                    !s->transformed && !each);
	if (!s->json)
		return seqp_nomem(err, 256);
	s->config = s->json;
	s->arch = arch[v - 4];
	return SEQ_OK;
}

int seqp_store_unconfigured(seqp_store *s, seq_error *err)
{
	const seq_tensor *embed = seqp_store_tensor(s, "emb.weight", NULL);
	int64_t layers = count_layers(s);
	s->format = SEQP_FROM_HF;
	if (!embed || !layers)
		return seqp_fail(err, SEQ_E_FORMAT, "config.json is missing, and no tensors emb.weight, blocks.0.ln1.weight tell of RWKV");
	if (embed->rank != 2)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor emb.weight is no embedding");
	return write_config(s, embed->dim[1], layers, err);
}

/* What the header says against what is there. */
static int check_head(const seqp_store *s, const seqp_rwkv_head *head, seq_error *err)
{
	const seq_tensor *embed = seqp_store_tensor(s, "emb.weight", NULL);
	if (embed->dim[0] != head->vocab || embed->dim[1] != head->width)
		return seqp_fail(err, SEQ_E_FORMAT, "tensor emb.weight: shape [%lld %lld], expected [%lld %lld]", (long long)embed->dim[0],
		                 (long long)embed->dim[1], (long long)head->vocab, (long long)head->width);
	if (count_layers(s) != head->layers)
		return seqp_fail(err, SEQ_E_FORMAT, "rwkv.cpp: %lld layers in the header, %lld in the file", (long long)head->layers,
		                 (long long)count_layers(s));
	return SEQ_OK;
}

int seqp_store_rwkv(seqp_store *s, const void *data, size_t size, seq_error *err)
{
	seqp_tensor_list list = {0};
	seqp_rwkv_head head;
	int e = seqp_rwkv_read(&list, &s->arena, &head, data, size, err);
	if (e >= 0)
		e = seqp_store_tensors(s, &list, err);
	free(list.t);
	s->transformed = true;
	if (e >= 0)
		e = seqp_store_unconfigured(s, err);
	return e < 0 ? e : check_head(s, &head, err);
}
