/* SPDX-License-Identifier: MIT */
/* Hugging Face: config.json and safetensors. */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "model/config.h"
#include "model/store.h"

/* Models of several kinds of input keep their text part in an object of its own. */
static int find_text(seqp_store *s, seq_error *err)
{
	const json_t *text = json_object_get(s->json, "text_config");
	s->config = json_is_object(text) ? text : s->json;
	const char *type = json_string_value(json_object_get(s->config, "model_type"));
	if (!type)
		type = json_string_value(json_object_get(s->json, "model_type"));
	if (!type || !*type || strlen(type) > 64)
		return seqp_fail(err, SEQ_E_FORMAT, "config.json: model_type is missing");
	s->arch = type;
	const json_t *q = json_object_get(s->json, "quantization_config");
	if (q && !json_is_null(q))
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "config.json: weights with quantization_config are not read");
	return SEQ_OK;
}

int seqp_store_config(seqp_store *s, const void *config, size_t size, seq_error *err)
{
	s->format = SEQP_FROM_HF;
	int e = seqp_config_parse(&s->json, config, size, err);
	return e < 0 ? seqp_fail_at(err, e, "config.json") : find_text(s, err);
}

int seqp_store_tensors(seqp_store *s, const seqp_tensor_list *list, seq_error *err)
{
	s->tensor = seqp_arena_alloc(&s->arena, list->n, sizeof *s->tensor);
	seqp_name *names = seqp_arena_alloc(&s->arena, list->n, sizeof *names);
	if (!s->tensor || !names)
		return seqp_nomem(err, list->n * sizeof *s->tensor);
	for (size_t i = 0; i < list->n; i++) {
		s->tensor[i] = list->t[i];
		names[i] = (seqp_name){list->t[i].name, i};
	}
	s->tensors = list->n;
	const char *twice = seqp_index_sort(&s->index, names, list->n);
	return twice ? seqp_fail(err, SEQ_E_FORMAT, "tensor %.150s occurs twice", twice) : SEQ_OK;
}

int seqp_store_hf(seqp_store *s, const void *config, size_t config_size, const void *tensors, size_t size,
		  seq_error *err)
{
	seqp_tensor_list list = {0};
	int e = seqp_store_config(s, config, config_size, err);
	if (e >= 0)
		e = seqp_safetensors_read(&list, &s->arena, tensors, size, err);
	if (e >= 0)
		e = seqp_store_tensors(s, &list, err);
	free(list.t);
	return e;
}
