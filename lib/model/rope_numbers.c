/* SPDX-License-Identifier: MIT */
/* Rope and window numbers that follow from others; checks between numbers. */
#include <math.h>

#include "base/fail.h"
#include "model/arch/arch.h"

static bool same_everywhere(const seq_model *m, const char *key)
{
	for (int64_t i = 0; i < m->layers; i++)
		if (seqp_number_has(m, i, key) && !seqp_number_has(m, -1, key))
			return false;
	return true;
}

static int rope_dim(seq_model *m, int64_t layer, seq_error *err)
{
	double d = seqp_model_number(m, layer, "attn.head_dim", 0);
	double r = seqp_number_has(m, layer, "rope.dim") ? seqp_model_number(m, layer, "rope.dim", 0)
							  : floor(d * seqp_model_number(m, layer, "rope.part", 1));
	if (r > d || fmod(r, 2) != 0)
		return seqp_fail(err, SEQ_E_FORMAT, "rope over %g of %g dimensions", r, d);
	return seqp_number_set(m, layer, "rope.dim", r, err);
}

static int scaling(seq_model *m, seq_error *err)
{
	int type = (int)seqp_model_number(m, -1, "rope.scaling", 0);
	double factor = seqp_model_number(m, -1, "rope.factor", 0);
	double max = seqp_model_number(m, -1, "rope.max", 0), orig = seqp_model_number(m, -1, "rope.orig", 0);
	if (!factor && (type == 3 || type == 5) && orig > 0 && max > 0)
		factor = max / orig;
	if (type == 1 && !factor && m->src.format == SEQP_FROM_GGUF) /* there, a missing factor is 1 */
		factor = 1;
	if (type && !factor)
		return seqp_fail(err, SEQ_E_FORMAT, "rope scaling without a factor");
	if (type >= 2 && !(type == 2 ? max > 0 : orig > 0))
		return seqp_fail(err, SEQ_E_FORMAT, "rope scaling without the length it was trained for");
	if (type == 4 && !(seqp_model_number(m, -1, "rope.high", 4) > seqp_model_number(m, -1, "rope.low", 1)))
		return seqp_fail(err, SEQ_E_FORMAT, "rope scaling: high_freq_factor is not above low_freq_factor");
	/* llama.cpp multiplies its own formula by this key. */
	double af = seqp_model_number(m, -1, "rope.attn_factor", 0);
	if (type == 3 && af > 0 && m->src.format == SEQP_FROM_GGUF)
		af *= factor > 1 ? 0.1 * log(factor) + 1 : 1;
	int e = factor ? seqp_number_set(m, -1, "rope.factor", factor, err) : SEQ_OK;
	return e < 0 ? e : seqp_number_set(m, -1, "rope.attn_factor", af, err);
}

static int heads_fit(const seq_model *m, int64_t layer, seq_error *err)
{
	double h = seqp_model_number(m, layer, "attn.heads", 1), k = seqp_model_number(m, layer, "attn.kv_heads", 1);
	return k == 0 || fmod(h, k) == 0 ? SEQ_OK : seqp_fail(err, SEQ_E_FORMAT, "%g query heads, %g key heads", h, k);
}

int seqp_attn_numbers(seq_model *m, seq_error *err)
{
	bool same = same_everywhere(m, "attn.heads") && same_everywhere(m, "attn.head_dim") && same_everywhere(m, "rope.theta");
	int e = SEQ_OK;
	for (int64_t i = same ? -1 : 0; e >= 0 && i < (same ? 0 : m->layers); i++)
		if (seqp_number_has(m, i, "attn.heads") && (e = heads_fit(m, i, err)) >= 0 && seqp_number_has(m, i, "rope.theta"))
			e = rope_dim(m, i, err);
	return e < 0 || !seqp_number_has(m, m->layers ? 0 : -1, "rope.theta") ? e : scaling(m, err);
}

int64_t seqp_window_size(const seq_model *m)
{
	return seqp_model_number(m, -1, "window.use", 1) != 0 ? (int64_t)seqp_model_number(m, -1, "window.size", 0) : 0;
}

int seqp_windows(seq_model *m, int64_t window, bool (*rule)(const seq_model *m, int64_t layer), seq_error *err)
{
	seqp_raw types = seqp_store_get(&m->src, m->src.format == SEQP_FROM_HF ? "layer_types" : NULL);
	if (types.kind == SEQP_LIST && types.count < (size_t)m->layers)
		return seqp_fail(err, SEQ_E_FORMAT, "layer_types: %zu words for %lld layers", types.count,
				 (long long)m->layers);
	int e = SEQ_OK;
	for (int64_t i = 0; i < m->layers && e >= 0; i++) {
		seqp_slice word = seqp_raw_word(&types, (size_t)i);
		bool slides = word.p ? seqp_slice_is(word, "sliding_attention") : !rule || rule(m, i);
		e = seqp_number_set(m, i, "attn.window", slides ? (double)window : 0, err);
	}
	return e;
}

int seqp_local_rope(seq_model *m, seq_error *err)
{
	seqp_raw type = seqp_store_get(&m->src, "rope_parameters.sliding_attention.rope_type");
	if (type.kind == SEQP_STRING && !seqp_slice_is(type.text, "default"))
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "rope scaling in layers with a window");
	double local = seqp_model_number(m, -1, "rope.theta_local", NAN);
	int e = SEQ_OK;
	for (int64_t i = 0; i < m->layers && e >= 0; i++) {
		if (seqp_model_number(m, i, "attn.window", 0) == 0)
			continue;
		if (!isnan(local))
			e = seqp_number_set(m, i, "rope.theta", local, err);
		if (e >= 0)
			e = seqp_number_set(m, i, "rope.scaling", 0, err);
	}
	return e;
}
