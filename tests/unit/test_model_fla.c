/* SPDX-License-Identifier: MIT */
/* Configurations of flash-linear-attention without their weights: what is meant where they say nothing, or null, the
 * kinds of layers, and one sentence for each that contradicts itself. */
#include "config_box.h"

#define MODEL(name, rest) "{\"model_type\": \"" name "\"" rest "}"
#define SMALL ", \"hidden_size\": 64, \"num_hidden_layers\": 4"

/* The classes' defaults. */
static void nothing_said(void **state)
{
	(void)state;
	static const struct {
		const char *config;
		double layers, heads, head_dim, v_head_dim, ff, conv;
	} says[] = {
		{MODEL("gated_deltanet", ""), 21, 6, 256, 512, 5632, 4}, {MODEL("kda", ""), 24, 16, 128, 128, 5632, 4},
		{MODEL("delta_net", ""), 24, 16, 128, 128, 5632, 4}, {MODEL("gated_deltaproduct", ""), 21, 6, 256, 512, 5632, 4},
		{MODEL("comba", ""), 21, 6, 256, 512, 5632, 4}, {MODEL("mom", ""), 24, 4, 256, 256, 5632, 4},
		{MODEL("gla", ""), 24, 4, 256, 512, 5632, 0}, {MODEL("retnet", ""), 24, 8, 256, 512, 2816, 0},
		{MODEL("gsa", ""), 24, 4, 512, 512, 5632, 0}, {MODEL("abc", ""), 24, 4, 256, 512, 5632, 0},
		{MODEL("lightnet", ""), 24, 16, 128, 128, 5632, 0}, {MODEL("hgrn2", ""), 24, 16, 128, 128, 5632, 0},
		{MODEL("linear_attn", ""), 24, 4, 512, 512, 5632, 0}, {MODEL("mesa_net", ""), 24, 16, 128, 128, 5632, 4},
		{MODEL("path_attn", ""), 24, 32, 64, NAN, 5632, 3}, {MODEL("forgetting_transformer", ""), 24, 32, 64, NAN, 5632, NAN},
		{MODEL("yoco", ""), 21, 6, 256, 512, 5632, 4},
	};
	for (size_t i = 0; i < sizeof says / sizeof says[0]; i++) {
		seq_model *m = good(says[i].config);
		is(m, -1, "layers", says[i].layers);
		is(m, -1, "width", 2048);
		is(m, 0, "attn.heads", says[i].heads);
		is(m, 0, "attn.head_dim", says[i].head_dim);
		if (!isnan(says[i].v_head_dim))
			is(m, 0, "attn.v_head_dim", says[i].v_head_dim);
		if (!isnan(says[i].conv))
			is(m, 0, "attn.conv", says[i].conv);
		is(m, 0, "mlp.ff", says[i].ff);
		is(m, -1, "norm_eps", 1e-6);
		is(m, -1, "tied", 0);
		seq_model_free(m);
	}
}

static void full_layers(void **state)
{
	(void)state;
	seq_model *m = good(MODEL("gla", SMALL ", \"attn\": {\"layers\": [1, 3], \"num_heads\": 8, \"num_kv_heads\": 2, \"window_size\": 48,"
		"\"rope_theta\": 5000}, \"num_kv_heads\": 2, \"intermediate_size\": null"));
	types(m, "0101");
	is(m, 1, "full.heads", 8);
	is(m, 1, "full.kv_heads", 2);
	is(m, 1, "full.head_dim", 8);
	is(m, 3, "full.window", 48);
	is(m, 3, "rope.theta", 5000);
	is(m, 0, "attn.k.heads", 2);
	is(m, 0, "attn.g.heads", 2);
	is(m, 0, "attn.head_dim", 8);
	is(m, 0, "attn.g.factor", 1.0 / 16);
	seq_model_free(m);
	m = good(MODEL("retnet", SMALL ", \"attn\": {\"layers\": [0], \"num_heads\": 4, \"rope_theta\": 5000}"));
	types(m, "1000");
	is(m, 0, "rope.theta", 5000);
	is(m, 1, "rope.theta", 1e4);
	is(m, -1, "rope.dim", 0);
	seq_model_free(m);
}

static void lists_of_sets(void **state)
{
	(void)state;
	seq_model *m = good(MODEL("gla", SMALL ", \"attn\": [{\"layers\": [2], \"num_heads\": 8, \"num_kv_heads\": null, \"window_size\": null, \"rope_theta\": 5000,"
		"\"qk_norm\": false}]"));
	types(m, "0010");
	is(m, 2, "full.heads", 8);
	is(m, 2, "full.kv_heads", 8);
	is(m, 2, "full.window", 0);
	seq_model_free(m);
	bad(MODEL("gla", SMALL ", \"attn\": [{\"layers\": [2], \"num_heads\": 8}, {\"layers\": [1], \"num_heads\": 4}]"), "attn");
}

static void cross_layers(void **state)
{
	(void)state;
	seq_model *m = good(MODEL("yoco", SMALL ", \"num_self_decoder_layers\": 2, \"self_decoder_attn\": {\"type\": \"gated_retention\","
		"\"num_heads\": 4}, \"cross_decoder_attn\": {\"num_heads\": 8, \"num_kv_heads\": 4, \"rope_theta\": 500}"));
	types(m, "3312");
	is(m, 2, "cross.kv_from", 2);
	is(m, 3, "cross.kv_from", 2);
	is(m, 3, "names.layer", 1);
	is(m, 0, "ret.head_dim", 16);
	is(m, 0, "rope.theta", 1e4);
	is(m, 3, "rope.theta", 500);
	is(m, -1, "embed_scale", 8);
	seq_model_free(m);
}

static void switches(void **state)
{
	(void)state;
	seq_model *m = good(MODEL("kda", SMALL ", \"num_heads\": 2, \"num_v_heads\": 4, \"lower_bound\": -5.0, \"allow_neg_eigval\": true"));
	is(m, 0, "attn.heads", 4);
	is(m, 0, "attn.q.heads", 2);
	is(m, 0, "attn.g.map", 7);
	is(m, 0, "attn.g.factor", -5);
	is(m, 0, "attn.beta.factor", 2);
	seq_model_free(m);
	m = good(MODEL("delta_net", SMALL ", \"qk_norm\": \"sum\", \"qk_activation\": \"elu\", \"num_heads\": 4, \"use_short_conv\": false"));
	is(m, 0, "attn.qk_norm", 2);
	is(m, 0, "attn.qk_norm.eps", 0);
	is(m, 0, "attn.q.map", 3);
	is(m, 0, "attn.conv", 0);
	seq_model_free(m);
	m = good(MODEL("linear_attn", SMALL ", \"feature_map\": \"hedgehog\", \"norm_q\": true, \"norm_feature_map\": true"));
	is(m, 0, "attn.feature_in", 16);
	is(m, 0, "attn.head_dim", 32);
	is(m, 0, "attn.q.norm", 2);
	is(m, 0, "attn.k.norm", 0);
	is(m, 0, "attn.normalise", 1);
	seq_model_free(m);
	m = good(MODEL("lightnet", SMALL ", \"expand_ratio\": null, \"num_heads\": 2"));
	is(m, 0, "attn.heads", 2);
	is(m, 0, "attn.head_dim", 32);
	seq_model_free(m);
	m = good(MODEL("hgrn", SMALL ", \"expand_ratio\": 2, \"use_lower_bound\": false"));
	is(m, 0, "attn.inner", 128);
	is(m, 0, "attn.use_lower", 0);
	seq_model_free(m);
}

static void contradictions(void **state)
{
	(void)state;
	bad(MODEL("gla", SMALL ", \"attn\": {\"layers\": [4], \"num_heads\": 4}"), "attn.layers");
	bad(MODEL("gla", SMALL ", \"attn\": {\"layers\": [0.5], \"num_heads\": 4}"), "attn.layers");
	bad(MODEL("gla", SMALL ", \"attn\": {\"layers\": [\"x\"], \"num_heads\": 4}"), "attn.layers");
	bad(MODEL("gla", SMALL ", \"attn\": {\"layers\": [1]}"), "attn.num_heads");
	bad(MODEL("gla", SMALL ", \"num_heads\": 5"), "attn.expand_k");
	bad(MODEL("gla", SMALL ", \"feature_map\": \"taylor\""), "attn.q.map");
	bad(MODEL("gla", SMALL ", \"use_gv\": true"), "use_gv");
	bad(MODEL("gla", SMALL ", \"elementwise_affine\": false"), "attn.affine");
	bad(MODEL("gated_deltanet", SMALL ", \"expand_v\": 0"), "attn.expand_v");
	bad(MODEL("gated_deltanet", SMALL ", \"attnres_block_size\": 2"), "attnres_block_size");
	bad(MODEL("gated_deltanet", SMALL ", \"output_gate_activation\": \"tanh\""), "attn.gate.map");
	bad(MODEL("kda", SMALL ", \"safe_gate\": true"), "lower_bound");
	bad(MODEL("delta_net", SMALL ", \"use_beta\": false"), "attn.use_beta");
	bad(MODEL("lightnet", SMALL ", \"expand_ratio\": null"), "num_heads");
	bad(MODEL("path_attn", SMALL ", \"use_forget_gate\": true"), "use_forget_gate");
	bad(MODEL("yoco", SMALL ", \"num_self_decoder_layers\": 4"), "num_self_decoder_layers");
	bad(MODEL("yoco", SMALL ", \"num_self_decoder_layers\": 2, \"cross_decoder_attn\": {\"rope_inv_freq\": \"yoco\"}"), "yoco.cross_freq");
	bad(MODEL("mom", SMALL ", \"num_memories\": 65"), "attn.experts");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said), cmocka_unit_test(full_layers), cmocka_unit_test(lists_of_sets), cmocka_unit_test(cross_layers), cmocka_unit_test(switches),
		cmocka_unit_test(contradictions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
