/* SPDX-License-Identifier: MIT */
#include "model/arch/hybrid.h"

#include <math.h>
#include <stdio.h>

const seqp_word seqp_layer_words[] = {
	{"linear_attention", 0}, {"mamba", 0}, {"mamba2", 0}, {"conv", 0}, {"recurrent", 0}, {"full_attention", 1},
	{"attention", 1}, {0}
};

const seqp_word seqp_auto_word[] = {{"auto", NAN}, {0}};

const seqp_number seqp_kit_ssd[] = {
	{"ssm.expand", NULL, "mamba_expand", 1, 64, SEQP_INT | SEQP_DFLT, 2, NULL, NULL},
	{"ssm.heads", "%.ssm.time_step_rank", "mamba_n_heads", 1, 1 << 20, SEQP_INT | SEQP_DFLT, 128, NULL, NULL},
	{"ssm.inner", "%.ssm.inner_size", NULL, 1, 1 << 22, SEQP_INT | SEQP_NEED, 0, "ssm.expand*width", NULL},
	{"ssm.head_dim", NULL, "mamba_d_head", 1, 1 << 20, SEQP_INT, 0, "ssm.inner/ssm.heads", seqp_auto_word},
	{"ssm.state", "%.ssm.state_size", "mamba_d_state", 1, 65536, SEQP_INT | SEQP_DFLT, 256, NULL, NULL},
	{"ssm.groups", "%.ssm.group_count", "mamba_n_groups", 1, 65536, SEQP_INT | SEQP_DFLT, 1, NULL, NULL},
	{"ssm.conv", "%.ssm.conv_kernel", "mamba_d_conv", 1, 64, SEQP_INT | SEQP_DFLT, 4, NULL, NULL},
	{"ssm.norm_eps", "%.attention.layer_norm_rms_epsilon", "rms_norm_eps", 0, 1, SEQP_DFLT, 1e-5, NULL, NULL},
	{"ssm.dt_min", NULL, "time_step_limit.0", 0, 1e9, SEQP_DFLT, 0, NULL, NULL},
	{"ssm.dt_max", NULL, "time_step_limit.1", 0, INFINITY, SEQP_DFLT, INFINITY, NULL, NULL},
	{0}
};

const seqp_number seqp_kit_kv_by_layer[] = {
	{"attn.heads", "%.attention.head_count", "num_attention_heads", 1, 65536, SEQP_INT | SEQP_NEED, 0, NULL, NULL},
	{"attn.kv_heads", "%.attention.head_count_kv", "num_key_value_heads", 0, 65536, SEQP_INT, 0, "attn.heads", NULL},
	{0}
};

int seqp_ssd_fit(seq_model *m, seq_error *err)
{
	int64_t inner = (int64_t)seqp_model_number(m, -1, "ssm.inner", 0), heads = (int64_t)seqp_model_number(m, -1, "ssm.heads", 1);
	int64_t dim = (int64_t)seqp_model_number(m, -1, "ssm.head_dim", 0), groups = (int64_t)seqp_model_number(m, -1, "ssm.groups", 1);
	if (heads < 1 || groups < 1 || inner % heads || heads % groups)
		return seqp_fail(err, SEQ_E_FORMAT, "%s: ssm.inner %lld, ssm.heads %lld and ssm.groups %lld do not fit", m->arch->name,
				 (long long)inner, (long long)heads, (long long)groups);
	if (dim * heads != inner)
		return seqp_fail(err, SEQ_E_FORMAT, "%s: ssm.heads %lld of ssm.head_dim %lld are not ssm.inner %lld", m->arch->name,
				 (long long)heads, (long long)dim, (long long)inner);
	return SEQ_OK;
}

int seqp_only_in(seq_model *m, const char *key, unsigned types, seq_error *err)
{
	int e = SEQ_OK;
	for (int64_t i = 0; i < m->layers && e >= 0; i++) {
		unsigned type = (unsigned)seqp_model_number(m, i, "type", 0);
		e = seqp_number_set(m, i, key, types >> type & 1 ? seqp_model_number(m, i, key, 0) : 0, err);
	}
	return e < 0 ? e : seqp_number_set(m, -1, key, NAN, err);
}

int seqp_type_listed(seq_model *m, const char *keys, int on, seq_error *err)
{
	seqp_raw r = seqp_store_get(&m->src, keys);
	double *x = seqp_arena_alloc(&m->arena, r.count + 1, sizeof *x);
	if (!x)
		return seqp_nomem(err, r.count * sizeof *x);
	if (seqp_raw_numbers(&r, x, r.count) < r.count)
		return seqp_fail(err, SEQ_E_FORMAT, "%s: its list holds more than numbers", keys);
	int e = SEQ_OK;
	for (size_t i = 0; i < r.count && e >= 0; i++)
		e = x[i] >= 0 && x[i] < (double)m->layers && x[i] == floor(x[i])
			    ? seqp_number_set(m, (int64_t)x[i], "type", on, err)
			    : seqp_fail(err, SEQ_E_FORMAT, "%s names layer %g of %lld", keys, x[i], (long long)m->layers);
	return e;
}

bool seqp_in_period(const seq_model *m, const char *period, const char *offset, int64_t layer)
{
	int64_t p = (int64_t)seqp_model_number(m, -1, period, 0);
	return p > 0 && layer % p == (int64_t)seqp_model_number(m, -1, offset, 0);
}

int seqp_type_by_kv(seq_model *m, int on, seq_error *err)
{
	int e = SEQ_OK;
	for (int64_t i = 0; i < m->layers && e >= 0; i++)
		if (seqp_model_number(m, i, "attn.kv_heads", 0) > 0)
			e = seqp_number_set(m, i, "type", on, err);
	return e;
}

int seqp_types_by_tensors(seq_model *m, int attn, int experts, seq_error *err)
{
	char name[64];
	int e = SEQ_OK;
	for (int64_t i = 0; i < m->layers && e >= 0; i++) {
		snprintf(name, sizeof name, "blk.%lld.ffn_gate_inp.weight", (long long)i);
		e = seqp_number_set(m, i, "type", (seqp_model_number(m, i, "attn.kv_heads", 0) > 0 ? attn : 0) +
				    (seqp_store_tensor(&m->src, name, NULL) ? experts : 0), err);
	}
	return e;
}
