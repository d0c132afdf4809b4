/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "mixer/mixer.h"

static const seqp_mixer_row *const table[] = {
	&seqp_mixer_softmax,
	&seqp_mixer_mla,
	&seqp_mixer_differential,
	&seqp_mixer_mamba,
	&seqp_mixer_mamba2,
	&seqp_mixer_shortconv,
	&seqp_mixer_keys,
	&seqp_mixer_forgetting,
	&seqp_mixer_path,
	&seqp_mixer_mom,
	&seqp_mixer_rglru,
	&seqp_mixer_delta,
	&seqp_mixer_gated_delta,
	&seqp_mixer_kda,
	&seqp_mixer_rwkv4,
	&seqp_mixer_rwkv5,
	&seqp_mixer_rwkv6,
	&seqp_mixer_rwkv7,
	&seqp_mixer_rwkv_ffn,
	&seqp_mixer_mlstm,
	&seqp_mixer_deltaproduct,
	&seqp_mixer_comba,
	&seqp_mixer_gla,
	&seqp_mixer_simple_gla,
	&seqp_mixer_hgrn2,
	&seqp_mixer_lightnet,
	&seqp_mixer_gsa,
	&seqp_mixer_abc,
	&seqp_mixer_hgrn,
	&seqp_mixer_retention,
	&seqp_mixer_mesa,
	&seqp_mixer_linear,
};

const seqp_mixer_row *seqp_mixer_at(size_t i)
{
	return i < sizeof table / sizeof table[0] ? table[i] : NULL;
}

const seqp_mixer_row *seqp_mixer_find(const char *name)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (!strcmp(table[i]->name, name))
			return table[i];
	return NULL;
}
